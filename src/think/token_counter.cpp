#include "think/token_counter.hpp"

#include "base/utf8.hpp"

#include <functional>

namespace antiphon::think {
namespace {

constexpr std::size_t kCountedBytes = 16 * 1024;

}  // namespace

std::string text_of(const Item& item) {
    switch (item.kind) {
        case ItemKind::message: return words_of(item);
        case ItemKind::function_call: return item.call.name + item.call.arguments;
        case ItemKind::function_call_output: return item.output;
        case ItemKind::reference: break;
    }
    return {};
}

std::size_t TokenCounter::tokens_in(std::string_view text) const {
    if (text.size() <= kCountedBytes) return model_.count_tokens(text);
    const std::string_view start = text.substr(0, base::whole_characters(text.substr(0, kCountedBytes)));
    return model_.count_tokens(start) * text.size() / start.size() + 1;
}

std::size_t TokenCounter::tokens_of(Counted& counted, std::string_view text) const {
    // Truncations and late transcripts change an item's words.
    const std::size_t hash = std::hash<std::string_view>{}(text) | 1U;
    if (counted.hash != hash) counted = {hash, tokens_in(text) + kTokensAroundEach};
    return counted.tokens;
}

std::size_t TokenCounter::tokens_of(const Item& item) { return tokens_of(counted_[item.id], text_of(item)); }

void TokenCounter::trim(std::size_t items) {
    if (counted_.size() > 2 * items + 16) counted_.clear();
}

}  // namespace antiphon::think
