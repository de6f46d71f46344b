// Continues a conversation with text, token by token.
//
// A LanguageModel is a loaded model (or a connection to a server that has one), shared by every call.
// It blocks: run it on a WorkerPool. It keeps what it has computed for each conversation, so that a
// turn costs only what is new in it.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine {

enum class Role { system, user, assistant };

struct Message {
    Role role = Role::user;
    std::string text;  ///< UTF-8
    bool operator==(const Message&) const = default;
};

/// Names one conversation; the caller chooses it, unique within the process.
enum class ConversationId : std::uint64_t {};

struct GenerationRequest {
    ConversationId conversation{};
    std::vector<Message> messages;  ///< the whole conversation; system first, the last one from the user
    int max_tokens = 256;
    float temperature = 0.0F;            ///< 0: always the likeliest token
    std::optional<std::uint32_t> seed;   ///< for temperature > 0; none: from the operating system
};

enum class FinishReason { stop, length };

struct Generation {
    FinishReason reason = FinishReason::stop;
    int prompt_tokens = 0;     ///< of the whole prompt
    int cached_tokens = 0;     ///< of these, how many had been computed before, by earlier turns or other callers
    int completion_tokens = 0;
};

class LanguageModel {
public:
    /// Takes text as it is made: whole UTF-8 characters, in order, never empty. Runs on a thread of
    /// the model's, so it only hands the text over (posts to a strand) and returns.
    using Sink = std::function<void(std::string_view text)>;

    virtual ~LanguageModel() = default;

    /// Answers the last message. Safe to call from several threads, for different conversations at the
    /// same time (they share each step of the model) but one at a time for the same conversation.
    /// Returns after the last text, or early with
    ///   cancelled    `stop` was requested: at most one more token was computed, the sink is not called
    ///                again, and what is kept of the conversation is what was kept before this call
    ///   invalid      an empty conversation, or a prompt longer than the context (says both lengths)
    ///   conflict     this conversation is being answered already
    ///   overloaded   more conversations at once than there are places; never waits for one
    ///   engine       the backend failed; the conversation can be asked again
    virtual base::Result<Generation> generate(const GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) = 0;

    /// Drops what is kept of a conversation. thread-safe; unknown ones are fine. A generate() of that
    /// conversation that is under way must have been stopped first.
    virtual void forget(ConversationId conversation) = 0;

    /// How many generate() calls may be under way at the same time.
    virtual std::size_t parallel() const noexcept = 0;

    /// Tokens that one conversation can hold, prompt and answer together.
    virtual std::size_t context_tokens() const noexcept = 0;

    /// How many tokens the model would make of this text; an estimate where only a server knows.
    virtual std::size_t count_tokens(std::string_view text) const = 0;
};

}  // namespace antiphon::engine
