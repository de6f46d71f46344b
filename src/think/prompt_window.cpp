#include "think/prompt_window.hpp"

#include "think/prompt.hpp"

#include <algorithm>

namespace antiphon::think {
namespace {

std::string text_of(const PromptFrame& frame) {
    std::string text = frame.before_items();
    for (const engine::Tool& tool : frame.tools) text += tool.name + tool.description + tool.parameters;
    return text;
}

bool is_callers(const Item& item) { return item.kind == ItemKind::message && item.role == engine::Role::user; }

/// What a prompt may begin with: templates refuse an answer without anything before it.
bool may_begin(const Item& item) { return item.kind == ItemKind::message && item.role != engine::Role::assistant; }

}  // namespace

std::string PromptFrame::before_items() const {
    return summary == nullptr ? instructions : summary->behind(instructions);
}

std::size_t PromptWindow::tokens_around(const PromptFrame& frame) {
    std::size_t tokens = counter_.tokens_of(frame_, text_of(frame)) + (frame.tools.size() + 1) * kTokensAroundEach;
    if (frame.pending) tokens += counter_.tokens_in(*frame.pending) + kTokensAroundEach;
    return tokens;
}

std::size_t PromptWindow::bytes_around(const PromptFrame& frame) {
    std::size_t bytes = text_of(frame).size() + (frame.tools.size() + 2) * kTokensAroundEach;
    if (frame.pending) bytes += frame.pending->size();
    return bytes;
}

base::Result<std::vector<engine::Message>> PromptWindow::messages(const std::vector<Item>& items, const PromptFrame& frame,
                                                                  const PromptLimits& limits) {
    const auto kept = [&] {
        std::vector<const Item*> all;
        for (const Item& item : items)
            if (!left_out_.contains(item.id) && !(frame.summary != nullptr && frame.summary->folds(item.id)))
                all.push_back(&item);
        return all;
    };
    const auto prompt = [&] { return prompt_of(kept(), frame.before_items(), frame.pending); };

    // A token is a byte or more.
    std::size_t bytes = bytes_around(frame);
    for (const Item* item : kept()) bytes += text_of(*item).size() + kTokensAroundEach;
    if (bytes <= limits.tokens) return prompt();

    counter_.trim(items.size());
    const std::size_t fixed = tokens_around(frame);
    std::size_t total = 0;
    std::vector<Line> lines;
    for (const Item* item : kept()) {
        lines.push_back({item, counter_.tokens_of(*item)});
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
