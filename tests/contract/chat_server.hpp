// Servers that speak Ollama's and OpenAI's chat protocols and think with the FakeLanguageModel, so that the whole
// contract can be asked of the clients over a real socket.
#pragma once

#include "fakes/fake_embedder.hpp"
#include "fakes/fake_language_model.hpp"
#include "fakes/scripted_server.hpp"

#include <boost/json.hpp>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <utility>

namespace antiphon::fakes {

/// What both have in common: reading requests, and a fake model that stops when the client leaves.
class ChatServer {
public:
    using Connection = ScriptedServer::Connection;

    virtual ~ChatServer() = default;

    FakeLanguageModel& model() { return model_; }
    ScriptedServer& server() { return *server_; }
    std::string url() const { return server_->url(); }
    std::size_t cancelled() const { return model_.cancelled(); }

protected:
    explicit ChatServer(std::size_t context_tokens) : model_(64, context_tokens) {}

    /// The last step of the making: only then all members are there.
    void begin() {
        server_.emplace([this](const ScriptedServer::Request& request, Connection& connection) {
            return serve(request, connection);
        });
    }

    virtual bool serve(const ScriptedServer::Request& request, Connection& connection) = 0;

    static std::string text_of(const boost::json::object& from, const char* key) {
        const auto* value = from.if_contains(key);
        return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
    }

    engine::GenerationRequest read(const boost::json::object& body) {
        engine::GenerationRequest request;
        request.conversation = engine::ConversationId{next_++};
        for (const auto& one : body.at("messages").as_array()) {
            const auto& from = one.as_object();
            engine::Message message;
            const std::string role = text_of(from, "role");
            message.role = role == "system"   ? engine::Role::system
                           : role == "user"   ? engine::Role::user
                           : role == "tool"   ? engine::Role::tool
                                              : engine::Role::assistant;
            message.text = text_of(from, "content");
            message.call_id = text_of(from, "tool_call_id");
            if (const auto* calls = from.if_contains("tool_calls"))
                for (const auto& call : calls->as_array()) {
                    const auto& function = call.as_object().at("function").as_object();
                    const auto& arguments = function.at("arguments");
                    message.calls.push_back({text_of(call.as_object(), "id"), text_of(function, "name"),
                                             arguments.is_string() ? std::string(arguments.get_string())
                                                                   : boost::json::serialize(arguments)});
                }
            request.messages.push_back(std::move(message));
        }
        if (const auto* tools = body.if_contains("tools"))
            for (const auto& tool : tools->as_array()) {
                const auto& function = tool.as_object().at("function").as_object();
                request.tools.push_back({text_of(function, "name"), text_of(function, "description"),
                                         boost::json::serialize(function.at("parameters"))});
            }
        return request;
    }

    /// Runs the model; each fragment goes to `sink` while the client is there.
    base::Result<engine::Generation> think(const engine::GenerationRequest& request, Connection& connection,
                                           const engine::LanguageModel::Sink& sink) {
        std::stop_source gone;
        std::atomic<bool> over = false;
        std::thread watch([&] {
            while (!over)
                if (connection.left(5)) {
                    gone.request_stop();
                    return;
                }
        });
        auto result = model_.generate(request, sink, gone.get_token());
        over = true;
        watch.join();
        model_.forget(request.conversation);
        return result;
    }

    FakeLanguageModel model_;
    std::optional<ScriptedServer> server_;

private:
    std::atomic<std::uint64_t> next_ = 1;
};

class OpenAiServer final : public ChatServer {
public:
    explicit OpenAiServer(std::size_t context_tokens = 4096) : ChatServer(context_tokens) { begin(); }
    ~OpenAiServer() override { server_.reset(); }

private:
    bool serve(const ScriptedServer::Request& asked, Connection& connection) override {
        namespace json = boost::json;
        if (asked.path == "/v1/models")
            return connection.answer(200, "application/json",
                                     R"({"object":"list","data":[{"id":"small","object":"model"},{"id":"large"}]})");
        if (asked.path != "/v1/chat/completions") return connection.answer(404, "text/plain", "no such page");
        const json::object body = json::parse(asked.body).as_object();
        auto request = read(body);
        request.max_tokens = static_cast<int>(body.at("max_tokens").as_int64());
        if (const auto* parallel = body.if_contains("parallel_tool_calls"))
            request.parallel_tool_calls = parallel->as_bool();
        if (const auto* choice = body.if_contains("tool_choice")) {
            if (*choice == "none") request.tool_choice.use = engine::ToolUse::none;
            else if (*choice != "auto") request.tool_choice.use = engine::ToolUse::required;
            if (choice->is_object()) request.tool_choice.name = text_of(choice->at("function").as_object(), "name");
        }
        connection.begin("text/event-stream");
        const auto send = [&](const json::object& chunk) {
            connection.chunk("data: " + json::serialize(chunk) + "\n\n");
        };
        const auto result = think(request, connection, [&](const engine::Fragment& fragment) {
            json::object delta;
            if (fragment.call) {
                json::object function{{"arguments", fragment.text}};
                json::object call{{"index", *fragment.call}};
                if (!fragment.tool.empty()) {
                    function["name"] = fragment.tool;
                    call["id"] = "abc";
                }
                call["function"] = std::move(function);
                delta["tool_calls"] = json::array{std::move(call)};
            } else {
                delta["content"] = fragment.text;
            }
            send({{"choices", json::array{json::object{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", nullptr}}}}});
        });
        if (!result) return false;
        const char* reason = result->reason == engine::FinishReason::length ? "length"
                             : result->reason == engine::FinishReason::stop ? "stop"
                                                                            : "tool_calls";
        send({{"choices", json::array{json::object{{"index", 0}, {"delta", json::object()}, {"finish_reason", reason}}}}});
        send({{"choices", json::array()},
              {"usage",
               {{"prompt_tokens", result->prompt_tokens},
                {"completion_tokens", result->completion_tokens},
                {"prompt_tokens_details", {{"cached_tokens", result->prompt_tokens - 1}}}}}});
        connection.chunk("data: [DONE]\n\n");
        return connection.chunk("");
    }
};

class OllamaServer final : public ChatServer {
public:
    explicit OllamaServer(std::size_t context_tokens = 4096) : ChatServer(context_tokens) { begin(); }
    ~OllamaServer() override { server_.reset(); }

private:
    bool serve(const ScriptedServer::Request& asked, Connection& connection) override {
        namespace json = boost::json;
        if (asked.path == "/api/tags")
            return connection.answer(200, "application/json",
                                     R"({"models":[{"name":"llama3.2:3b"},{"name":"nomic-embed-text:latest"}]})");
        if (asked.path == "/api/generate")
            return connection.answer(200, "application/json", R"({"model":"llama3.2:3b","done":true,"done_reason":"load"})");
        if (asked.path == "/api/embed") return embed(json::parse(asked.body).as_object(), connection);
        if (asked.path != "/api/chat") return connection.answer(404, "text/plain", "404 page not found");
        const json::object body = json::parse(asked.body).as_object();
        auto request = read(body);
        request.max_tokens = static_cast<int>(body.at("options").as_object().at("num_predict").as_int64());
        const json::value* format = body.if_contains("format");
        if (format != nullptr) require(*format, request);
        connection.begin("application/x-ndjson");
        const auto send = [&](json::object message) {
            message["role"] = "assistant";
            connection.chunk(json::serialize(json::object{{"model", "m"}, {"message", std::move(message)}, {"done", false}}) + "\n");
        };
        json::array calls;
        std::string arguments;
        bool named = false;
        const auto result = think(request, connection, [&](const engine::Fragment& fragment) {
            if (!fragment.call) return send({{"content", fragment.text}});
            if (format != nullptr) {  // what a model writes that is held to the schema
                if (*fragment.call > 0) return;
                if (!named) send({{"content", "{\"name\": \"" + std::string(fragment.tool) + "\","}});
                if (!std::exchange(named, true)) send({{"content", " \"arguments\": "}});
                return send({{"content", fragment.text}});
            }
            if (!fragment.tool.empty()) {
                calls.push_back(json::object{{"function", {{"name", fragment.tool}}}});
                arguments.clear();
            }
            arguments += fragment.text;
            std::error_code unfinished;
            auto value = json::parse(arguments, unfinished);
            if (!unfinished) calls.back().as_object()["function"].as_object()["arguments"] = std::move(value);
        });
        if (!result) return false;
        if (!calls.empty()) send({{"content", ""}, {"tool_calls", std::move(calls)}});
        if (named) send({{"content", "}"}});
        const json::object last{{"model", "m"},
                                {"message", {{"role", "assistant"}, {"content", ""}}},
                                {"done", true},
                                {"done_reason", result->reason == engine::FinishReason::length ? "length" : "stop"},
                                {"prompt_eval_count", result->prompt_tokens},
                                {"eval_count", result->completion_tokens}};
        connection.chunk(json::serialize(last) + "\n");
        return connection.chunk("");
    }

    /// The tools are in the schema: {"properties": {"name": {"const": ...}, "arguments": ...}} or several of these.
    static void require(const boost::json::value& format, engine::GenerationRequest& request) {
        const auto add = [&](const boost::json::value& one) {
            const auto& properties = one.at("properties").as_object();
            request.tools.push_back({text_of(properties.at("name").as_object(), "const"), "",
                                     boost::json::serialize(properties.at("arguments"))});
        };
        if (const auto* choices = format.as_object().if_contains("anyOf"))
            for (const auto& one : choices->as_array()) add(one);
        else
            add(format);
        request.tool_choice.use = engine::ToolUse::required;
    }

    bool embed(const boost::json::object& body, Connection& connection) {
        namespace json = boost::json;
        std::vector<std::string> texts;
        for (const auto& text : body.at("input").as_array()) texts.emplace_back(text.as_string());
        const auto result = FakeEmbedder().embed(texts, {});
        if (!result)
            return connection.answer(400, "application/json", R"({"error":"the input length exceeds the context length"})");
        json::array list;
        for (const auto& vector : result->vectors) {
            json::array one;
            for (const float number : vector) one.push_back(number * 3.0F);  // not of length one: that is ours to do
            list.push_back(std::move(one));
        }
        return connection.answer(200, "application/json",
                                 json::serialize(json::object{{"embeddings", std::move(list)}, {"prompt_eval_count", result->tokens}}));
    }
};

}  // namespace antiphon::fakes
