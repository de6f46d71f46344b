// Chooses which items of a long conversation the language model is given: the newest that fit.
//
// strand. Belongs to one call. The history itself is never cut. What was left out once stays out, so that
// the prompt keeps its beginning from turn to turn and the model's cache stays good. What takes the place
// of the items that are left out (a summary) would be put in here, behind the instructions.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"
#include "think/item.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
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
};

class PromptWindow {
public:
    /// The model is asked for the number of tokens; it must outlive this.
    explicit PromptWindow(const engine::LanguageModel& model) : model_(model) {}

    /// The prompt of the conversation. The oldest items go first: a call together with its output, and
    /// with the caller's words the answers to them, so that what is left begins with the caller. What came
    /// after the caller's last words is never left out, nor are these words: a prompt that is too long even
    /// so is refused by the model. Counts tokens only when the bytes alone do not show that all fits, and
    /// each item once.
    base::Result<std::vector<engine::Message>> messages(const std::vector<Item>& items, const PromptFrame& frame,
                                                        const PromptLimits& limits);

    bool left_out(const std::string& item_id) const { return left_out_.contains(item_id); }

private:
    struct Counted {
        std::size_t hash = 0;  ///< of the text that was counted
        std::size_t tokens = 0;
    };
    struct Line {
        const Item* item;
        std::size_t tokens;
    };

    std::size_t tokens_in(std::string_view text) const;
    std::size_t tokens_of(Counted& counted, std::string_view text) const;
    void leave_out_oldest(const std::vector<Line>& lines, std::size_t room, bool all);

    const engine::LanguageModel& model_;
    std::set<std::string> left_out_;
    std::map<std::string, Counted> counted_;  ///< by the item's id
    Counted frame_;
};

}  // namespace antiphon::think
