#include "think/prompt_window.hpp"

#include "base/utf8.hpp"
#include "think/prompt.hpp"

#include <algorithm>
#include <functional>

namespace antiphon::think {
namespace {

/// What a chat template puts around each message and each tool, with something to spare.
constexpr std::size_t kAroundEach = 12;
/// Longer texts are counted by their beginning: a turn must not wait for a book to be cut into tokens.
constexpr std::size_t kCountedBytes = 16 * 1024;

std::string text_of(const Item& item) {
    switch (item.kind) {
        case ItemKind::message: return words_of(item);
        case ItemKind::function_call: return item.call.name + item.call.arguments;
        case ItemKind::function_call_output: return item.output;
        case ItemKind::reference: break;
    }
    return {};
}

std::string text_of(const PromptFrame& frame) {
    std::string text = frame.instructions;
    for (const engine::Tool& tool : frame.tools) text += tool.name + tool.description + tool.parameters;
    return text;
}

bool is_callers(const Item& item) { return item.kind == ItemKind::message && item.role == engine::Role::user; }

/// What a prompt may begin with: templates refuse an answer without anything before it.
bool may_begin(const Item& item) { return item.kind == ItemKind::message && item.role != engine::Role::assistant; }

}  // namespace

std::size_t PromptWindow::tokens_in(std::string_view text) const {
    if (text.size() <= kCountedBytes) return model_.count_tokens(text);
    const std::string_view start = text.substr(0, base::whole_characters(text.substr(0, kCountedBytes)));
    return model_.count_tokens(start) * text.size() / start.size() + 1;
}

std::size_t PromptWindow::tokens_of(Counted& counted, std::string_view text) const {
    // Truncations and late transcripts change an item's words.
    const std::size_t hash = std::hash<std::string_view>{}(text) | 1U;
    if (counted.hash != hash) counted = {hash, tokens_in(text) + kAroundEach};
    return counted.tokens;
}

base::Result<std::vector<engine::Message>> PromptWindow::messages(const std::vector<Item>& items, const PromptFrame& frame,
                                                                  const PromptLimits& limits) {
    const auto kept = [&] {
        std::vector<const Item*> all;
        for (const Item& item : items)
            if (!left_out_.contains(item.id)) all.push_back(&item);
        return all;
    };
    const auto prompt = [&] { return prompt_of(kept(), frame.instructions, frame.pending); };

    // A token is a byte or more.
    const std::string around = text_of(frame);
    std::size_t bytes = around.size() + (frame.tools.size() + 2) * kAroundEach;
    if (frame.pending) bytes += frame.pending->size();
    for (const Item* item : kept()) bytes += text_of(*item).size() + kAroundEach;
    if (bytes <= limits.tokens) return prompt();

    if (counted_.size() > 2 * items.size() + 16) counted_.clear();  // of items that were deleted
    std::size_t fixed = tokens_of(frame_, around) + (frame.tools.size() + 1) * kAroundEach;
    if (frame.pending) fixed += tokens_in(*frame.pending) + kAroundEach;
    std::size_t total = 0;
    std::vector<Line> lines;
    for (const Item* item : kept()) {
        lines.push_back({item, tokens_of(counted_[item->id], text_of(*item))});
        total += lines.back().tokens;
    }
    if (fixed + total <= limits.tokens) return prompt();
    if (!limits.may_leave_out)
        return base::error(base::Errc::invalid,
                           "the conversation has about " + std::to_string(fixed + total) + " tokens, there is room for " +
                               std::to_string(limits.tokens) + ", and truncation is disabled");
    const std::size_t room = limits.tokens > fixed ? limits.tokens - fixed : 0;
    leave_out_oldest(lines, static_cast<std::size_t>(static_cast<double>(room) * limits.keep), frame.pending.has_value());
    return prompt();
}

void PromptWindow::leave_out_oldest(const std::vector<Line>& lines, std::size_t room, bool all) {
    std::size_t total = 0;
    for (const Line& line : lines) total += line.tokens;
    // From the caller's last words on, everything belongs to the turn that is to be answered.
    std::size_t end = lines.size();
    if (!all) {
        while (end > 0 && !is_callers(*lines[end - 1].item)) --end;
        if (end > 0) --end;
    }
    const auto leave_out = [&](const Line& line) {
        if (left_out_.insert(line.item->id).second) total -= line.tokens;
    };
    for (std::size_t at = 0; at < end; ++at) {
        const Item& item = *lines[at].item;
        if (total <= room && may_begin(item)) break;
        leave_out(lines[at]);
        if (item.kind != ItemKind::function_call) continue;
        for (const Line& line : lines)
            if (line.item->kind == ItemKind::function_call_output && line.item->call.id == item.call.id) leave_out(line);
    }
}

}  // namespace antiphon::think
