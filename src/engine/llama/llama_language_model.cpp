#include "engine/llama/llama_language_model.hpp"

#include "base/log.hpp"
#include "engine/llama/chat_format.hpp"
#include "engine/llama/kv_memory.hpp"
#include "engine/llama/model_file.hpp"
#include "engine/llama/scheduler.hpp"
#include "engine/llama/tool_grammars.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace antiphon::engine::llama {
namespace {

base::Error invalid(const std::string& what, const char* setting) {
    return base::error(base::Errc::invalid, what, setting);
}

base::Result<void> check(const LlamaSettings& s) {
    if (s.places < 1 || s.places > 64) return invalid("places must be 1 to 64", "places");
    if (s.context_tokens < 64 || s.context_tokens > 1'000'000)
        return invalid("context_tokens must be 64 to 1000000", "context_tokens");
    if (s.cache_tokens != 0 && s.cache_tokens < s.context_tokens)
        return invalid("cache_tokens must be at least context_tokens, or 0", "cache_tokens");
    if (s.threads < 1 || s.threads > 256) return invalid("threads must be 1 to 256", "threads");
    if (s.prefill_tokens < 1 || s.prefill_tokens > 8192)
        return invalid("prefill_tokens must be 1 to 8192", "prefill_tokens");
    if (!(s.top_p > 0.0F && s.top_p <= 1.0F)) return invalid("top_p must be over 0 and at most 1", "top_p");
    if (!(s.repetition_penalty >= 1.0F && s.repetition_penalty <= 2.0F))
        return invalid("repetition_penalty must be 1 to 2", "repetition_penalty");
    return {};
}

base::Result<void> check(const GenerationRequest& request) {
    if (request.messages.empty()) return invalid("the conversation is empty", "messages");
    if (const Role last = request.messages.back().role; last != Role::user && last != Role::tool)
        return invalid("the last message must be the user's or a tool's", "messages");
    if (request.max_tokens < 1) return invalid("max_tokens must be at least 1", "max_tokens");
    if (!(std::isfinite(request.temperature) && request.temperature >= 0.0F))
        return invalid("temperature must be 0 or more", "temperature");
    return {};
}

llama_context_params context_parameters(const LlamaSettings& s) {
    const std::size_t sequences = KvMemory::sequences_for(s.places);
    const std::size_t cells = s.cache_tokens != 0 ? s.cache_tokens : s.context_tokens * s.places;
    auto parameters = llama_context_default_params();
    constexpr std::size_t kMost = std::numeric_limits<std::int32_t>::max();
    parameters.n_ctx = static_cast<std::uint32_t>(std::min(cells, kMost));
    // One batch is one pass: what a step costs is then bounded by prefill_tokens.
    parameters.n_batch = static_cast<std::uint32_t>(std::max(s.prefill_tokens + s.places, sequences));
    parameters.n_ubatch = parameters.n_batch;
    parameters.n_seq_max = static_cast<std::uint32_t>(sequences);
    parameters.n_outputs_max = static_cast<std::uint32_t>(sequences);
    parameters.n_threads = s.threads;
    parameters.n_threads_batch = s.threads;
    parameters.kv_unified = true;
    // On a CPU, ggml's flash attention is several times slower than the plain one for the few dozen new
    // tokens of a turn. It gets ahead only when many long conversations fill the common memory, because it
    // skips the cells of the others.
    const bool on_gpu = s.gpu_layers != 0 && llama_supports_gpu_offload();
    parameters.flash_attn_type = on_gpu ? LLAMA_FLASH_ATTN_TYPE_AUTO : LLAMA_FLASH_ATTN_TYPE_DISABLED;
    return parameters;
}

/// Computes one token, so that the first caller does not wait for the weights to come from the disk.
void warm_up(llama_context& context, llama_token token) {
    llama_decode(&context, llama_batch_get_one(&token, 1));
    llama_memory_clear(llama_get_memory(&context), false);
}

}  // namespace

struct LlamaLanguageModel::Loaded {
    llama_model_ptr model;
};

LlamaLanguageModel::LlamaLanguageModel(const LlamaSettings& settings, std::unique_ptr<Loaded> loaded,
                                       std::unique_ptr<ChatFormat> format, std::unique_ptr<ToolGrammars> grammars,
                                       std::unique_ptr<Scheduler> scheduler)
    : settings_(settings),
      loaded_(std::move(loaded)),
      format_(std::move(format)),
      grammars_(std::move(grammars)),
      scheduler_(std::move(scheduler)) {}

LlamaLanguageModel::~LlamaLanguageModel() = default;

base::Result<std::unique_ptr<LlamaLanguageModel>> LlamaLanguageModel::open(const LlamaSettings& wanted) {
    LlamaSettings settings = wanted;
    if (const auto right = check(settings); !right) return right.error();
    route_library_log();
    auto model = load_model(settings.model, settings.gpu_layers);
    if (!model) return model.error();
    auto loaded = std::make_unique<Loaded>(Loaded{*std::move(model)});
    llama_model& weights = *loaded->model;

    if (!llama_model_has_decoder(&weights) || llama_model_has_encoder(&weights) || llama_model_is_diffusion(&weights))
        return base::error(base::Errc::unsupported, settings.model.string() + " is not a model that continues text");
    auto format = ChatFormat::open(weights, settings.chat_template);
    if (!format) return format.error();
    const int trained = llama_model_n_ctx_train(&weights);
    if (trained > 0 && settings.context_tokens > static_cast<std::size_t>(trained)) {
        base::log::warning("llama.context_cut", {{"wanted", settings.context_tokens}, {"trained", trained}});
        settings.context_tokens = static_cast<std::size_t>(trained);
    }

    auto context = open_context(weights, context_parameters(settings));
    if (!context) return context.error();
    if (llama_get_memory(context->get()) == nullptr)
        return base::error(base::Errc::unsupported, settings.model.string() + " is not a model that continues text");
    auto kept_format = std::make_unique<ChatFormat>(*std::move(format));
    warm_up(**context, kept_format->plain("a").at(0));
    const SchedulerLimits limits{
        .places = settings.places,
        .prefill_tokens = settings.prefill_tokens,
        .branching = !llama_model_is_recurrent(&weights) && !llama_model_is_hybrid(&weights),
    };
    auto grammars = std::make_unique<ToolGrammars>(*llama_model_get_vocab(&weights));
    auto scheduler = std::make_unique<Scheduler>(*std::move(context), *kept_format, limits);
    return std::unique_ptr<LlamaLanguageModel>(
        new LlamaLanguageModel(settings, std::move(loaded), std::move(kept_format), std::move(grammars),
                               std::move(scheduler)));
}

base::Result<Generation> LlamaLanguageModel::generate(const GenerationRequest& request, const Sink& sink,
                                                      std::stop_token stop) {
    if (const auto right = check(request); !right) return right.error();
    auto plan = grammars_->plan(request);
    if (!plan) return plan.error();
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the answer was stopped");
    const auto answers = scheduler_->admit(request.conversation);
    if (!answers) return answers.error();
    const bool offered = request.tool_choice.use != ToolUse::none;
    Prompt prompt = format_->prompt(request.messages, *answers, offered ? request.tools : std::vector<Tool>{});
    // One token must be left for the answer.
    if (prompt.tokens.empty() || prompt.tokens.size() >= settings_.context_tokens) {
        scheduler_->withdraw(request.conversation);
        return invalid("the conversation has " + std::to_string(prompt.tokens.size()) +
                           " tokens, and the language model takes fewer than " +
                           std::to_string(settings_.context_tokens),
                       "messages");
    }
    const std::size_t room = settings_.context_tokens - prompt.tokens.size();
    const int limit = static_cast<int>(std::min<std::size_t>(static_cast<std::size_t>(request.max_tokens), room));
    const Sampling sampling{
        .temperature = request.temperature,
        .seed = request.seed,
        .top_p = settings_.top_p,
        .repetition_penalty = settings_.repetition_penalty,
    };
    return scheduler_->run(request.conversation, std::move(prompt), *std::move(plan), limit, room, sampling, sink,
                           std::move(stop));
}

void LlamaLanguageModel::forget(ConversationId conversation) { scheduler_->forget(conversation); }

std::size_t LlamaLanguageModel::parallel() const noexcept { return settings_.places; }

std::size_t LlamaLanguageModel::context_tokens() const noexcept { return settings_.context_tokens; }

std::size_t LlamaLanguageModel::count_tokens(std::string_view text) const { return format_->plain(text).size(); }

}  // namespace antiphon::engine::llama
