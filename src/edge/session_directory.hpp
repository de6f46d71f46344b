// The calls that can be reached by their id: to be taken over, watched, or hung up.
//
// thread-safe.
#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace antiphon::edge {

class RealtimeSession;

/// A place in the directory; the name is forgotten when the last copy goes.
using DirectoryEntry = std::shared_ptr<void>;

class SessionDirectory : public std::enable_shared_from_this<SessionDirectory> {
public:
    /// `limit` is far beyond what the registry admits; it bounds what a fault could pile up.
    static std::shared_ptr<SessionDirectory> make(std::size_t limit = 4096) {
        return std::shared_ptr<SessionDirectory>(new SessionDirectory(limit));
    }

    /// Null when the directory is full: the call goes on, but nobody finds it. The directory does not keep the session.
    DirectoryEntry add(const std::string& call_id, std::weak_ptr<RealtimeSession> session);

    /// Null when there is no such call, or no longer.
    std::shared_ptr<RealtimeSession> find(const std::string& call_id) const;

    std::size_t size() const;

private:
    explicit SessionDirectory(std::size_t limit) : limit_(limit) {}
    void remove(const std::string& call_id);

    const std::size_t limit_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, std::weak_ptr<RealtimeSession>> sessions_;
};

}  // namespace antiphon::edge
