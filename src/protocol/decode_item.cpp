#include "protocol/decode_parts.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxIdLength = 64;

Content decode_text(const Fields& fields, ContentKind kind) {
    fields.require("text");
    return {kind, fields.text("text")};
}

/// Sound in an item is taken by its transcript: the words are what the conversation goes on with.
Content decode_sound(const Fields& fields, ContentKind kind) {
    const bool has_words = fields.has("transcript") && !fields.is_null("transcript");
    if (!has_words)
        fields.unsupported("transcript",
                           "an audio part needs its transcript here; to have sound recognized, append it to the "
                           "input audio buffer");
    return {kind, has_words ? fields.text("transcript") : std::nullopt};
}

Content decode_content(const Fields& fields, Role role) {
    fields.require("type");
    const auto type = fields.text("type");
    if (!type) return {};
    const bool assistant = role == Role::assistant;
    if (!assistant && *type == "input_text") return decode_text(fields, ContentKind::input_text);
    if (role == Role::user && *type == "input_audio") return decode_sound(fields, ContentKind::input_audio);
    if (assistant && *type == "output_text") return decode_text(fields, ContentKind::output_text);
    if (assistant && *type == "output_audio") return decode_sound(fields, ContentKind::output_audio);
    if (role == Role::user && *type == "input_image") {
        fields.unsupported("type", "images are not supported");
        return {};
    }
    if (assistant) fields.word("type", {"output_text", "output_audio"});
    else if (role == Role::user) fields.word("type", {"input_text", "input_audio"});
    else fields.word("type", {"input_text"});
    return {};
}

std::vector<Content> decode_contents(const Fields& fields, Role role) {
    std::vector<Content> contents;
    fields.require("content");
    const auto* parts = fields.array("content");
    if (parts == nullptr) return contents;
    if (parts->empty()) fields.fail("content", "invalid_value", "must have at least one part");
    for (std::size_t i = 0; i < parts->size() && !fields.fault(); ++i) {
        const std::string name = "content[" + std::to_string(i) + "]";
        if (const auto* part = (*parts)[i].if_object())
            contents.push_back(decode_content({*part, fields.path(name), fields.fault()}, role));
        else
            fields.fail(name, "invalid_type", "must be an object");
    }
    return contents;
}

}  // namespace

Item decode_item(const Fields& fields) {
    Item item;
    fields.require("type");
    const auto type = fields.text("type");
    if (type && *type != "message") {
        for (const auto* known : {"function_call", "function_call_output", "mcp_approval_response", "item_reference"})
            if (*type == known) fields.unsupported("type", "items of type " + *type + " are not supported yet");
        fields.word("type", {"message"});
    }
    if (!fields.is_null("id")) item.id = fields.text("id").value_or("");
    if (item.id.size() > kMaxIdLength) fields.fail("id", "invalid_value", "must have at most 64 characters");
    if (item.id == "root") fields.fail("id", "invalid_value", "must not be 'root', which names the start");

    fields.require("role");
    const auto role = fields.word("role", {"system", "user", "assistant"});
    if (role == "system") item.role = Role::system;
    if (role == "assistant") item.role = Role::assistant;
    if (!fields.fault()) item.content = decode_contents(fields, item.role);
    return item;
}

}  // namespace antiphon::protocol
