// Between messages and tokens: the chat template, and which tokens stand for which text.
//
// thread-safe: constant after open().
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"
#include "engine/llama/tool_text.hpp"

#include <llama.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace antiphon::engine::llama {

/// The text of an assistant's message, calls of tools included, with the tokens that stand for it in the KV
/// memory. A model spells words in other tokens than a tokenizer would, so the tokens of an answer are
/// remembered, not made again.
struct Answer {
    std::string text;
    std::vector<llama_token> tokens;
    std::vector<std::size_t> ends;  ///< where in `text` each token's part ends
};

struct Prompt {
    std::vector<llama_token> tokens;
    std::size_t shared = 0;         ///< the first so many tokens stand before the first text of a caller
    std::vector<Answer> answers;    ///< of the assistant's messages, in order
};

class ChatFormat {
public:
    /// `chat_template`: empty for the model's own. `unsupported` when there is none that llama.cpp knows.
    static base::Result<ChatFormat> open(const llama_model& model, const std::string& chat_template);

    /// The whole conversation up to where the next answer begins. `known` are the answers of the last
    /// prompt and the one generated after it: where a message begins like the known answer at its place
    /// (leading white space aside), it gets the known answer's tokens, also when it was cut short.
    /// Only the template and the marks of tool_text.hpp make control tokens: the same characters in a
    /// message or in a tool's description stay plain text. The tools are described in the system prompt, so
    /// that they are part of what is shared.
    Prompt prompt(const std::vector<Message>& messages, const std::vector<Answer>& known,
                  const std::vector<Tool>& tools = {}) const;

    /// The tokens of plain text.
    std::vector<llama_token> plain(std::string_view text) const;

    /// The tokens of a text that may hold marks of tool_text.hpp.
    std::vector<llama_token> marked(std::string_view text) const;

    /// The bytes of a token, maybe part of a character; empty for a control token that is no mark.
    std::string text_of(llama_token token) const;

    /// Whether the answer is over with this token: an end of generation, or a token of the template.
    bool ends_answer(llama_token token) const;

private:
    /// A message as the template takes it. What several tools gave back is one turn, of the user's.
    struct Turn {
        Role role;
        Parts parts;
        bool results = false;  ///< of tools
    };
    /// A part of a rendered prompt: the template's own text, or (`turn` set) a turn's.
    struct Piece {
        std::string text;
        std::optional<std::size_t> turn;
    };

    ChatFormat(const llama_vocab& vocabulary, std::string chat_template);

    static std::vector<Turn> turns(const std::vector<Message>& messages, const std::vector<Tool>& tools);
    std::optional<std::vector<Piece>> render(const std::vector<Turn>& turns) const;
    std::vector<llama_token> tokens_of(const Parts& parts, std::size_t from) const;
    std::vector<llama_token> tokenized(std::string_view text, bool with_control) const;
    std::string bytes_of(llama_token token, bool with_control) const;
    Answer answer(const Parts& parts, const Answer* known) const;
    bool means_something(llama_token token) const { return structure_.contains(token) || marks_.contains(token); }

    const llama_vocab* vocabulary_;
    std::string template_;
    std::unordered_set<llama_token> structure_;  ///< special tokens that the template makes
    std::unordered_set<llama_token> marks_;      ///< special tokens that are marks of tool_text.hpp, or in them
};

}  // namespace antiphon::engine::llama
