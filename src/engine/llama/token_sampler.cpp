#include "engine/llama/token_sampler.hpp"

#include <random>

namespace antiphon::engine::llama {

TokenSampler::TokenSampler(const llama_vocab& vocabulary, const Sampling& sampling)
    : chain_(llama_sampler_chain_init(llama_sampler_chain_default_params())) {
    const auto add = [this](llama_sampler* stage) { llama_sampler_chain_add(chain_.get(), stage); };
    if (sampling.repetition_penalty > 1.0F)
        add(llama_sampler_init_penalties(llama_vocab_n_tokens(&vocabulary), 64, sampling.repetition_penalty, 0, 0));
    if (sampling.temperature <= 0.0F) {
        add(llama_sampler_init_greedy());
        return;
    }
    std::uint32_t seed = sampling.seed ? *sampling.seed : std::random_device{}();
    // llama.cpp takes this one value as "choose a seed", which would not be repeatable.
    if (seed == LLAMA_DEFAULT_SEED) --seed;
    // The temperature comes after the cut, so that a high one cannot let in what top-p would leave out.
    add(llama_sampler_init_top_k(64));
    add(llama_sampler_init_top_p(sampling.top_p, 1));
    add(llama_sampler_init_temp(sampling.temperature));
    add(llama_sampler_init_dist(seed));
}

}  // namespace antiphon::engine::llama
