// Readers of what a response has of its own, in both dialects alike.
#include "protocol/decode_parts.hpp"

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxPairs = 16;
constexpr std::size_t kMaxKey = 64;
constexpr std::size_t kMaxValue = 512;
constexpr std::size_t kMaxInput = 1024;

}  // namespace

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

std::vector<Item> decode_input_items(const Fields& fields) {
    std::vector<Item> items;
    const auto* given = fields.array("input");
    if (given == nullptr) return items;
    if (given->size() > kMaxInput) fields.fail("input", "invalid_value", "must have at most 1024 items");
    for (std::size_t i = 0; i < given->size() && !fields.fault(); ++i) {
        const std::string name = "input[" + std::to_string(i) + "]";
        if (const auto* item = (*given)[i].if_object())
            items.push_back(decode_item({*item, fields.path(name), fields.fault()}, true));
        else
            fields.fail(name, "invalid_type", "must be an object");
    }
    return items;
}

}  // namespace antiphon::protocol
