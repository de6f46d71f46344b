// What may come next in one answer: words, and tool calls in the form of tool_text.hpp.
//
// scheduler's thread only, after construction. The model chooses among what fits: words until it begins a
// call, the name of an offered tool, arguments that the tool's grammar allows, and after a call the end or
// another one. What has only one spelling (the marks around these) is not asked of the model at all.
#pragma once

#include "engine/llama/chat_format.hpp"
#include "engine/llama/tool_grammar.hpp"

#include <llama-cpp.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::engine::llama {

struct OfferedTool {
    std::string name;
    ToolGrammar grammar;
};

/// The tools that an answer may call; none: it is words only.
struct ToolPlan {
    std::vector<OfferedTool> tools;
    bool from_start = false;  ///< the answer begins with a call
    bool parallel = true;     ///< more than one call
    /// What has been asked for since the caller spoke, by name and arguments. A small model asks for it once
    /// more instead of reading what came back, and again, and again.
    std::vector<std::pair<std::string, std::string>> answered;
};

class AnswerGuide {
public:
    /// `limit`: tokens that the model may choose. Near to it, arguments are ended as soon as they can be.
    AnswerGuide(const ChatFormat& format, const llama_vocab& vocabulary, ToolPlan plan, int limit);

    /// What the answer begins with, whatever the model thinks; mostly nothing.
    std::string begin();

    /// Gives each candidate that cannot come next the logit minus infinity.
    void judge(llama_token_data_array& candidates) const;

    /// Tokens to be taken before all others if they can come next, the best first.
    std::vector<llama_token> preferred() const;

    /// Whether a call is being written: no place for a repetition penalty.
    bool in_call() const { return state_ != State::words; }

    /// Takes the token that was chosen. Returns what must stand after it before the model is asked again.
    /// Throws when llama.cpp's grammar refuses a token that judge() let through.
    std::string take(llama_token token, std::string_view text);

    /// The answer is whole, without an end having been chosen.
    bool done() const { return done_; }

    /// Nothing came but a call that has been answered already, and nothing was given out: the answer is to
    /// be made anew from its beginning, now without tools.
    bool begins_again();

    /// The answer ends here; `chosen` by the model, or else by its length.
    FinishReason end(bool chosen);

    /// What has come since the last time, in order.
    struct Piece {
        std::string text;
        std::optional<std::size_t> call;
        std::string tool;  ///< with the first piece of a call
    };
    std::vector<Piece> pieces() { return std::exchange(pieces_, {}); }

private:
    enum class State { words, name, arguments, between };

    bool fits_words(std::string_view text) const;
    void take_words(std::string_view text);
    std::string open_call();
    std::string take_name(std::string_view text);
    std::string take_arguments(std::string_view text);
    std::string take_between(std::string_view text);
    std::string begin_arguments(const OfferedTool& tool);
    bool may_be_known() const;

    const ChatFormat& format_;
    const llama_vocab& vocabulary_;
    ToolPlan plan_;
    const int limit_;
    llama_token quote_ = LLAMA_TOKEN_NULL;
    std::vector<llama_token> closers_;

    State state_ = State::words;
    bool done_ = false;
    bool again_ = false;       ///< see begins_again()
    bool given_out_ = false;   ///< any piece
    int taken_ = 0;            ///< tokens
    std::string held_;         ///< words not given out yet: perhaps the white space before a call, or its mark
    std::string name_;
    const OfferedTool* tool_ = nullptr;
    llama_sampler_ptr grammar_;
    std::string arguments_;    ///< of the call being written, as far as it has come
    std::size_t given_ = 0;    ///< bytes of `arguments_` that are out
    int depth_ = 0;            ///< of its braces and brackets
    bool in_string_ = false;
    bool escaped_ = false;
    std::string between_;
    std::vector<std::pair<std::string, std::string>> known_;  ///< calls that are not to be made again
    std::size_t calls_ = 0;    ///< that are whole
    std::vector<Piece> pieces_;
};

}  // namespace antiphon::engine::llama
