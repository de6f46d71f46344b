#include "store/memory_store.hpp"

namespace antiphon::store {

void MemoryStore::forget_expired() {
    const base::Time now = now_();
    std::erase_if(sessions_, [&](const auto& entry) { return entry.second.expires <= now; });
}

base::Result<Written> MemoryStore::write(const std::string& id, const SessionChange& change) {
    const std::scoped_lock lock(mutex_);
    forget_expired();
    const auto found = sessions_.find(id);
    if (found != sessions_.end() && found->second.owner != change.owner) return Written::taken;
    if (found == sessions_.end() && !change.whole) return Written::missing;
    Entry& entry = sessions_[id];
    if (change.whole) entry = Entry{};
    entry.owner = change.owner;
    entry.expires = now_() + lifetime_;
    if (change.settings) entry.settings = *change.settings;
    if (change.token_hash) entry.token_hash = *change.token_hash;
    if (change.summary) entry.summary = *change.summary;
    for (const std::string& item : change.removed) entry.bodies.erase(item);
    for (const StoredItem& item : change.items) entry.bodies[item.id] = item.body;
    if (change.order) entry.order = *change.order;
    return Written::done;
}

base::Result<StoredSession> MemoryStore::claim(const std::string& id, const std::string& token_hash,
                                               const std::string& owner) {
    const std::scoped_lock lock(mutex_);
    forget_expired();
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.owner.empty() || token_hash.empty() ||
        found->second.token_hash != token_hash)
        return base::error(base::Errc::not_found, "there is no such session");
    Entry& entry = found->second;
    entry.owner = owner;
    entry.expires = now_() + lifetime_;
    StoredSession session{entry.settings, entry.summary, {}};
    for (const std::string& item : entry.order) {
        const auto body = entry.bodies.find(item);
        if (body == entry.bodies.end()) return base::error(base::Errc::invalid, "an item of the session is not there");
        session.items.push_back({item, body->second});
    }
    return session;
}

base::Result<bool> MemoryStore::erase(const std::string& id, const std::string& owner) {
    const std::scoped_lock lock(mutex_);
    forget_expired();
    const auto found = sessions_.find(id);
    if (found == sessions_.end() || found->second.owner.empty()) return false;
    if (!owner.empty() && found->second.owner != owner) return false;
    found->second = Entry{};
    found->second.expires = now_() + lifetime_;
    return true;
}

}  // namespace antiphon::store
