// Notes in a Redis server, each one hash under antiphon:note:NAME.
//
// thread-safe, one command at a time. It needs of Redis what RedisStore needs.
#pragma once

#include "store/notes.hpp"
#include "store/redis_asker.hpp"

#include <utility>

namespace antiphon::store {

class RedisNotes final : public Notes {
public:
    explicit RedisNotes(RedisAddress address) : redis_(std::move(address)) {}

    base::Result<void> keep(const std::string& name, const std::string& value, base::milliseconds life) override;
    base::Result<std::optional<std::string>> read(const std::string& name) override;
    base::Result<bool> remove(const std::string& name) override;

private:
    RedisAsker redis_;
};

}  // namespace antiphon::store
