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

enum class Role { system, user, assistant, tool };

/// What the model may ask for: a function of the client's.
struct Tool {
    std::string name;         ///< letters, digits, '_' and '-', at most 64
    std::string description;
    std::string parameters;   ///< a JSON Schema object; empty: none
    bool operator==(const Tool&) const = default;
};

enum class ToolUse { automatic, none, required };

struct ToolChoice {
    ToolUse use = ToolUse::automatic;
    std::string name;  ///< with `required`: this tool and no other; empty: any
    bool operator==(const ToolChoice&) const = default;
};

/// A use of a tool that the model has asked for.
struct ToolCall {
    std::string id;         ///< the caller of the model gives it ("call_..."); unique in the conversation
    std::string name;
    std::string arguments;  ///< a JSON object
    bool operator==(const ToolCall&) const = default;
};

struct Message {
    Role role = Role::user;
    std::string text;             ///< UTF-8; of a tool: what it gave back
    std::vector<ToolCall> calls{};  ///< of the assistant: what it asked for, after its text
    std::string call_id{};          ///< of a tool: the id of the call that it answers
    bool operator==(const Message&) const = default;
};

/// Names one conversation; the caller chooses it, unique within the process.
enum class ConversationId : std::uint64_t {};

struct GenerationRequest {
    ConversationId conversation{};
    std::vector<Message> messages;  ///< the whole conversation; system first, the last one from the user or a tool
    std::vector<Tool> tools{};
    ToolChoice tool_choice{};       ///< `required` with no tool, or with an unknown one, is `invalid`
    bool parallel_tool_calls = true;  ///< more than one call in one answer
    int max_tokens = 256;
    float temperature = 0.0F;            ///< 0: always the likeliest token
    std::optional<std::uint32_t> seed;   ///< for temperature > 0; none: from the operating system
};

/// A piece of an answer: words, or a part of a tool call. An answer's words come before its calls, and each
/// call is whole before the next begins.
struct Fragment {
    std::string_view text;            ///< whole UTF-8 characters: words, or the next part of the call's arguments
    std::optional<std::size_t> call;  ///< which call of this answer, counted from 0; none: words
    std::string_view tool;            ///< its name, with the first fragment of each call only
};

enum class FinishReason { stop, length, tool_calls };

struct Generation {
    FinishReason reason = FinishReason::stop;
    int prompt_tokens = 0;     ///< of the whole prompt
    int cached_tokens = 0;     ///< of these, how many had been computed before, by earlier turns or other callers
    int completion_tokens = 0;
};

class LanguageModel {
public:
    /// Takes the answer as it is made, in order. Runs on a thread of the model's, so it only hands the
    /// fragment over (posts to a strand) and returns. The arguments of a call that was given to its end are
    /// a JSON object that fits the tool's parameters as far as the backend can hold the model to them; at
    /// FinishReason::length the last call may be cut short.
    using Sink = std::function<void(const Fragment& fragment)>;

    virtual ~LanguageModel() = default;

    /// Answers the last message. Safe to call from several threads, for different conversations at the
    /// same time (they share each step of the model) but one at a time for the same conversation.
    /// Returns after the last text, or early with
    ///   cancelled    `stop` was requested: at most one more token was computed, the sink is not called
    ///                again, and what is kept of the conversation is what was kept before this call
    ///   invalid      an empty conversation, or a prompt longer than the context (says both lengths), or a
    ///                tool whose name or parameters can't be used (says which)
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
