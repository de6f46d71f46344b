#include "protocol/decode_parts.hpp"

#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxPairs = 16;
constexpr std::size_t kMaxKey = 64;
constexpr std::size_t kMaxValue = 512;
constexpr std::size_t kMaxInput = 1024;

std::string decode_metadata(const Fields& fields) {
    if (fields.is_null("metadata")) return {};
    const auto* metadata = fields.object("metadata");
    if (metadata == nullptr) return {};
    if (metadata->size() > kMaxPairs) fields.fail("metadata", "invalid_value", "must have at most 16 pairs");
    for (const auto& pair : *metadata) {
        const std::string_view key = pair.key();
        if (!pair.value().is_string())
            fields.fail("metadata", "invalid_type", "must have strings as values");
        else if (key.size() > kMaxKey || pair.value().get_string().size() > kMaxValue)
            fields.fail("metadata", "invalid_value", "must have keys of at most 64 and values of at most 512 characters");
    }
    return json::serialize(*metadata);
}

std::vector<Item> decode_input_items(const Fields& fields, const json::array& given) {
    std::vector<Item> items;
    if (given.size() > kMaxInput) fields.fail("input", "invalid_value", "must have at most 1024 items");
    for (std::size_t i = 0; i < given.size() && !fields.fault(); ++i) {
        const std::string name = "input[" + std::to_string(i) + "]";
        if (const auto* item = given[i].if_object())
            items.push_back(decode_item({*item, fields.path(name), fields.fault()}));
        else
            fields.fail(name, "invalid_type", "must be an object");
    }
    return items;
}

void decode_output(const Fields& fields) {
    decode_format(fields);
    if (fields.has("voice") && !fields.is_null("voice"))
        fields.unsupported("voice", "a voice for one response is not supported; set it in the session");
    fields.allow_only({"format", "voice"});
}

void decode_audio(const Fields& fields) {
    if (const auto* output = fields.object("output")) decode_output({*output, fields.path("output"), fields.fault()});
    fields.allow_only({"output"});
}

}  // namespace

CreateResponse decode_response(const Fields& fields) {
    CreateResponse response;
    if (!fields.is_null("instructions")) response.instructions = fields.text("instructions");
    response.speaks = decode_modalities(fields);
    response.max_output_tokens = decode_max_output_tokens(fields);
    response.metadata = decode_metadata(fields);
    const auto conversation = fields.word("conversation", {"auto", "none"});
    response.in_conversation = conversation != "none";
    refuse_tools(fields);
    if (const auto* input = fields.array("input")) response.input = decode_input_items(fields, *input);
    if (const auto* audio = fields.object("audio")) decode_audio({*audio, fields.path("audio"), fields.fault()});
    fields.allow_only({"instructions", "output_modalities", "max_output_tokens", "metadata", "conversation", "tools",
                       "tool_choice", "prompt", "input", "audio", "parallel_tool_calls", "reasoning"});
    return response;
}

}  // namespace antiphon::protocol
