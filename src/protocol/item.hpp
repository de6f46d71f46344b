// One entry of a conversation as the wire writes it.
//
// pure. Only the kinds that this server takes part in; the others are refused by decode().
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::protocol {

enum class ItemKind { message, function_call, function_call_output, reference };
enum class Role { system, user, assistant };
enum class ContentKind { input_text, input_audio, output_text, output_audio };
enum class ItemStatus { in_progress, completed, incomplete };

struct Content {
    ContentKind kind = ContentKind::input_text;
    std::optional<std::string> text;  ///< the field "text", or "transcript" of audio; none: null
    /// Of an input_audio part without transcript that a client sent: bytes in the session's input format.
    std::optional<std::vector<std::uint8_t>> audio{};
};

struct Item {
    std::string id;  ///< empty in a request: the server makes one
    Role role = Role::user;  ///< of a message
    ItemStatus status = ItemStatus::completed;
    std::vector<Content> content;  ///< of a message
    ItemKind kind = ItemKind::message;
    std::string call_id{};    ///< of a function call and of its output
    std::string name{};       ///< of a function call
    std::string arguments{};  ///< of a function call: a JSON object in text
    std::string output{};     ///< of a function call's output
};

}  // namespace antiphon::protocol
