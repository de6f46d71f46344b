// The history of one conversation: what was said, and what of the answers was really heard.
//
// pure. Items keep their order; ids are unique. Owned by one call.
#pragma once

#include "base/result.hpp"
#include "think/item.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::think {

class Dialogue {
public:
    /// More items than this are refused: a client must not grow the process without end.
    static constexpr std::size_t kMaxItems = 4096;

    /// Adds an item after the one named `previous` (none: at the end, "root": at the start) and answers
    /// the id of the item before it, empty at the start. `not_found` for an unknown `previous`,
    /// `conflict` for an id that is taken, `overloaded` beyond kMaxItems.
    base::Result<std::string> add(Item item, const std::optional<std::string>& previous = std::nullopt);

    Item* find(const std::string& id);
    const std::vector<Item>& items() const { return items_; }

    /// Whether there was such an item.
    bool erase(const std::string& id);

    /// The conversation as the language model takes it: the instructions, then every item with words;
    /// neighbours of the same role become one message, since chat templates want the roles to alternate.
    /// `pending`: what the caller is believed to have said but has not committed yet.
    std::vector<engine::Message> messages(const std::string& instructions,
                                          const std::optional<std::string>& pending = std::nullopt) const;

private:
    std::vector<Item> items_;
};

/// The same for a list of items that is no conversation.
std::vector<engine::Message> messages_of(const std::vector<Item>& items, const std::string& instructions);

}  // namespace antiphon::think
