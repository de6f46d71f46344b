// Sessions in this process: what is used without Redis. Nothing of it outlives a restart.
//
// thread-safe.
#pragma once

#include "base/clock.hpp"
#include "store/session_store.hpp"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::store {

class MemoryStore final : public SessionStore {
public:
    /// A session that is not written for `lifetime` is forgotten. `now` is asked on the thread of each call.
    explicit MemoryStore(base::Duration lifetime, std::function<base::Time()> now = base::Clock::now)
        : lifetime_(lifetime), now_(std::move(now)) {}

    bool durable() const noexcept override { return false; }
    base::Result<Written> write(const std::string& id, const SessionChange& change) override;
    base::Result<StoredSession> claim(const std::string& id, const std::string& token_hash,
                                      const std::string& owner) override;
    base::Result<bool> erase(const std::string& id, const std::string& owner) override;
    base::Result<void> check() override { return {}; }

private:
    struct Entry {
        std::string owner;  ///< empty: it was erased
        std::string token_hash;
        std::string settings;
        std::string summary;
        std::map<std::string, std::string> bodies;
        std::vector<std::string> order;
        base::Time expires;
    };

    void forget_expired();

    const base::Duration lifetime_;
    const std::function<base::Time()> now_;
    std::mutex mutex_;
    std::map<std::string, Entry> sessions_;
};

}  // namespace antiphon::store
