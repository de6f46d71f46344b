// The thinking lane of a call: a conversation in, words and tool calls out as they are made.
//
// strand. The language model runs on its workers; what it makes and the end come back by posts to the strand.
// After cancel() or close() nothing of that turn reaches the handler but on_thinking_wasted. A model takes
// one request of a conversation at a time, so a new one waits until a cancelled one has returned, which is
// at most one token later.
#pragma once

#include "base/anchor.hpp"
#include "base/ids.hpp"
#include "base/strand.hpp"
#include "base/workers.hpp"
#include "engine/language_model.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace antiphon::think {

/// An engine::Fragment that can be kept.
struct ThoughtPart {
    std::string text;                 ///< words, or the next part of a call's arguments
    std::optional<std::size_t> call;  ///< which call of this answer; none: words
    std::string tool;                 ///< its name, with its first part
};

class Thinker {
public:
    /// Called on the strand from a posted task.
    class Handler {
    public:
        virtual ~Handler() = default;
        virtual void on_thought_part(base::TurnId turn, const ThoughtPart& part) = 0;
        virtual void on_thought(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy) = 0;
        /// A cancelled generation has ended.
        virtual void on_thinking_wasted(base::Duration busy) = 0;
    };

    Thinker(std::shared_ptr<base::Strand> strand, engine::LanguageModel& model, base::Workers& workers, Handler& handler);

    /// Begins to answer; a turn that is under way is cancelled first. A refusal of the workers comes
    /// through on_thought as `overloaded`.
    void start(base::TurnId turn, engine::GenerationRequest request);

    /// The same beside the call: only while the workers have nothing else to do, and ended as `cancelled` when they
    /// get something, from whatever call. What it makes comes under `turn`, like an answer. Refused with `overloaded`,
    /// and nothing is changed, while anything is thought here or by the workers.
    base::Result<void> start_spare(base::TurnId turn, engine::GenerationRequest request);

    /// Whether what is made for this turn is still wanted.
    bool thinks(base::TurnId turn) const { return current_ == turn; }

    void cancel();
    void close();

private:
    struct Wanted {
        base::TurnId turn;
        engine::GenerationRequest request;
    };

    void submit(Wanted wanted);
    /// Asks the model, until its end; to be run by a worker.
    base::Workers::Job job(Wanted wanted);
    void take_part(base::TurnId turn, const ThoughtPart& part);
    void finish(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy);

    const std::shared_ptr<base::Strand> strand_;
    engine::LanguageModel& model_;
    base::Workers& workers_;
    Handler& handler_;

    std::optional<base::TurnId> current_;  ///< whose results are wanted
    std::optional<Wanted> next_;           ///< waits for the cancelled one
    std::stop_source stop_;
    bool running_ = false;                 ///< a job has been submitted and has not come back
    base::Anchor<Thinker> anchor_;
};

}  // namespace antiphon::think
