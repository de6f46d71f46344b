// Chooses which items of a long conversation the language model is given: the newest that fit.
//
// strand. Belongs to one call. The history itself is never cut. What was left out once stays out, so that
// the prompt keeps its beginning from turn to turn and the model's cache stays good. Items that a summary
// stands for (think/rolling_summary.hpp) are no part of the prompt; the summary is, behind the instructions.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"
#include "think/item.hpp"
#include "think/rolling_summary.hpp"
#include "think/token_counter.hpp"

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace antiphon::think {

struct PromptLimits {
    std::size_t tokens = 0;      ///< that instructions, tools and items may take together
    double keep = 1.0;           ///< when items must go: until the others take this share of their room
    bool may_leave_out = true;   ///< else a conversation that is too long is `invalid`
};

/// What stands before and behind the items.
struct PromptFrame {
    std::string instructions;
    std::vector<engine::Tool> tools;
    std::optional<std::string> pending;  ///< see prompt_of()
    const RollingSummary* summary = nullptr;

    /// The instructions, and what the summary says.
    std::string before_items() const;
};

class PromptWindow {
public:
    /// The counter must outlive this.
    explicit PromptWindow(TokenCounter& counter) : counter_(counter) {}

    /// The prompt of the conversation. The oldest items go first: a call together with its output, and
    /// with the caller's words the answers to them, so that what is left begins with the caller. What came
    /// after the caller's last words is never left out, nor are these words: a prompt that is too long even
    /// so is refused by the model. Counts tokens only when the bytes alone do not show that all fits, and
    /// each item once.
    base::Result<std::vector<engine::Message>> messages(const std::vector<Item>& items, const PromptFrame& frame,
                                                        const PromptLimits& limits);

    bool left_out(const std::string& item_id) const { return left_out_.contains(item_id); }
    /// How many items.
    std::size_t left_out() const { return left_out_.size(); }

    /// The prompt begins otherwise from now on, so what was left out may come back.
    void begin_anew() { left_out_.clear(); }

    /// What the frame takes of PromptLimits::tokens; its bytes are more, and cost no counting.
    std::size_t tokens_around(const PromptFrame& frame);
    static std::size_t bytes_around(const PromptFrame& frame);

private:
    struct Line {
        const Item* item;
        std::size_t tokens;
    };

    void leave_out_oldest(const std::vector<Line>& lines, std::size_t room, bool all);

    TokenCounter& counter_;
    std::set<std::string> left_out_;
    TokenCounter::Counted frame_;
};

}  // namespace antiphon::think
