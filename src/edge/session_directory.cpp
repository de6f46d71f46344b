#include "edge/session_directory.hpp"

#include <utility>

namespace antiphon::edge {

DirectoryEntry SessionDirectory::add(const std::string& call_id, std::weak_ptr<RealtimeSession> session) {
    const std::scoped_lock lock(mutex_);
    if (sessions_.size() >= limit_ || !sessions_.emplace(call_id, std::move(session)).second) return nullptr;
    return {static_cast<void*>(this), [list = shared_from_this(), call_id](void*) { list->remove(call_id); }};
}

std::shared_ptr<RealtimeSession> SessionDirectory::find(const std::string& call_id) const {
    const std::scoped_lock lock(mutex_);
    const auto found = sessions_.find(call_id);
    return found == sessions_.end() ? nullptr : found->second.lock();
}

std::size_t SessionDirectory::size() const {
    const std::scoped_lock lock(mutex_);
    return sessions_.size();
}

void SessionDirectory::remove(const std::string& call_id) {
    const std::scoped_lock lock(mutex_);
    sessions_.erase(call_id);
}

}  // namespace antiphon::edge
