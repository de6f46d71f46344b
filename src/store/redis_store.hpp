// Sessions in a Redis server, each one hash under antiphon:session:ID. Any server process of the same Redis can go on
// with any of them.
//
// thread-safe, one command at a time. What Redis has answered stands as firmly as its own settings say: docs/sessions.md.
// Redis 4 or later; needs EVAL, HGET, HSET, HDEL, HKEYS, HGETALL, DEL, SET and PEXPIRE on antiphon:*.
#pragma once

#include "base/clock.hpp"
#include "store/redis_asker.hpp"
#include "store/session_store.hpp"

#include <string>

namespace antiphon::store {

class RedisStore final : public SessionStore {
public:
    /// Connects with the first command, and after a failure anew with the next. A session that is not written for
    /// `lifetime` is forgotten by Redis.
    RedisStore(RedisAddress address, base::milliseconds lifetime);

    bool durable() const noexcept override { return true; }
    base::Result<Written> write(const std::string& id, const SessionChange& change) override;
    base::Result<StoredSession> claim(const std::string& id, const std::string& token_hash,
                                      const std::string& owner) override;
    base::Result<bool> erase(const std::string& id, const std::string& owner) override;
    base::Result<void> check() override;

private:
    RedisAsker redis_;
    const std::string lifetime_;  ///< milliseconds
};

}  // namespace antiphon::store
