// A session as a store is given it at first.
#pragma once

#include "store/session_store.hpp"

#include <string>
#include <utility>
#include <vector>

namespace antiphon::store {

inline SessionChange whole_session(const std::string& owner, std::vector<StoredItem> items) {
    SessionChange change;
    change.owner = owner;
    change.whole = true;
    change.settings = "{\"type\":\"realtime\"}";
    change.token_hash = "hash";
    change.order.emplace();
    for (const StoredItem& item : items) change.order->push_back(item.id);
    change.items = std::move(items);
    return change;
}

}  // namespace antiphon::store
