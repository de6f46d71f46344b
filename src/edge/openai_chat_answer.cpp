#include "edge/openai_chat_answer.hpp"

#include "base/ids.hpp"

#include <atomic>
#include <chrono>
#include <utility>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

/// Calls count from 1; these have the highest bit.
engine::ConversationId new_conversation() {
    static std::atomic<std::uint64_t> last = 0;
    return engine::ConversationId{(std::uint64_t{1} << 63) | ++last};
}

std::int64_t now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::seconds>(since).count();
}

json::object usage_of(const engine::Generation& generation) {
    return {{"prompt_tokens", generation.prompt_tokens},
            {"completion_tokens", generation.completion_tokens},
            {"total_tokens", generation.prompt_tokens + generation.completion_tokens},
            {"prompt_tokens_details", {{"cached_tokens", generation.cached_tokens}}}};
}

std::string_view name_of(engine::FinishReason reason) {
    switch (reason) {
        case engine::FinishReason::stop: return "stop";
        case engine::FinishReason::length: return "length";
        case engine::FinishReason::tool_calls: return "tool_calls";
    }
    return "stop";
}

json::object wire_call(const engine::ToolCall& call, std::string_view arguments) {
    return {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", arguments}}}};
}

}  // namespace

ChatAnswer::ChatAnswer(ChatRequest request, std::shared_ptr<Responder> responder)
    : request_(std::move(request)), responder_(std::move(responder)), id_(base::random_id("chatcmpl-")),
      created_(now()) {}

void ChatAnswer::run(engine::LanguageModel& model) {
    request_.generation.conversation = new_conversation();
    const auto end = model.generate(
        request_.generation, [this](const engine::Fragment& piece) { take(piece); }, responder_->gone());
    model.forget(request_.generation.conversation);
    if (!end) return fail(end.error());
    if (request_.stream) return finish(*end);
    reply(*end);
}

json::object ChatAnswer::envelope(std::string_view object) const {
    return {{"id", id_}, {"object", object}, {"created", created_}, {"model", request_.model}};
}

void ChatAnswer::take(const engine::Fragment& piece) {
    const bool new_call = piece.call && *piece.call == calls_.size();
    if (new_call) calls_.push_back({base::random_id("call_"), std::string(piece.tool), {}});
    if (request_.stream) give(piece, new_call);
    else if (piece.call) calls_[*piece.call].arguments += piece.text;
    else text_ += piece.text;
}

void ChatAnswer::reply(const engine::Generation& generation) {
    json::object message{{"role", "assistant"}, {"content", text_}, {"refusal", nullptr}};
    if (!calls_.empty()) {
        if (text_.empty()) message["content"] = nullptr;
        json::array& calls = (message["tool_calls"] = json::array()).get_array();
        for (const engine::ToolCall& call : calls_) calls.push_back(wire_call(call, call.arguments));
    }
    json::object answer = envelope("chat.completion");
    answer["choices"] = json::array{json::object{{"index", 0},
                                                 {"message", std::move(message)},
                                                 {"logprobs", nullptr},
                                                 {"finish_reason", name_of(generation.reason)}}};
    answer["usage"] = usage_of(generation);
    responder_->reply({200, "application/json", json::serialize(answer)});
}

void ChatAnswer::event(const json::value& data) { responder_->write("data: " + json::serialize(data) + "\n\n"); }

void ChatAnswer::chunk(json::object delta, json::value finish_reason) {
    json::object data = envelope("chat.completion.chunk");
    data["choices"] = json::array{json::object{
        {"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr}, {"finish_reason", std::move(finish_reason)}}};
    if (request_.stream_usage) data["usage"] = nullptr;
    event(data);
}

/// The head waits for the first piece, so that what fails before it has a status of its own.
void ChatAnswer::begin(json::value content) {
    if (std::exchange(begun_, true)) return;
    responder_->begin({200, "text/event-stream", "", {{"Cache-Control", "no-cache"}}});
    chunk(json::object{{"role", "assistant"}, {"content", std::move(content)}}, nullptr);
}

void ChatAnswer::give(const engine::Fragment& piece, bool new_call) {
    begin(piece.call ? json::value(nullptr) : json::value(""));
    if (!piece.call) return chunk(json::object{{"content", piece.text}}, nullptr);
    json::object call = new_call ? wire_call(calls_.back(), piece.text)
                                 : json::object{{"function", {{"arguments", piece.text}}}};
    call["index"] = *piece.call;
    chunk(json::object{{"tool_calls", json::array{std::move(call)}}}, nullptr);
}

void ChatAnswer::finish(const engine::Generation& generation) {
    begin("");
    chunk(json::object(), json::value(name_of(generation.reason)));
    if (request_.stream_usage) {
        json::object data = envelope("chat.completion.chunk");
        data["choices"] = json::array{};
        data["usage"] = usage_of(generation);
        event(data);
    }
    responder_->write("data: [DONE]\n\n");
    responder_->end();
}

void ChatAnswer::fail(const base::Error& failure) {
    const Reply reply = failure_reply(failure);
    if (!begun_) return responder_->reply(reply);
    responder_->write("data: " + reply.body + "\n\n");
    responder_->end();
}

}  // namespace antiphon::edge
