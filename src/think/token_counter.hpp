// How many tokens the items of a conversation take, each counted once.
//
// strand. Belongs to one call. Without a count a text has at most as many tokens as bytes: whoever finds that
// enough does not ask.
#pragma once

#include "engine/language_model.hpp"
#include "think/item.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

namespace antiphon::think {

/// What a chat template puts around each message and each tool, with something to spare.
constexpr std::size_t kTokensAroundEach = 12;

/// All that the item brings into a prompt.
std::string text_of(const Item& item);

class TokenCounter {
public:
    /// A count, and the text that it belongs to.
    struct Counted {
        std::size_t hash = 0;
        std::size_t tokens = 0;
    };

    /// The model is asked for the number of tokens; it must outlive this.
    explicit TokenCounter(const engine::LanguageModel& model) : model_(model) {}

    /// A long text is counted by its beginning: a turn must not wait for a book to be cut into tokens.
    std::size_t tokens_in(std::string_view text) const;

    /// The same and what stands around it; counted anew only when the text is another one.
    std::size_t tokens_of(Counted& counted, std::string_view text) const;
    std::size_t tokens_of(const Item& item);

    /// Forgets items that were deleted, once there are many; `items`: how many there are.
    void trim(std::size_t items);

private:
    const engine::LanguageModel& model_;
    std::map<std::string, Counted> counted_;  ///< by the item's id
};

}  // namespace antiphon::think
