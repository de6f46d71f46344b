// The history of one conversation: what was said, and what of the answers was really heard.
//
// pure. Items keep their order; ids are unique. Owned by one call.
#pragma once

#include "base/result.hpp"
#include "think/item.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::think {

class Dialogue {
public:
    /// More items than this are refused: a client must not grow the process without end.
    static constexpr std::size_t kMaxItems = 4096;

    /// Adds an item after the one named `previous` (none: at the end, "root": at the start) and answers
    /// the id of the item before it, empty at the start. Fails with
    ///   not_found   an unknown `previous`, or the output of an unknown call
    ///   conflict    an id or the id of a call that is taken, or a second output for a call
    ///   overloaded  more than kMaxItems
    base::Result<std::string> add(Item item, const std::optional<std::string>& previous = std::nullopt);

    /// To be changed: counts as a change.
    Item* find(const std::string& id);
    const Item* find(const std::string& id) const;
    const std::vector<Item>& items() const { return items_; }

    /// Whether there was such an item.
    bool erase(const std::string& id);

    /// The id of the item before this one; empty at the start, and for one that is not there.
    std::string before(const std::string& id) const;

    /// Another number whenever an item may have come, gone or changed.
    std::uint64_t changes() const { return changes_; }

private:
    base::Result<void> check_call(const Item& item) const;

    std::vector<Item> items_;
    std::uint64_t changes_ = 0;
};

}  // namespace antiphon::think
