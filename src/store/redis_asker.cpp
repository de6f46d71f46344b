#include "store/redis_asker.hpp"

#include <string>
#include <utility>

namespace antiphon::store {

base::Result<RedisReply> RedisAsker::ask(const std::vector<std::string_view>& arguments) {
    const std::scoped_lock lock(mutex_);
    const bool reused = connection_ != nullptr;
    if (!reused) {
        auto opened = RedisConnection::open(address_);
        if (!opened) return opened.error();
        connection_ = std::move(*opened);
    }
    auto reply = connection_->command(arguments);
    if (!reply && reused && !connection_->timed_out()) {
        // A connection that Redis has closed meanwhile says nothing of Redis now; whatever is asked may be asked twice.
        auto opened = RedisConnection::open(address_);
        if (!opened) {
            connection_.reset();
            return opened.error();
        }
        connection_ = std::move(*opened);
        reply = connection_->command(arguments);
    }
    if (!reply) {
        connection_.reset();
        return reply.error();
    }
    if (reply->kind != RedisReply::Kind::error) return reply;
    const bool foreign = reply->text.find("WRONGTYPE") != std::string::npos;
    // A server that is no master any more, or that wants a password by now, is another with the next connection.
    if (!foreign) connection_.reset();
    return base::error(foreign ? base::Errc::invalid : base::Errc::unavailable,
                       "Redis at " + address_.in_words() + " refuses: " + reply->text);
}

}  // namespace antiphon::store
