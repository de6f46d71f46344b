// The embedded language model: llama.cpp, with many conversations in one context.
//
// All conversations share one llama_context with unified KV memory and are decoded together: each step
// of the model takes one token of every answer under way and a bounded piece of the prompts still to be
// read (continuous batching, see scheduler.hpp). What a conversation has computed is kept between its
// turns, and so are the beginnings (system prompts) that several conversations have in common.
#pragma once

#include "engine/language_model.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace antiphon::engine::llama {

struct LlamaSettings {
    std::filesystem::path model;          ///< a GGUF file
    std::size_t context_tokens = 4096;    ///< of one conversation; cut to what the model was trained for
    std::size_t places = 8;               ///< 1..64: conversations that are kept, and answered at the same time
    /// Size of the KV memory that all conversations share, at least context_tokens; 0: context_tokens for
    /// every place. When it is full, what the longest idle conversation has computed is dropped first.
    std::size_t cache_tokens = 16384;
    int threads = 2;                      ///< of each step; the scheduler's own thread is one of them
    std::size_t prefill_tokens = 128;     ///< prompt tokens in one step at most: others wait as long for a token
    int gpu_layers = -1;                  ///< layers on the GPU, -1: all; without a GPU build no effect
    std::string chat_template;            ///< a Jinja source or a name known to llama.cpp; empty: the model's own
    float top_p = 0.95F;                  ///< in (0, 1]; for requests with a temperature over 0
    /// In [1, 2]: divides the logits of the answer's last 64 tokens; 1: off. A little is on from the start,
    /// because the smallest models fall into loops without it, and a caller hears every round of them.
    float repetition_penalty = 1.1F;
};

class ChatFormat;
class Scheduler;
class ToolGrammars;

class LlamaLanguageModel final : public LanguageModel {
public:
    /// Loads the model (seconds) and starts the scheduler's thread. Fails with
    ///   invalid      a setting out of its range
    ///   unavailable  no such file, or not readable
    ///   unsupported  not a chat model: no decoder, or no chat template that llama.cpp knows
    ///   engine       damaged, cut short or no GGUF; or too little memory
    static base::Result<std::unique_ptr<LlamaLanguageModel>> open(const LlamaSettings& settings);

    /// Ends the generations under way as `cancelled`, and waits until their callers have left.
    ~LlamaLanguageModel() override;

    /// As the interface says; the sink runs on the scheduler's thread. What is kept of the conversation
    /// after any failure (cancelled, engine, overloaded) is exactly what was kept before, because the
    /// answer is computed on a branch that replaces the kept sequence only at its end. The one
    /// exception: when the KV memory is full, kept parts may be given up at any time, as if the
    /// conversation had been idle for long; they are computed again when they are needed.
    /// `overloaded` also when the answers under way fill the whole KV memory: the youngest is ended.
    ///
    /// Tools are described in the system prompt, in the form of Hermes and Qwen (tool_text.hpp), and are not
    /// offered at all with ToolUse::none. Arguments are held to the tool's schema while they are made
    /// (tool_grammar.hpp says what of it), so they are valid JSON with any model; whether they make sense is
    /// the model's affair. max_tokens and completion_tokens count what the model chooses, not the marks
    /// around a call, which are put there without asking it. Near to max_tokens, and when the model goes
    /// round in a circle, arguments are ended as soon as their schema lets them: a call is cut short only
    /// if max_tokens is less than its shortest arguments need. At most 8 calls in one answer, and no call
    /// twice; with ToolUse::automatic also none that has been answered since the caller last spoke (an
    /// answer that would be nothing else is made anew, in words).
    base::Result<Generation> generate(const GenerationRequest& request, const Sink& sink,
                                      std::stop_token stop) override;
    void forget(ConversationId conversation) override;
    std::size_t parallel() const noexcept override;
    std::size_t context_tokens() const noexcept override;
    std::size_t count_tokens(std::string_view text) const override;

private:
    struct Loaded;  ///< the model's weights; freed after everything that refers to them

    LlamaLanguageModel(const LlamaSettings& settings, std::unique_ptr<Loaded> loaded,
                       std::unique_ptr<ChatFormat> format, std::unique_ptr<ToolGrammars> grammars,
                       std::unique_ptr<Scheduler> scheduler);

    const LlamaSettings settings_;
    const std::unique_ptr<Loaded> loaded_;
    const std::unique_ptr<ChatFormat> format_;
    const std::unique_ptr<ToolGrammars> grammars_;
    const std::unique_ptr<Scheduler> scheduler_;
};

}  // namespace antiphon::engine::llama
