// One connection to a Redis server: a command goes, its reply comes, within a time.
//
// One thread at a time. Commands are vectors of arguments, each of any bytes: nothing is ever put into a format or
// quoted. hiredis connects, writes the protocol and reads it (docs/decisions/0017-hiredis.md); the bytes are sent and
// received here, so that a server that hangs, or drips, holds nobody up beyond the limits.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct redisContext;

namespace antiphon::store {

struct RedisAddress {
    std::string host;    ///< a name or an address; not looked at when there is a socket
    std::uint16_t port = 6379;
    std::string socket;  ///< path of a unix socket
    std::string user;    ///< of an ACL; empty: the default user
    std::string password;
    /// Of connecting, and of a command in which nothing moves; one in which something does may take ten times as long.
    base::milliseconds timeout{1'000};

    /// "host:port" or the socket's path, for messages.
    std::string in_words() const;
};

struct RedisReply {
    enum class Kind { text, integer, nothing, list, error };
    Kind kind = Kind::nothing;
    std::string text;  ///< of a text, a status or an error
    std::int64_t integer = 0;
    std::vector<RedisReply> list;
};

class RedisConnection {
public:
    /// Connects, and gives user and password where there are any. Fails with `unavailable`.
    static base::Result<std::unique_ptr<RedisConnection>> open(const RedisAddress& address);

    ~RedisConnection();
    RedisConnection(const RedisConnection&) = delete;
    RedisConnection& operator=(const RedisConnection&) = delete;

    /// What the server answers, be it an error. Fails with `unavailable` when there is no answer in time, or none that
    /// is Redis' protocol: whether the command was carried out is not known then, and the connection is of no more use.
    base::Result<RedisReply> command(const std::vector<std::string_view>& arguments);

    /// Whether the last failure was that nothing came in time.
    bool timed_out() const { return timed_out_; }

private:
    RedisConnection(const RedisAddress& address, redisContext* context);

    base::Result<void> send(std::string_view bytes, base::Time& patience, base::Time last);
    base::Result<void> receive(base::Time& patience, base::Time last);
    base::Result<void> wait_for(short events, base::Time patience, base::Time last);
    base::Error failure(std::string_view what) const;

    const RedisAddress address_;
    redisContext* const context_;
    bool timed_out_ = false;
    std::size_t received_ = 0;  ///< of the reply that is being read
};

}  // namespace antiphon::store
