#include "engine/llama/token_sampler.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace antiphon::engine::llama {
namespace {

/// Nearly always one of so many likeliest tokens fits.
constexpr std::size_t kFirstLook = 256;

bool fits(const AnswerGuide& guide, llama_token token) {
    llama_token_data one{token, 0.0F, 0.0F};
    llama_token_data_array alone{&one, 1, -1, false};
    guide.judge(alone);
    return one.logit > -INFINITY;
}

llama_sampler_ptr chain_of(const Sampling& sampling, int tokens, float penalty, std::uint32_t seed) {
    llama_sampler_ptr chain(llama_sampler_chain_init(llama_sampler_chain_default_params()));
    const auto add = [&](llama_sampler* stage) { llama_sampler_chain_add(chain.get(), stage); };
    if (penalty > 1.0F) add(llama_sampler_init_penalties(tokens, 64, penalty, 0, 0));
    if (sampling.temperature <= 0.0F) {
        add(llama_sampler_init_greedy());
        return chain;
    }
    // The temperature comes after the cut, so that a high one cannot let in what top-p would leave out.
    add(llama_sampler_init_top_k(64));
    add(llama_sampler_init_top_p(sampling.top_p, 1));
    add(llama_sampler_init_temp(sampling.temperature));
    add(llama_sampler_init_dist(seed));
    return chain;
}

}  // namespace

TokenSampler::TokenSampler(const llama_vocab& vocabulary, const Sampling& sampling)
    : tokens_(static_cast<std::size_t>(llama_vocab_n_tokens(&vocabulary))) {
    std::uint32_t seed = sampling.seed ? *sampling.seed : std::random_device{}();
    // llama.cpp takes this one value as "choose a seed", which would not be repeatable.
    if (seed == LLAMA_DEFAULT_SEED) --seed;
    const int tokens = static_cast<int>(tokens_);
    words_ = chain_of(sampling, tokens, sampling.repetition_penalty, seed);
    calls_ = chain_of(sampling, tokens, 1.0F, seed);
}

std::optional<llama_token> TokenSampler::next(llama_context& context, int index, const AnswerGuide& guide) {
    llama_sampler& chain = *(guide.in_call() ? calls_ : words_);
    const auto taken = [&](llama_token token) {
        llama_sampler_accept(&chain, token);
        return token;
    };
    for (const llama_token token : guide.preferred())
        if (fits(guide, token)) return taken(token);

    const float* logits = llama_get_logits_ith(&context, index);
    if (logits == nullptr) return std::nullopt;
    fill(logits);
    const llama_token wanted = choose(chain);
    if (fits(guide, wanted)) return taken(wanted);
    for (const std::size_t count : {std::min(kFirstLook, tokens_), tokens_}) {
        fill(logits);
        if (keep_fitting(count, guide)) return taken(choose(chain));
    }
    return std::nullopt;
}

void TokenSampler::fill(const float* logits) {
    candidates_.resize(tokens_);
    for (std::size_t i = 0; i < tokens_; ++i) candidates_[i] = {static_cast<llama_token>(i), logits[i], 0.0F};
}

bool TokenSampler::keep_fitting(std::size_t count, const AnswerGuide& guide) {
    const auto likelier = [](const llama_token_data& a, const llama_token_data& b) { return a.logit > b.logit; };
    std::partial_sort(candidates_.begin(), candidates_.begin() + static_cast<std::ptrdiff_t>(count),
                      candidates_.end(), likelier);
    candidates_.resize(count);
    llama_token_data_array judged{candidates_.data(), candidates_.size(), -1, true};
    guide.judge(judged);
    std::erase_if(candidates_, [](const llama_token_data& candidate) { return !(candidate.logit > -INFINITY); });
    return !candidates_.empty();
}

llama_token TokenSampler::choose(llama_sampler& chain) {
    llama_token_data_array all{candidates_.data(), candidates_.size(), -1, false};
    llama_sampler_apply(&chain, &all);
    return all.data[all.selected].id;
}

}  // namespace antiphon::engine::llama
