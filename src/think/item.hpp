// One entry of a conversation: what somebody said or wrote, or what the assistant answered.
//
// pure. The shape follows the Realtime API's conversation items, so that nothing is lost on the wire.
#pragma once

#include "audio/pcm.hpp"
#include "engine/language_model.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::think {

enum class ContentKind { input_text, input_audio, output_text, output_audio };

struct Content {
    ContentKind kind = ContentKind::input_text;
    /// The text, or what was said. None: sound whose words are not known yet.
    std::optional<std::string> text;
    /// Sound that a client sent inside an item and whose words are wanted; null: none, or recognized since.
    std::shared_ptr<const audio::Pcm> sound{};
};

/// `reference` stands only in the input of a response: the item of the conversation with this id.
enum class ItemKind { message, function_call, function_call_output, reference };

enum class ItemStatus { in_progress, completed, incomplete };

struct Item {
    std::string id;
    ItemKind kind = ItemKind::message;
    engine::Role role = engine::Role::user;  ///< of a message
    ItemStatus status = ItemStatus::completed;
    std::vector<Content> content{};          ///< of a message
    engine::ToolCall call{};                 ///< of a function_call; of an output: only its id
    std::string output{};                    ///< of a function_call_output
};

/// The item's words in order, separated by spaces; empty when none are known.
std::string words_of(const Item& item);

}  // namespace antiphon::think
