#include "engine/ollama/ollama_language_model.hpp"

#include "engine/ollama/chat_lines.hpp"
#include "engine/ollama/chat_request.hpp"
#include "engine/ollama/ollama_models.hpp"
#include "engine/remote_answer.hpp"
#include "engine/remote_request.hpp"
#include "engine/token_estimate.hpp"

#include <boost/json.hpp>

#include <utility>

namespace antiphon::engine::ollama {
namespace {

namespace json = boost::json;

/// Ollama's words for a prompt that is longer than num_ctx.
bool is_about_length(const std::string& text) { return text.find("exceeds the context length") != std::string::npos; }

/// What else it says with a status that blames us or itself.
base::Error in_our_codes(base::Error failure, const OllamaSettings& settings) {
    if (is_about_length(failure.text)) {
        failure.code = base::Errc::invalid;
        failure.text += " (" + std::to_string(settings.context_tokens) + " tokens)";
    }
    return failure;
}

}  // namespace

OllamaLanguageModel::OllamaLanguageModel(OllamaSettings settings, std::unique_ptr<RemoteServer> server)
    : settings_(std::move(settings)), server_(std::move(server)), places_(settings_.places) {}

base::Result<std::unique_ptr<OllamaLanguageModel>> OllamaLanguageModel::open(const OllamaSettings& settings) {
    if (settings.model.empty()) return base::error(base::Errc::invalid, "no model of the Ollama server is named");
    if (settings.places < 1 || settings.context_tokens < 64)
        return base::error(base::Errc::invalid, "a language model needs a place and a context of 64 tokens at least");
    auto server = RemoteServer::open({.server = "the Ollama server", .base_url = settings.base_url}, settings.limits);
    if (!server) return server.error();
    return std::unique_ptr<OllamaLanguageModel>(new OllamaLanguageModel(settings, *std::move(server)));
}

base::Result<void> OllamaLanguageModel::check(std::stop_token stop) {
    if (auto there = check_model(*server_, settings_.model, stop); !there) return there;
    // Without a prompt it only loads the model.
    const json::object load{{"model", settings_.model},
                            {"stream", false},
                            {"keep_alive", keep_alive_value(settings_.keep_alive)},
                            {"options", {{"num_ctx", settings_.context_tokens}}}};
    const auto loaded = server_->fetch({"/api/generate", json::serialize(load)}, settings_.limits.load, std::move(stop));
    if (!loaded) return loaded.error();
    return {};
}

base::Result<Generation> OllamaLanguageModel::generate(const GenerationRequest& request, const Sink& sink,
                                                       std::stop_token stop) {
    if (auto usable = check_request(request, settings_.context_tokens); !usable) return usable.error();
    auto place = places_.take(request.conversation);
    if (!place) return place.error();
    RemoteAnswer answer(request, sink, stop);
    ChatLines lines(answer, request.tool_choice.use == ToolUse::required);
    const auto streamed = server_->stream({"/api/chat", chat_request(request, settings_)},
                                          [&](std::string_view line) { return lines.take(line); }, stop);
    if (!streamed) return in_our_codes(streamed.error(), settings_);
    return lines.finish();
}

std::size_t OllamaLanguageModel::count_tokens(std::string_view text) const { return estimate_tokens(text); }

}  // namespace antiphon::engine::ollama
