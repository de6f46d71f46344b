#include "engine/openai/openai_language_model.hpp"

#include "engine/openai/chat_chunks.hpp"
#include "engine/openai/chat_request.hpp"
#include "engine/remote_answer.hpp"
#include "engine/remote_request.hpp"
#include "engine/token_estimate.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>
#include <vector>

namespace antiphon::engine::openai {
namespace {

namespace json = boost::json;

constexpr base::milliseconds kListWithin{10'000};
constexpr std::size_t kMostNamed = 5;

std::vector<std::string> models_in(const std::string& body) {
    std::vector<std::string> names;
    boost::system::error_code failure;
    const json::value list = json::parse(body, failure);
    const json::object* object = failure ? nullptr : list.if_object();
    const json::value* data = object != nullptr ? object->if_contains("data") : nullptr;
    if (data == nullptr || !data->is_array()) return names;
    for (const json::value& one : data->get_array()) {
        const json::object* model = one.if_object();
        const json::value* id = model != nullptr ? model->if_contains("id") : nullptr;
        if (id != nullptr && id->is_string()) names.emplace_back(id->get_string());
    }
    return names;
}

/// vLLM and llama-server refuse a prompt that is too long with status 400 and words of this kind.
bool is_about_length(const std::string& text) {
    return text.find("context length") != std::string::npos || text.find("context size") != std::string::npos ||
           text.find("context_length") != std::string::npos || text.find("exceed_context") != std::string::npos;
}

}  // namespace

OpenAiLanguageModel::OpenAiLanguageModel(OpenAiSettings settings, std::unique_ptr<RemoteServer> server)
    : settings_(std::move(settings)), server_(std::move(server)), places_(settings_.places), model_(settings_.model) {}

base::Result<std::unique_ptr<OpenAiLanguageModel>> OpenAiLanguageModel::open(const OpenAiSettings& settings) {
    if (settings.places < 1 || settings.context_tokens < 64)
        return base::error(base::Errc::invalid, "a language model needs a place and a context of 64 tokens at least");
    auto server = RemoteServer::open(
        {.server = "the language model server", .base_url = settings.base_url, .key = settings.key}, settings.limits);
    if (!server) return server.error();
    return std::unique_ptr<OpenAiLanguageModel>(new OpenAiLanguageModel(settings, *std::move(server)));
}

base::Result<void> OpenAiLanguageModel::check(std::stop_token stop) {
    const auto body = server_->fetch({"/models"}, kListWithin, std::move(stop));
    const bool no_list = !body && (body.error().code == base::Errc::not_found || body.error().code == base::Errc::unsupported);
    if (!body && !(no_list && !settings_.model.empty())) return body.error();
    const auto names = no_list ? std::vector<std::string>{settings_.model} : models_in(*body);
    if (names.empty()) return base::error(base::Errc::not_found, server_->name() + " lists no model at /models");
    if (settings_.model.empty()) {
        const std::lock_guard lock(mutex_);
        model_ = names.front();
        return {};
    }
    if (std::find(names.begin(), names.end(), settings_.model) != names.end()) return {};
    std::string some;
    for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) some += (i == 0 ? "" : ", ") + names[i];
    return base::error(base::Errc::not_found, server_->name() + " has no model " + settings_.model + "; it has " + some);
}

std::string OpenAiLanguageModel::model() const {
    const std::lock_guard lock(mutex_);
    return model_;
}

base::Result<Generation> OpenAiLanguageModel::generate(const GenerationRequest& request, const Sink& sink,
                                                       std::stop_token stop) {
    if (auto usable = check_request(request, settings_.context_tokens); !usable) return usable.error();
    auto place = places_.take(request.conversation);
    if (!place) return place.error();
    if (model().empty())
        if (auto known = check(stop); !known) return known.error();
    RemoteAnswer answer(request, sink, stop);
    ChatChunks chunks(answer);
    const int most = most_tokens(request, settings_.context_tokens);
    const auto streamed = server_->stream({"/chat/completions", chat_request(request, model(), most, settings_.top_p)},
                                          [&](std::string_view line) { return chunks.take(line); }, stop);
    if (streamed || (streamed.error().code == base::Errc::unavailable && chunks.complete())) return chunks.finish();
    base::Error failure = streamed.error();
    if (failure.code == base::Errc::unsupported && is_about_length(failure.text)) failure.code = base::Errc::invalid;
    return failure;
}

std::size_t OpenAiLanguageModel::count_tokens(std::string_view text) const { return estimate_tokens(text); }

}  // namespace antiphon::engine::openai
