#include "engine/ollama/ollama_embedder.hpp"

#include "base/utf8.hpp"
#include "engine/ollama/ollama_models.hpp"
#include "engine/token_estimate.hpp"

#include <boost/json.hpp>

#include <cmath>
#include <utility>

namespace antiphon::engine::ollama {
namespace {

namespace json = boost::json;

base::Error invalid(const std::string& what, std::size_t place) {
    return base::error(base::Errc::invalid, what, "input[" + std::to_string(place) + "]");
}

base::Result<void> check_texts(const std::vector<std::string>& texts, std::size_t context_tokens) {
    if (texts.empty()) return base::error(base::Errc::invalid, "there are no texts", "input");
    for (std::size_t i = 0; i < texts.size(); ++i) {
        if (texts[i].empty()) return invalid("a text is empty", i);
        if (!base::is_utf8(texts[i])) return invalid("a text is not UTF-8", i);
        if (const auto tokens = estimate_tokens(texts[i]); tokens > context_tokens)
            return invalid("a text has about " + std::to_string(tokens) + " tokens, and the embedder takes " +
                               std::to_string(context_tokens), i);
    }
    return {};
}

/// Scaled to the length 1. Empty if it is no list of numbers, or one without a direction.
std::vector<float> vector_of(const json::value& value) {
    std::vector<float> vector;
    double sum = 0;
    if (value.is_array())
        for (const json::value& number : value.get_array()) {
            boost::system::error_code failure;
            const auto one = number.is_number() ? number.to_number<double>(failure) : std::nan("");
            if (failure || !std::isfinite(one)) return {};
            sum += one * one;
            vector.push_back(static_cast<float>(one));
        }
    if (!(sum > 0)) return {};
    for (float& number : vector) number = static_cast<float>(number / std::sqrt(sum));
    return vector;
}

}  // namespace

OllamaEmbedder::OllamaEmbedder(OllamaSettings settings, std::unique_ptr<RemoteServer> server)
    : settings_(std::move(settings)), server_(std::move(server)) {}

base::Result<std::unique_ptr<OllamaEmbedder>> OllamaEmbedder::open(const OllamaSettings& settings,
                                                                   std::stop_token stop) {
    auto server = RemoteServer::open({.server = "the Ollama server", .base_url = settings.base_url}, settings.limits);
    if (!server) return server.error();
    if (auto there = check_model(**server, settings.model, stop); !there) return there.error();
    std::unique_ptr<OllamaEmbedder> embedder(new OllamaEmbedder(settings, *std::move(server)));
    const auto tried = embedder->ask({"Hello"}, settings.limits.load, std::move(stop));
    if (!tried) return tried.error();
    embedder->dimensions_ = tried->vectors.front().size();
    return embedder;
}

base::Result<Embeddings> OllamaEmbedder::embed(const std::vector<std::string>& texts, std::stop_token stop) {
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the embedding was stopped");
    if (auto usable = check_texts(texts, settings_.context_tokens); !usable) return usable.error();
    auto embeddings = ask(texts, settings_.limits.whole, stop);
    const bool refused = !embeddings && embeddings.error().code == base::Errc::unsupported;
    if (!refused) return embeddings;
    for (std::size_t i = 0; i < texts.size(); ++i) {
        const auto alone = ask({texts[i]}, settings_.limits.whole, stop);
        if (!alone && alone.error().code == base::Errc::unsupported) return invalid(alone.error().text, i);
        if (!alone) return alone.error();
    }
    return embeddings;
}

base::Result<Embeddings> OllamaEmbedder::ask(const std::vector<std::string>& texts, base::milliseconds within,
                                             std::stop_token stop) {
    const json::object question{{"model", settings_.model},
                                {"input", json::array(texts.begin(), texts.end())},
                                {"truncate", false},
                                {"keep_alive", keep_alive_value(settings_.keep_alive)},
                                {"options", {{"num_ctx", settings_.context_tokens}}}};
    const auto body = server_->fetch({"/api/embed", json::serialize(question)}, within, std::move(stop));
    if (!body) return body.error();
    const auto strange = base::error(base::Errc::engine, server_->name() + " answered /api/embed without the vectors");
    boost::system::error_code failure;
    const json::value value = json::parse(*body, failure);
    const json::object* object = failure ? nullptr : value.if_object();
    const json::value* list = object != nullptr ? object->if_contains("embeddings") : nullptr;
    if (list == nullptr || !list->is_array() || list->get_array().size() != texts.size()) return strange;
    Embeddings embeddings;
    for (const json::value& one : list->get_array()) {
        auto vector = vector_of(one);
        if (vector.empty() || (dimensions_ != 0 && vector.size() != dimensions_)) return strange;
        embeddings.vectors.push_back(std::move(vector));
    }
    const json::value* count = object->if_contains("prompt_eval_count");
    if (count != nullptr && count->is_int64() && count->get_int64() >= 0)
        embeddings.tokens = static_cast<std::size_t>(count->get_int64());
    else
        for (const auto& text : texts) embeddings.tokens += estimate_tokens(text);
    return embeddings;
}

}  // namespace antiphon::engine::ollama
