// What a long conversation's beginning is replaced by in the prompt: a summary that grows with it.
//
// pure. Belongs to one call. It decides when something is to be folded and what, says what the model is to be
// asked, and judges what comes back; it asks nobody itself. The conversation keeps all of its items.
//
// Only whole turns of the caller are folded, from the oldest on: never the newest kNewestTurns, never a call
// without its output that is there already, never an item that is being made. The system's messages are not
// folded: they are instructions. The summary before is a part of what the next one is made of.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"
#include "think/item.hpp"
#include "think/think_settings.hpp"
#include "think/token_counter.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::think {

/// A summary that can be kept.
struct Summary {
    std::string text;                ///< empty: there is none
    std::vector<std::string> items;  ///< the ids of those it stands for
    bool operator==(const Summary&) const = default;
};

/// What is to be summarized now.
struct Folding {
    std::vector<engine::Message> messages;  ///< what the model is asked
    int max_tokens = 0;                     ///< of its answer; one that needs more is refused
    std::vector<std::pair<std::string, std::size_t>> items{};  ///< new ones: the id, and a hash of what it says
    std::uint64_t version = 0;              ///< of the summary that it goes on from
};

class RollingSummary {
public:
    static constexpr std::size_t kNewestTurns = 3;

    /// The counter must outlive this.
    RollingSummary(const SummarySettings& settings, TokenCounter& counter) : settings_(settings), counter_(counter) {}

    /// Whether so few bytes need no counting: all fits below the threshold. `frame`: the bytes of what stands around
    /// the items, the summary with it; `tokens`: the room of all of it.
    bool surely_small(const std::vector<Item>& items, std::size_t frame, std::size_t tokens) const;

    /// What to fold, or nothing. `left`: the tokens that the items may take; `context`: of the model.
    ///   when     summary and items take more than `threshold` of their room
    ///   how far  until the items take half of that, if the newest turns allow it
    ///   at most  what can be asked in one prompt; a turn that is too long for one is shortened in the question
    std::optional<Folding> wanted(const std::vector<Item>& items, std::size_t left, std::size_t context);

    /// The model's answer becomes the summary, without a last sentence that is not whole: `whole` says that the model came
    /// to its end. One that is longer than it may be is cut behind a sentence. Fails, and changes nothing, with
    ///   invalid   it is empty, or less than a third of what it may be is left of one that was cut
    ///   conflict  an item has changed or gone meanwhile
    base::Result<void> take(const std::vector<Item>& items, const Folding& folding, std::string_view text, bool whole);

    /// Drops a summary that does not hold any more: an item of it was deleted or changed, or the output of a call in
    /// it has come. Answers whether it was dropped; wanted() then begins anew.
    bool drop_if_stale(const std::vector<Item>& items);

    /// Goes on from a summary that was kept. One that names an item that is not there is not taken.
    bool restore(const Summary& summary, const std::vector<Item>& items);

    bool folds(const std::string& item_id) const { return folded_.contains(item_id); }
    const Summary& summary() const { return summary_; }

    /// The instructions, and the summary, if there is one, behind them.
    std::string behind(const std::string& instructions) const;

private:
    struct Line {
        const Item* item;
        std::size_t tokens;
    };

    std::vector<Line> lines(const std::vector<Item>& items);
    /// How many of the oldest lines to fold: 0: none.
    std::size_t boundary(const std::vector<Line>& lines, std::size_t keep, std::size_t budget) const;
    Folding folding(const std::vector<Line>& lines, int max_tokens, std::size_t budget) const;

    const SummarySettings settings_;
    TokenCounter& counter_;
    Summary summary_;
    std::map<std::string, std::size_t> folded_;  ///< by id: the hash of what the item said
    std::uint64_t version_ = 0;
    TokenCounter::Counted counted_;              ///< of the summary
};

}  // namespace antiphon::think
