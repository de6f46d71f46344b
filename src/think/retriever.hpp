// The looking-up lane of a call: the caller's words in, passages of its documents out, in time or not at all.
//
// strand. The search runs on the workers and comes back by a post to the strand. It begins on words that may still change
// (a partial transcript); when the turn's words are the same, the passages are there already.
#pragma once

#include "base/anchor.hpp"
#include "base/ids.hpp"
#include "base/strand.hpp"
#include "think/knowledge.hpp"

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::think {

class Retriever {
public:
    /// Called on the strand from a posted task.
    class Handler {
    public:
        virtual ~Handler() = default;
        /// Once for each start() that was not cancelled: the passages that fit, or none when there are none, when the
        /// search failed (the log says why), and when the budget is over.
        virtual void on_passages(base::TurnId turn, std::vector<store::FoundPassage> passages) = 0;
    };

    /// `knowledge`: null: there is none. `collection`: empty: the call has none.
    Retriever(const KnowledgeSettings& settings, std::string collection, std::string call,
              std::shared_ptr<base::Strand> strand, const Knowledge* knowledge, Handler& handler);

    /// Whether there is anything to look into. Without, nothing below may be called but cancel(), forget() and close().
    bool has_documents() const { return knowledge_ != nullptr && !collection_.empty(); }

    /// Begins to search for words that may still change. One such search runs at a time, and the newest words wait.
    void look_ahead(const std::string& words);

    /// What was found ahead belongs to words that nobody says any more.
    void forget();

    /// Searches for a turn's words; the turn before is cancelled. When the budget is over before they were found, the
    /// passages that were found ahead are given.
    void start(base::TurnId turn, const std::string& words);

    /// After it, nothing of the turn reaches the handler.
    void cancel();
    void close();

private:
    struct Search {
        unsigned long long number = 0;
        std::string words;
        std::stop_source stop;
    };
    struct Found {
        std::string words;
        std::vector<store::FoundPassage> passages;
        bool given = false;  ///< to a turn: no other turn may have it in place of its own
    };
    struct Wanted {
        base::TurnId turn;
        std::string words;
    };

    void submit(const std::string& words);
    void finish(unsigned long long number, base::Result<std::vector<store::FoundPassage>> found);
    void deliver();
    void budget_is_over(base::TurnId turn);

    const KnowledgeSettings settings_;
    const std::string collection_;
    const std::string call_;
    const std::shared_ptr<base::Strand> strand_;
    const Knowledge* const knowledge_;
    Handler& handler_;

    unsigned long long last_number_ = 0;
    std::optional<Search> running_;          ///< whose result counts
    std::optional<std::string> next_ahead_;  ///< waits for the one that runs
    std::optional<Found> found_;
    std::optional<Wanted> wanted_;
    base::Anchor<Retriever> anchor_;
};

}  // namespace antiphon::think
