// One entry of a conversation as the wire writes it.
//
// pure. Only the kinds that this server takes part in; the others are refused by decode().
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace antiphon::protocol {

enum class Role { system, user, assistant };
enum class ContentKind { input_text, input_audio, output_text, output_audio };
enum class ItemStatus { in_progress, completed, incomplete };

struct Content {
    ContentKind kind = ContentKind::input_text;
    std::optional<std::string> text;  ///< the field "text", or "transcript" of audio; none: null
};

/// A conversation item of type "message".
struct Item {
    std::string id;  ///< empty in a request: the server makes one
    Role role = Role::user;
    ItemStatus status = ItemStatus::completed;
    std::vector<Content> content;
};

}  // namespace antiphon::protocol
