#include "store/session_store.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::store {

std::size_t SessionChange::bytes() const {
    const auto length = [](const auto& text) { return text ? text->size() : 0; };
    std::size_t sum = sizeof *this + owner.size() + length(settings) + length(token_hash) + length(summary);
    for (const StoredItem& item : items) sum += sizeof item + item.id.size() + item.body.size();
    for (const std::string& id : removed) sum += sizeof id + id.size();
    if (order)
        for (const std::string& id : *order) sum += sizeof id + id.size();
    return sum;
}

SessionChange merged(SessionChange older, SessionChange newer) {
    if (newer.whole) return newer;
    older.owner = std::move(newer.owner);
    if (newer.settings) older.settings = std::move(newer.settings);
    if (newer.token_hash) older.token_hash = std::move(newer.token_hash);
    if (newer.summary) older.summary = std::move(newer.summary);
    if (newer.order) older.order = std::move(newer.order);
    for (std::string& id : newer.removed) {
        std::erase_if(older.items, [&](const StoredItem& item) { return item.id == id; });
        if (std::find(older.removed.begin(), older.removed.end(), id) == older.removed.end())
            older.removed.push_back(std::move(id));
    }
    for (StoredItem& item : newer.items) {
        std::erase(older.removed, item.id);
        const auto known = std::find_if(older.items.begin(), older.items.end(),
                                        [&](const StoredItem& other) { return other.id == item.id; });
        if (known == older.items.end()) older.items.push_back(std::move(item));
        else known->body = std::move(item.body);
    }
    return older;
}

}  // namespace antiphon::store
