// Asks a Redis server one thing after the other, over a connection that is opened when it is needed.
//
// thread-safe, one command at a time; blocks for at most RedisAddress::timeout each where Redis hangs.
#pragma once

#include "base/result.hpp"
#include "store/redis_connection.hpp"

#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

namespace antiphon::store {

class RedisAsker {
public:
    /// Connects with the first command, and after a failure anew with the next.
    explicit RedisAsker(RedisAddress address) : address_(std::move(address)) {}

    const RedisAddress& address() const noexcept { return address_; }

    /// The reply, which is no error. Where the connection was closed meanwhile the command is sent again over a new one,
    /// so it must be one that can be carried out twice. Fails with
    ///   unavailable  no answer in time, or Redis refuses
    ///   invalid      the key is of another kind than the command's
    base::Result<RedisReply> ask(const std::vector<std::string_view>& arguments);

private:
    const RedisAddress address_;
    std::mutex mutex_;
    std::unique_ptr<RedisConnection> connection_;
};

}  // namespace antiphon::store
