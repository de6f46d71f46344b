// Makes Fragments of what a server sends, in the order that LanguageModel::Sink promises, and holds the server to
// the request: only offered tools, only whole arguments, no more than was asked for.
//
// pure; lives as long as one answer.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"

#include <cstddef>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace antiphon::engine {

class RemoteAnswer {
public:
    /// All three must outlive it.
    RemoteAnswer(const GenerationRequest& request, const LanguageModel::Sink& sink, const std::stop_token& stop)
        : request_(request), sink_(sink), stop_(stop) {}

    // Each of these fails with `cancelled` once a stop is requested, and then calls the sink no more.

    /// Words; dropped once a call has begun, and where they are empty.
    base::Result<void> words(std::string_view text);

    /// A call begins, which ends the one before. `engine` if the tool is not offered. A second one is dropped where
    /// the request allows only one.
    base::Result<void> begin_call(std::string_view name);

    /// The next part of that call's arguments.
    base::Result<void> arguments(std::string_view part);

    /// A server that sends more pieces than tokens were asked for does not know when to stop.
    bool overflows() const noexcept { return pieces_ > static_cast<std::size_t>(request_.max_tokens); }

    /// The server's end of the answer: `reason` as it says, counts as far as it tells them (-1: it does not). `engine`
    /// if the arguments of the last call are no JSON object though the answer was not cut at its length.
    base::Result<Generation> finish(FinishReason reason, int prompt_tokens, int completion_tokens);

    /// How many calls have begun.
    std::size_t calls() const noexcept { return calls_; }

private:
    base::Result<void> give(std::string_view text);
    base::Result<void> end_call();

    const GenerationRequest& request_;
    const LanguageModel::Sink& sink_;
    const std::stop_token& stop_;
    std::size_t pieces_ = 0;
    std::size_t calls_ = 0;
    std::string tool_;            ///< of the call under way, until its first fragment has named it
    std::string arguments_;       ///< of the call under way, as far as they were given
    bool calling_ = false;
    bool dropping_ = false;       ///< the call under way is one too many
};

}  // namespace antiphon::engine
