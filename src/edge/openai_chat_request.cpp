#include "edge/openai_chat_request.hpp"

#include "edge/openai_chat_tools.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using protocol::Fault;
using protocol::Fields;

constexpr std::size_t kMaxMessages = 1024;
constexpr std::int64_t kMostTokens = 1'000'000;

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
        if (type != "text" && !type.empty())
            fields.unsupported("type", "only text is taken as content, not " + protocol::quoted(type));
        fields.require("text");
        text += fields.text("text").value_or("");
    }
    return text;
}

class MessageReader {
public:
    explicit MessageReader(const Fields& request) : request_(request) {}

    std::vector<engine::Message> read() {
        request_.require("messages");
        const json::array* given = request_.array("messages");
        if (given == nullptr) return {};
        if (given->empty() || given->size() > kMaxMessages) {
            fail("must have from 1 to " + std::to_string(kMaxMessages) + " messages");
            return {};
        }
        for (std::size_t i = 0; i < given->size() && !request_.fault(); ++i) {
            const std::string path = "messages[" + std::to_string(i) + "]";
            if (const auto* message = (*given)[i].if_object()) take({*message, path, request_.fault()});
            else request_.fail(path, "invalid_type", "must be an object");
        }
        if (!open_calls_.empty()) fail("must have an answer to the call " + protocol::quoted(open_calls_.front()));
        if (messages_.empty() || messages_.back().role == engine::Role::assistant)
            fail("must end with a message of the user's, or of a tool");
        if (!system_.empty()) messages_.insert(messages_.begin(), {engine::Role::system, std::move(system_)});
        return std::move(messages_);
    }

private:
    void fail(const std::string& what) { request_.fail("messages", "invalid_value", what); }

    void take(const Fields& message) {
        const std::string role = message.required_text("role");
        if (role == "function") message.unsupported("role", "functions are tools here: 'tool' is the role");
        if (!message.word("role", {"system", "developer", "user", "assistant", "tool"})) return;
        if (role == "tool") return take_result(message);
        if (!open_calls_.empty())
            message.fail("role", "invalid_value",
                         "must be 'tool': the call " + protocol::quoted(open_calls_.front()) + " has no answer yet");
        if (role == "assistant") return take_answer(message);
        const std::string text = read_content(message);
        if (role == "user") return add(engine::Role::user, text);
        system_ += (system_.empty() ? "" : "\n\n") + text;
    }

    void take_answer(const Fields& message) {
        std::vector<engine::ToolCall> calls = read_chat_tool_calls(message);
        for (const engine::ToolCall& call : calls) {
            if (std::find(known_calls_.begin(), known_calls_.end(), call.id) != known_calls_.end())
                message.fail("tool_calls", "invalid_value",
                             "has the id " + protocol::quoted(call.id) + " a second time");
            known_calls_.push_back(call.id);
            open_calls_.push_back(call.id);
        }
        const json::value* content = message.find("content");
        const bool silent = content == nullptr || content->is_null();
        add(engine::Role::assistant, silent && !calls.empty() ? "" : read_content(message));
        messages_.back().calls = std::move(calls);
    }

    void take_result(const Fields& message) {
        const std::string id = message.required_text("tool_call_id");
        const auto call = std::find(open_calls_.begin(), open_calls_.end(), id);
        if (call == open_calls_.end())
            return message.fail("tool_call_id", "invalid_value", "is no call before it that waits for an answer");
        open_calls_.erase(call);
        messages_.push_back({engine::Role::tool, read_content(message), {}, id});
    }

    /// What made calls is followed by their answers, so two of the assistant's are neighbours only without calls.
    void add(engine::Role from, const std::string& text) {
        if (messages_.empty() || messages_.back().role != from) return messages_.push_back({from, text});
        std::string& before = messages_.back().text;
        if (!before.empty() && !text.empty()) before += "\n\n";
        before += text;
    }

    const Fields& request_;
    std::string system_;
    std::vector<engine::Message> messages_;
    std::vector<std::string> known_calls_;
    std::vector<std::string> open_calls_;
};

/// What would change the answer's shape and is not to be had is refused; wishes about its style that the engines
/// do not know (top_p, penalties, ...) have no effect (docs/endpoints.md lists them).
void refuse_what_is_not_to_be_had(const Fields& fields) {
    if (fields.has("functions") && !fields.is_null("functions")) {
        const json::array* list = fields.array("functions");
        if (list != nullptr && !list->empty()) fields.unsupported("functions", "functions are given as tools");
    }
    if (!fields.is_null("n") && fields.integer("n", 1, 128).value_or(1) != 1)
        fields.unsupported("n", "one answer is given, not several");
    if (!fields.is_null("logprobs") && fields.flag("logprobs").value_or(false))
        fields.unsupported("logprobs", "there are no logprobs");
    if (fields.has("stop") && !fields.is_null("stop")) fields.unsupported("stop", "stop sequences are not supported");
    if (fields.has("response_format") && !fields.is_null("response_format"))
        if (const auto* format = fields.object("response_format")) {
            const Fields inside(*format, "response_format", fields.fault());
            if (inside.required_text("type") != "text") inside.unsupported("type", "only text is given");
        }
}

}  // namespace

std::optional<ChatRequest> read_chat_request(const json::object& body, std::size_t context_tokens,
                                             std::optional<Fault>& fault) {
    const Fields fields(body, "", fault);
    ChatRequest request;
    engine::GenerationRequest& generation = request.generation;
    request.model = fields.required_text("model");
    generation.messages = MessageReader(fields).read();
    refuse_what_is_not_to_be_had(fields);
    generation.tools = read_chat_tools(fields);
    generation.tool_choice = read_chat_tool_choice(fields, generation.tools);
    if (!fields.is_null("parallel_tool_calls"))
        generation.parallel_tool_calls = fields.flag("parallel_tool_calls").value_or(true);
    if (!fields.is_null("stream")) request.stream = fields.flag("stream").value_or(false);
    if (fields.has("stream_options") && !fields.is_null("stream_options"))
        if (const auto* options = fields.object("stream_options"))
            request.stream_usage = Fields(*options, "stream_options", fault).flag("include_usage").value_or(false);
    auto most = static_cast<std::int64_t>(context_tokens);
    for (const auto* name : {"max_tokens", "max_completion_tokens"})
        if (!fields.is_null(name)) most = std::min(most, fields.integer(name, 1, kMostTokens).value_or(most));
    generation.max_tokens = static_cast<int>(most);
    if (!fields.is_null("temperature"))
        generation.temperature = static_cast<float>(fields.number("temperature", 0.0, 2.0).value_or(0.0));
    if (!fields.is_null("seed"))
        if (const auto seed = fields.integer("seed", INT64_MIN, INT64_MAX))
            generation.seed = static_cast<std::uint32_t>(*seed);
    if (fault) return std::nullopt;
    return request;
}

}  // namespace antiphon::edge
