#include "engine/llama/llama_embedder.hpp"

#include "base/utf8.hpp"
#include "engine/llama/model_file.hpp"

#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <utility>

namespace antiphon::engine::llama {
namespace {

using Tokens = std::vector<llama_token>;

base::Error invalid(const std::string& what, const std::string& param) {
    return base::error(base::Errc::invalid, what, param);
}

base::Result<void> check(const LlamaEmbedderSettings& s) {
    if (s.threads < 1 || s.threads > 256) return invalid("threads must be 1 to 256", "threads");
    if (s.parallel < 1 || s.parallel > 64) return invalid("parallel must be 1 to 64", "parallel");
    if (s.context_tokens < 3 || s.context_tokens > 8192)
        return invalid("context_tokens must be 3 to 8192", "context_tokens");
    return {};
}

llama_context_params context_parameters(const LlamaEmbedderSettings& s, std::uint32_t tokens,
                                        enum llama_pooling_type pooling) {
    auto parameters = llama_context_default_params();
    parameters.n_ctx = tokens;
    parameters.n_batch = tokens;
    parameters.n_ubatch = tokens;  // an encoder sees its text at once
    parameters.n_seq_max = 1;
    parameters.n_threads = s.threads;
    parameters.n_threads_batch = s.threads;
    parameters.embeddings = true;
    parameters.pooling_type = pooling;
    return parameters;
}

base::Error not_an_embedder(const std::filesystem::path& model) {
    return base::error(base::Errc::unsupported, model.string() + " is not a model that makes vectors of texts");
}

/// Divides by the Euclidean length; false if it has none.
bool normalize(std::vector<float>& vector) {
    double sum = 0.0;
    for (const float number : vector) sum += double{number} * double{number};
    const double length = std::sqrt(sum);
    if (!std::isfinite(length) || length <= 0.0) return false;
    for (float& number : vector) number = static_cast<float>(number / length);
    return true;
}

}  // namespace

struct LlamaEmbedder::Loaded {
    llama_model_ptr model;
    std::size_t dimensions = 0;
    std::size_t context_tokens = 0;

    /// With the model's marks around it; `place` is for the error.
    base::Result<Tokens> tokens_of(const std::string& text, const std::string& place) const {
        if (text.empty()) return invalid("a text must not be empty", place);
        if (!base::is_utf8(text)) return invalid("a text is not UTF-8", place);
        if (text.size() > std::numeric_limits<std::int32_t>::max()) return invalid("a text is too long", place);
        Tokens tokens(context_tokens);
        const std::int32_t count = llama_tokenize(llama_model_get_vocab(model.get()), text.data(),
                                                  static_cast<std::int32_t>(text.size()), tokens.data(),
                                                  static_cast<std::int32_t>(tokens.size()), true, false);
        if (count < 0)
            return invalid("the text has " + std::to_string(-std::int64_t{count}) +
                               " tokens, and the embedding model takes at most " + std::to_string(context_tokens),
                           place);
        tokens.resize(static_cast<std::size_t>(count));
        return tokens;
    }

    base::Result<std::vector<float>> vector_of(Tokens& tokens, llama_context& context) const {
        const auto failed = base::error(base::Errc::engine, "the embedding model could not compute the vector");
        if (llama_encode(&context, llama_batch_get_one(tokens.data(), static_cast<std::int32_t>(tokens.size()))) != 0)
            return failed;
        const float* pooled = llama_get_embeddings_seq(&context, 0);
        if (pooled == nullptr) return failed;
        std::vector<float> vector(pooled, pooled + dimensions);
        if (!normalize(vector)) return failed;
        return vector;
    }
};

/// Contexts of the model, each for one text at a time.
class LlamaEmbedder::Places {
public:
    void add(llama_context_ptr context) {
        free_.push_back(context.get());
        all_.push_back(std::move(context));
    }

    /// Goes back when it is destroyed; null when there is none.
    using Place = std::unique_ptr<llama_context, std::function<void(llama_context*)>>;

    /// A free one, as soon as there is one; null when `stop` comes first.
    Place take(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        if (stop.stop_requested() || !changed_.wait(lock, stop, [this] { return !free_.empty(); })) return {};
        llama_context* context = free_.back();
        free_.pop_back();
        return Place(context, [this](llama_context* used) { give_back(used); });
    }

private:
    void give_back(llama_context* context) {
        {
            const std::scoped_lock lock(mutex_);
            free_.push_back(context);
        }
        changed_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<llama_context*> free_;
    std::vector<llama_context_ptr> all_;
};

LlamaEmbedder::LlamaEmbedder(std::unique_ptr<Loaded> loaded, std::unique_ptr<Places> places)
    : loaded_(std::move(loaded)), places_(std::move(places)) {}

LlamaEmbedder::~LlamaEmbedder() = default;

base::Result<std::unique_ptr<LlamaEmbedder>> LlamaEmbedder::open(const LlamaEmbedderSettings& settings) {
    if (const auto right = check(settings); !right) return right.error();
    route_library_log();
    auto model = load_model(settings.model, settings.gpu_layers);
    if (!model) return model.error();
    auto loaded = std::make_unique<Loaded>();
    loaded->model = *std::move(model);
    loaded->dimensions = static_cast<std::size_t>(llama_model_n_embd_out(loaded->model.get()));
    loaded->context_tokens = std::min(static_cast<std::size_t>(llama_model_n_ctx_train(loaded->model.get())),
                                      settings.context_tokens);
    if (loaded->dimensions == 0 || loaded->context_tokens < 3 ||
        llama_vocab_type(llama_model_get_vocab(loaded->model.get())) == LLAMA_VOCAB_TYPE_NONE)
        return not_an_embedder(settings.model);

    auto pooling = LLAMA_POOLING_TYPE_UNSPECIFIED;  // the model's own
    auto places = std::make_unique<Places>();
    for (std::size_t made = 0; made < settings.parallel;) {
        auto context = open_context(
            *loaded->model, context_parameters(settings, static_cast<std::uint32_t>(loaded->context_tokens), pooling));
        if (!context) return context.error();
        // A model that continues text keeps a memory of what it read.
        if (llama_get_memory(context->get()) != nullptr) return not_an_embedder(settings.model);
        const auto found = llama_pooling_type(context->get());
        if (found == LLAMA_POOLING_TYPE_RANK) return not_an_embedder(settings.model);
        if (found == LLAMA_POOLING_TYPE_NONE) {
            pooling = LLAMA_POOLING_TYPE_MEAN;
            continue;
        }
        places->add(*std::move(context));
        ++made;
    }
    return std::unique_ptr<LlamaEmbedder>(new LlamaEmbedder(std::move(loaded), std::move(places)));
}

base::Result<Embeddings> LlamaEmbedder::embed(const std::vector<std::string>& texts, std::stop_token stop) {
    if (texts.empty()) return invalid("there are no texts", "input");
    const auto cancelled = base::error(base::Errc::cancelled, "the embedding was stopped");
    try {
        std::vector<Tokens> all;
        Embeddings result;
        for (std::size_t i = 0; i < texts.size(); ++i) {
            if (stop.stop_requested()) return cancelled;
            auto tokens = loaded_->tokens_of(texts[i], "input[" + std::to_string(i) + "]");
            if (!tokens) return tokens.error();
            result.tokens += tokens->size();
            all.push_back(*std::move(tokens));
        }
        for (Tokens& tokens : all) {
            const auto place = places_->take(stop);
            if (!place) return cancelled;
            auto vector = loaded_->vector_of(tokens, *place);
            if (!vector) return vector.error();
            result.vectors.push_back(*std::move(vector));
        }
        return result;
    } catch (const std::exception& failure) {
        return base::error(base::Errc::engine, std::string("the embedding model failed: ") + failure.what());
    }
}

std::size_t LlamaEmbedder::dimensions() const noexcept { return loaded_->dimensions; }

std::size_t LlamaEmbedder::context_tokens() const noexcept { return loaded_->context_tokens; }

}  // namespace antiphon::engine::llama
