// One entry of a conversation: what somebody said or wrote, or what the assistant answered.
//
// pure. The shape follows the Realtime API's conversation items, so that nothing is lost on the wire.
#pragma once

#include "engine/language_model.hpp"

#include <optional>
#include <string>
#include <vector>

namespace antiphon::think {

enum class ContentKind { input_text, input_audio, output_text, output_audio };

struct Content {
    ContentKind kind = ContentKind::input_text;
    /// The text, or what was said. None: sound whose words are not known yet.
    std::optional<std::string> text;
};

enum class ItemStatus { in_progress, completed, incomplete };

struct Item {
    std::string id;
    engine::Role role = engine::Role::user;
    ItemStatus status = ItemStatus::completed;
    std::vector<Content> content;
};

/// The item's words in order, separated by spaces; empty when none are known.
std::string words_of(const Item& item);

}  // namespace antiphon::think
