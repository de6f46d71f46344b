#include "protocol/decode_parts.hpp"

#include "base/base64.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxIdLength = 64;
constexpr std::size_t kMaxArgumentsDepth = 32;

Content decode_text(const Fields& fields, ContentKind kind) {
    fields.require("text");
    return {kind, fields.text("text")};
}

bool given(const Fields& fields, std::string_view key) { return fields.has(key) && !fields.is_null(key); }

/// Where the words are given they are what the conversation goes on with, and the sound is passed over.
Content decode_input_audio(const Fields& fields) {
    if (given(fields, "transcript")) {
        if (given(fields, "audio")) fields.text("audio");
        return {ContentKind::input_audio, fields.text("transcript")};
    }
    Content content{ContentKind::input_audio, std::nullopt};
    if (!given(fields, "audio")) {
        fields.fail("audio", "missing_required_parameter", "or the transcript must be there");
        return content;
    }
    const auto* encoded = fields.find("audio")->if_string();
    if (encoded == nullptr) {
        fields.fail("audio", "invalid_type", "must be a string");
        return content;
    }
    auto bytes = base::base64_decode({encoded->data(), encoded->size()});
    if (!bytes) fields.fail("audio", "invalid_value", "is not base64");
    else if (bytes->empty()) fields.fail("audio", "invalid_value", "must not be empty");
    else content.audio = std::move(*bytes);
    return content;
}

Content decode_output_audio(const Fields& fields) {
    if (!given(fields, "transcript"))
        fields.unsupported("transcript", "an answer's sound needs its transcript here; it is not recognized");
    return {ContentKind::output_audio, given(fields, "transcript") ? fields.text("transcript") : std::nullopt};
}

Content decode_content(const Fields& fields, Role role) {
    fields.require("type");
    const auto type = fields.text("type");
    if (!type) return {};
    const bool assistant = role == Role::assistant;
    if (!assistant && *type == "input_text") return decode_text(fields, ContentKind::input_text);
    if (role == Role::user && *type == "input_audio") return decode_input_audio(fields);
    // The shorter names are the beta dialect's.
    if (assistant && (*type == "output_text" || *type == "text")) return decode_text(fields, ContentKind::output_text);
    if (assistant && (*type == "output_audio" || *type == "audio")) return decode_output_audio(fields);
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

void decode_message(const Fields& fields, Item& item) {
    fields.require("role");
    const auto role = fields.word("role", {"system", "user", "assistant"});
    if (role == "system") item.role = Role::system;
    if (role == "assistant") item.role = Role::assistant;
    if (!fields.fault()) item.content = decode_contents(fields, item.role);
}

std::string decode_id(const Fields& fields, std::string_view key) {
    std::string id;
    if (!fields.is_null(key)) id = fields.text(key).value_or("");
    if (id.size() > kMaxIdLength) fields.fail(key, "invalid_value", "must have at most 64 characters");
    return id;
}

void decode_call(const Fields& fields, Item& item) {
    item.call_id = decode_id(fields, "call_id");
    item.name = fields.required_text("name");
    fields.require("arguments");
    item.arguments = fields.text("arguments").value_or("");
    if (fields.fault()) return;
    json::parse_options options;
    options.max_depth = kMaxArgumentsDepth;
    boost::system::error_code malformed;
    const json::value arguments = json::parse(item.arguments, malformed, {}, options);
    if (malformed || !arguments.is_object()) fields.fail("arguments", "invalid_value", "must be a JSON object in text");
}

void decode_output(const Fields& fields, Item& item) {
    item.call_id = fields.required_text("call_id");
    decode_id(fields, "call_id");
    fields.require("output");
    item.output = fields.text("output").value_or("");
}

}  // namespace

Item decode_item(const Fields& fields, bool may_refer) {
    Item item;
    fields.require("type");
    const auto type = fields.text("type");
    if (type && type->starts_with("mcp_"))
        fields.unsupported("type", "there are no items of type " + quoted(*type) + ": MCP servers are not called from here");
    else if (type && may_refer)
        fields.word("type", {"message", "function_call", "function_call_output", "item_reference"});
    else if (type)
        fields.word("type", {"message", "function_call", "function_call_output"});
    if (fields.fault()) return item;

    item.id = decode_id(fields, "id");
    if (item.id == "root") fields.fail("id", "invalid_value", "must not be 'root', which names the start");
    if (fields.has("status") && !fields.is_null("status")) fields.word("status", {"completed", "incomplete", "in_progress"});
    if (*type == "message") {
        decode_message(fields, item);
    } else if (*type == "function_call") {
        item.kind = ItemKind::function_call;
        decode_call(fields, item);
    } else if (*type == "function_call_output") {
        item.kind = ItemKind::function_call_output;
        decode_output(fields, item);
    } else {
        item.kind = ItemKind::reference;
        item.id = fields.required_text("id");
    }
    return item;
}

}  // namespace antiphon::protocol
