// Chooses the next token of one answer from the model's logits, among those that its guide lets through.
//
// scheduler's thread only, after construction.
#pragma once

#include "engine/llama/answer_guide.hpp"

#include <llama-cpp.h>

#include <cstdint>
#include <optional>
#include <vector>

namespace antiphon::engine::llama {

struct Sampling {
    float temperature = 0.0F;           ///< 0: always the likeliest token
    std::optional<std::uint32_t> seed;  ///< none: from the operating system
    float top_p = 1.0F;
    /// Over the words of the answer, its last 64 tokens; not the prompt's, and not in a tool call, where
    /// quotes and braces must come again and again. 1: off
    float repetition_penalty = 1.0F;
};

class TokenSampler {
public:
    TokenSampler(const llama_vocab& vocabulary, const Sampling& sampling);

    /// From the logits of output `index` of the last decoded batch. What the model wants most is looked at
    /// first, alone: to judge the whole vocabulary would take longer than a small model's step. None: the
    /// guide lets nothing through.
    std::optional<llama_token> next(llama_context& context, int index, const AnswerGuide& guide);

private:
    void fill(const float* logits);
    /// False: nothing is left of the first `count` candidates.
    bool keep_fitting(std::size_t count, const AnswerGuide& guide);
    llama_token choose(llama_sampler& chain);

    const std::size_t tokens_;  ///< of the vocabulary
    llama_sampler_ptr words_;
    llama_sampler_ptr calls_;
    std::vector<llama_token_data> candidates_;
};

}  // namespace antiphon::engine::llama
