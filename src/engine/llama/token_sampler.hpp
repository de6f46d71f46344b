// Chooses the next token of one answer from the model's logits.
//
// scheduler's thread only, after construction.
#pragma once

#include <llama-cpp.h>

#include <cstdint>
#include <optional>

namespace antiphon::engine::llama {

struct Sampling {
    float temperature = 0.0F;           ///< 0: always the likeliest token
    std::optional<std::uint32_t> seed;  ///< none: from the operating system
    float top_p = 1.0F;
    float repetition_penalty = 1.0F;    ///< over the answer's last 64 tokens, not the prompt's; 1: off
};

class TokenSampler {
public:
    TokenSampler(const llama_vocab& vocabulary, const Sampling& sampling);

    /// From the logits of output `index` of the last decoded batch.
    llama_token next(llama_context& context, int index) { return llama_sampler_sample(chain_.get(), &context, index); }

private:
    llama_sampler_ptr chain_;
};

}  // namespace antiphon::engine::llama
