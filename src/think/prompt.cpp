#include "think/prompt.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::think {
namespace {

using Messages = std::vector<engine::Message>;

void append(Messages& messages, engine::Role role, std::string text) {
    if (base::trimmed(text).empty()) return;
    // An assistant's words come before its calls: behind a call they begin a new message.
    if (!messages.empty() && messages.back().role == role && messages.back().calls.empty()) {
        messages.back().text += role == engine::Role::system ? "\n" : " ";
        messages.back().text += text;
        return;
    }
    messages.push_back({role, std::move(text)});
}

void append_call(Messages& messages, const engine::ToolCall& call) {
    if (messages.empty() || messages.back().role != engine::Role::assistant)
        messages.push_back({engine::Role::assistant, {}});
    messages.back().calls.push_back(call);
}

const Item* output_of(const std::vector<const Item*>& items, const std::string& call_id) {
    const auto found = std::find_if(items.begin(), items.end(), [&](const Item* item) {
        return item->kind == ItemKind::function_call_output && item->call.id == call_id;
    });
    return found == items.end() ? nullptr : *found;
}

/// Behind each message with calls, what they gave back.
Messages with_outputs(Messages messages, const std::vector<const Item*>& items) {
    Messages all;
    for (engine::Message& message : messages) {
        const std::vector<engine::ToolCall> calls = message.calls;
        all.push_back(std::move(message));
        for (const engine::ToolCall& call : calls)
            if (const Item* output = output_of(items, call.id))
                all.push_back({engine::Role::tool, output->output, {}, call.id});
    }
    return all;
}

}  // namespace

Messages prompt_of(const std::vector<const Item*>& items, const std::string& instructions,
                   const std::optional<std::string>& pending) {
    Messages messages;
    append(messages, engine::Role::system, instructions);
    bool answered = false;  // the last call of the message at the end has its output: it ends there
    for (const Item* item : items) {
        switch (item->kind) {
            case ItemKind::message:
                append(messages, item->role, words_of(*item));
                break;
            case ItemKind::function_call:
                if (item->status != ItemStatus::completed) break;
                // A call after the output of another one is a step of its own.
                if (answered) messages.push_back({engine::Role::assistant, {}});
                append_call(messages, item->call);
                answered = false;
                break;
            case ItemKind::function_call_output:
                answered = !messages.empty() && !messages.back().calls.empty();
                break;
            case ItemKind::reference: break;
        }
        if (item->kind == ItemKind::message) answered = false;
    }
    if (pending) append(messages, engine::Role::user, *pending);
    return with_outputs(std::move(messages), items);
}

Messages prompt_of(const std::vector<Item>& items, const std::string& instructions,
                   const std::optional<std::string>& pending) {
    std::vector<const Item*> all;
    for (const Item& item : items) all.push_back(&item);
    return prompt_of(all, instructions, pending);
}

}  // namespace antiphon::think
