#include "edge/openai_chat.hpp"

#include "base/ids.hpp"
#include "edge/openai_models.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using protocol::Fault;
using protocol::Fields;

constexpr std::size_t kMaxMessages = 1024;
constexpr std::int64_t kMostTokens = 1'000'000;

/// Calls count from 1; these have the highest bit.
engine::ConversationId new_conversation() {
    static std::atomic<std::uint64_t> last = 0;
    return engine::ConversationId{(std::uint64_t{1} << 63) | ++last};
}

struct ChatRequest {
    std::string model;
    engine::GenerationRequest generation;
    bool stream = false;
    bool stream_usage = false;
};

std::string read_content(const Fields& message) {
    const json::value* content = message.find("content");
    if (content == nullptr || content->is_null()) {
        message.fail("content", "missing_required_parameter", "is missing");
        return {};
    }
    if (!content->is_array()) return message.text("content").value_or("");
    std::string text;
    std::size_t number = 0;
    for (const auto& part : content->get_array()) {
        const std::string path = message.path("content") + "[" + std::to_string(number++) + "]";
        if (!part.is_object()) {
            message.fail("content", "invalid_type", "must be a string or an array of objects");
            return {};
        }
        const Fields fields(part.get_object(), path, message.fault());
        const std::string type = fields.required_text("type");
        if (type != "text" && !type.empty()) fields.unsupported("type", "only text is taken as content, not " + protocol::quoted(type));
        fields.require("text");
        text += fields.text("text").value_or("");
    }
    return text;
}

/// System messages wherever they stand go to the front, as chat templates want it; neighbours of one role
/// become one message.
std::vector<engine::Message> read_messages(const Fields& fields) {
    std::vector<engine::Message> messages;
    fields.require("messages");
    const json::array* given = fields.array("messages");
    if (given == nullptr) return messages;
    if (given->empty() || given->size() > kMaxMessages) {
        fields.fail("messages", "invalid_value", "must have from 1 to " + std::to_string(kMaxMessages) + " messages");
        return messages;
    }
    std::string system;
    for (std::size_t i = 0; i < given->size(); ++i) {
        const std::string path = "messages[" + std::to_string(i) + "]";
        if (!(*given)[i].is_object()) {
            fields.fail(path, "invalid_type", "must be an object");
            return messages;
        }
        const Fields message((*given)[i].get_object(), path, fields.fault());
        const std::string role = message.required_text("role");
        if (role == "tool" || role == "function") message.unsupported("role", "tools are not supported");
        const auto known = message.word("role", {"system", "developer", "user", "assistant"});
        std::string text = read_content(message);
        if (fields.fault() || !known) return messages;
        if (role == "system" || role == "developer") {
            system += (system.empty() ? "" : "\n\n") + text;
            continue;
        }
        const auto from = role == "user" ? engine::Role::user : engine::Role::assistant;
        if (!messages.empty() && messages.back().role == from) messages.back().text += "\n\n" + text;
        else messages.push_back({from, std::move(text)});
    }
    if (messages.empty() || messages.back().role != engine::Role::user)
        fields.fail("messages", "invalid_value", "must end with a message of the user's");
    if (!system.empty()) messages.insert(messages.begin(), {engine::Role::system, std::move(system)});
    return messages;
}

/// What would change the answer's shape and is not to be had is refused; wishes about its style that the engines
/// do not know (top_p, penalties, ...) have no effect (docs/endpoints.md lists them).
void refuse_what_is_not_to_be_had(const Fields& fields) {
    for (const auto* tools : {"tools", "functions"})
        if (const auto* value = fields.find(tools); value != nullptr && !value->is_null()) {
            const json::array* list = fields.array(tools);
            if (list != nullptr && !list->empty()) fields.unsupported(tools, "tools are not supported");
        }
    if (!fields.is_null("n") && fields.integer("n", 1, 128).value_or(1) != 1) fields.unsupported("n", "one answer is given, not several");
    if (!fields.is_null("logprobs") && fields.flag("logprobs").value_or(false)) fields.unsupported("logprobs", "there are no logprobs");
    if (fields.has("stop") && !fields.is_null("stop")) fields.unsupported("stop", "stop sequences are not supported");
    if (fields.has("response_format") && !fields.is_null("response_format"))
        if (const auto* format = fields.object("response_format")) {
            const Fields inside(*format, "response_format", fields.fault());
            if (inside.required_text("type") != "text") inside.unsupported("type", "only text is given");
        }
}

std::optional<ChatRequest> read_request(const json::object& body, std::size_t context_tokens, std::optional<Fault>& fault) {
    const Fields fields(body, "", fault);
    ChatRequest request;
    request.model = fields.required_text("model");
    request.generation.messages = read_messages(fields);
    refuse_what_is_not_to_be_had(fields);
    if (!fields.is_null("stream")) request.stream = fields.flag("stream").value_or(false);
    if (fields.has("stream_options") && !fields.is_null("stream_options"))
        if (const auto* options = fields.object("stream_options"))
            request.stream_usage = Fields(*options, "stream_options", fault).flag("include_usage").value_or(false);
    auto most = static_cast<std::int64_t>(context_tokens);
    for (const auto* name : {"max_tokens", "max_completion_tokens"})
        if (!fields.is_null(name)) most = std::min(most, fields.integer(name, 1, kMostTokens).value_or(most));
    request.generation.max_tokens = static_cast<int>(most);
    if (!fields.is_null("temperature"))
        request.generation.temperature = static_cast<float>(fields.number("temperature", 0.0, 2.0).value_or(0.0));
    if (!fields.is_null("seed"))
        if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX)) request.generation.seed = static_cast<std::uint32_t>(*seed);
    if (fault) return std::nullopt;
    return request;
}

json::object usage_of(const engine::Generation& generation) {
    return {{"prompt_tokens", generation.prompt_tokens},
            {"completion_tokens", generation.completion_tokens},
            {"total_tokens", generation.prompt_tokens + generation.completion_tokens},
            {"prompt_tokens_details", {{"cached_tokens", generation.cached_tokens}}}};
}

std::string_view name_of(engine::FinishReason reason) { return reason == engine::FinishReason::stop ? "stop" : "length"; }

/// One request on its way: lives on the worker's thread.
class Completion {
public:
    Completion(ChatRequest request, std::shared_ptr<Responder> responder)
        : request_(std::move(request)), responder_(std::move(responder)), id_(base::random_id("chatcmpl-")),
          created_(std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count()) {}

    void run(engine::LanguageModel& model) {
        request_.generation.conversation = new_conversation();
        std::string text;
        const auto end = model.generate(
            request_.generation,
            [&](const engine::Fragment& piece) {
                if (request_.stream) give(piece.text);
                else text += piece.text;
            },
            responder_->gone());
        model.forget(request_.generation.conversation);
        if (!end) return fail(end.error());
        if (request_.stream) return finish(*end);
        json::object answer = envelope("chat.completion");
        answer["choices"] = json::array{json::object{{"index", 0},
                                                     {"message", {{"role", "assistant"}, {"content", text}, {"refusal", nullptr}}},
                                                     {"logprobs", nullptr},
                                                     {"finish_reason", name_of(end->reason)}}};
        answer["usage"] = usage_of(*end);
        responder_->reply({200, "application/json", json::serialize(answer)});
    }

private:
    json::object envelope(std::string_view object) const {
        return {{"id", id_}, {"object", object}, {"created", created_}, {"model", request_.model}};
    }

    void event(const json::value& data) { responder_->write("data: " + json::serialize(data) + "\n\n"); }

    void chunk(json::object delta, json::value finish_reason) {
        json::object data = envelope("chat.completion.chunk");
        data["choices"] = json::array{json::object{{"index", 0}, {"delta", std::move(delta)}, {"logprobs", nullptr},
                                                   {"finish_reason", std::move(finish_reason)}}};
        if (request_.stream_usage) data["usage"] = nullptr;
        event(data);
    }

    /// The head waits for the first text, so that what fails before it has a status of its own.
    void begin() {
        if (std::exchange(begun_, true)) return;
        responder_->begin({200, "text/event-stream", "", {{"Cache-Control", "no-cache"}}});
        chunk(json::object{{"role", "assistant"}, {"content", ""}}, nullptr);
    }

    void give(std::string_view piece) {
        begin();
        chunk(json::object{{"content", piece}}, nullptr);
    }

    void finish(const engine::Generation& generation) {
        begin();
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

    void fail(const base::Error& failure) {
        const Reply reply = failure_reply(failure);
        if (!begun_) return responder_->reply(reply);
        responder_->write("data: " + reply.body + "\n\n");
        responder_->end();
    }

    ChatRequest request_;
    const std::shared_ptr<Responder> responder_;
    const std::string id_;
    const std::int64_t created_;
    bool begun_ = false;
};

}  // namespace

void serve_chat(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                std::shared_ptr<Responder> responder) {
    const auto body = json_body(request);
    if (const auto* refusal = std::get_if<Reply>(&body)) return responder->reply(*refusal);
    engine::LanguageModel& model = engines.engines.language_model;
    std::optional<Fault> fault;
    auto wanted = read_request(std::get<json::object>(body), model.context_tokens(), fault);
    if (fault) return responder->reply(fault_reply(*fault));
    if (!model_serves(wanted->model, ModelUse::chat, services)) return responder->reply(model_not_found_reply(wanted->model));
    const auto completion = std::make_shared<Completion>(std::move(*wanted), responder);
    const auto taken = engines.language_model_workers.submit([completion, &model] { completion->run(model); });
    if (!taken) responder->reply(failure_reply(taken.error()));
}

}  // namespace antiphon::edge
