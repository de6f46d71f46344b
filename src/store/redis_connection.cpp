#include "store/redis_connection.hpp"

#include <hiredis/hiredis.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace antiphon::store {
namespace {

constexpr int kSlowest = 10;  ///< times the timeout, for a command in which something moves
constexpr std::size_t kMostReply = 64U << 20U;

timeval time_value(base::milliseconds length) {
    timeval value{};
    value.tv_sec = static_cast<time_t>(length.count() / 1000);
    value.tv_usec = static_cast<suseconds_t>(length.count() % 1000 * 1000);
    return value;
}

RedisReply taken_from(const redisReply& reply) {
    RedisReply taken;
    const auto text = [&] { return reply.str == nullptr ? std::string() : std::string(reply.str, reply.len); };
    switch (reply.type) {
        case REDIS_REPLY_STRING:
        case REDIS_REPLY_STATUS:
            taken.kind = RedisReply::Kind::text;
            taken.text = text();
            break;
        case REDIS_REPLY_ERROR:
            taken.kind = RedisReply::Kind::error;
            taken.text = text();
            break;
        case REDIS_REPLY_INTEGER:
            taken.kind = RedisReply::Kind::integer;
            taken.integer = reply.integer;
            break;
        case REDIS_REPLY_ARRAY:
            taken.kind = RedisReply::Kind::list;
            for (std::size_t i = 0; i < reply.elements; ++i)
                taken.list.push_back(reply.element[i] == nullptr ? RedisReply{} : taken_from(*reply.element[i]));
            break;
        default: break;
    }
    return taken;
}

}  // namespace

std::string RedisAddress::in_words() const { return socket.empty() ? host + ":" + std::to_string(port) : socket; }

RedisConnection::RedisConnection(const RedisAddress& address, redisContext* context)
    : address_(address), context_(context) {}

RedisConnection::~RedisConnection() { redisFree(context_); }

base::Error RedisConnection::failure(std::string_view what) const {
    return base::error(base::Errc::unavailable, "Redis at " + address_.in_words() + " " + std::string(what));
}

base::Result<std::unique_ptr<RedisConnection>> RedisConnection::open(const RedisAddress& address) {
    const timeval limit = time_value(address.timeout);
    redisContext* context = address.socket.empty()
                                ? redisConnectWithTimeout(address.host.c_str(), address.port, limit)
                                : redisConnectUnixWithTimeout(address.socket.c_str(), limit);
    if (context == nullptr) return base::error(base::Errc::unavailable, "there is no memory for a connection to Redis");
    std::unique_ptr<RedisConnection> connection(new RedisConnection(address, context));
    if (context->err != 0)
        return connection->failure("cannot be reached: " + std::string(static_cast<const char*>(context->errstr)));
    ::fcntl(context->fd, F_SETFL, ::fcntl(context->fd, F_GETFL) | O_NONBLOCK);
    ::fcntl(context->fd, F_SETFD, FD_CLOEXEC);
    if (address.password.empty()) {
        const auto answer = connection->command({"PING"});
        if (!answer) return answer.error();
        if (answer->text.starts_with("NOAUTH")) return connection->failure("wants a password");
        return connection;
    }
    std::vector<std::string_view> arguments{"AUTH"};
    if (!address.user.empty()) arguments.emplace_back(address.user);
    arguments.emplace_back(address.password);
    const auto answer = connection->command(arguments);
    if (!answer) return answer.error();
    if (answer->kind == RedisReply::Kind::error) return connection->failure("refuses the password: " + answer->text);
    return connection;
}

base::Result<RedisReply> RedisConnection::command(const std::vector<std::string_view>& arguments) {
    std::vector<const char*> starts;
    std::vector<std::size_t> lengths;
    for (const std::string_view argument : arguments) {
        starts.push_back(argument.data());
        lengths.push_back(argument.size());
    }
    char* formatted = nullptr;
    const int length = redisFormatCommandArgv(&formatted, static_cast<int>(starts.size()), starts.data(), lengths.data());
    if (length < 0) return failure("was not asked: there is no memory for the command");
    const base::Time last = base::Clock::now() + kSlowest * address_.timeout;
    base::Time patience = base::Clock::now() + address_.timeout;
    const auto sent = send({formatted, static_cast<std::size_t>(length)}, patience, last);
    redisFreeCommand(formatted);
    if (!sent) return sent.error();
    received_ = 0;
    for (;;) {
        void* raw = nullptr;
        if (redisReaderGetReply(context_->reader, &raw) != REDIS_OK)
            return failure("does not speak Redis' protocol: " + std::string(static_cast<const char*>(context_->reader->errstr)));
        if (raw != nullptr) {
            RedisReply reply = taken_from(*static_cast<redisReply*>(raw));
            freeReplyObject(raw);
            return reply;
        }
        if (const auto more = receive(patience, last); !more) return more.error();
    }
}

base::Result<void> RedisConnection::wait_for(short events, base::Time patience, base::Time last) {
    const base::Duration left = std::min(patience, last) - base::Clock::now();
    pollfd waiting{context_->fd, events, 0};
    const int ready = left <= base::Duration::zero()
                          ? 0
                          : ::poll(&waiting, 1, static_cast<int>(std::max<long long>(1, base::whole_milliseconds(left))));
    timed_out_ = ready == 0;
    if (timed_out_) return failure("does not answer in time");
    if (ready < 0 && errno != EINTR) return failure(std::string("is lost: ") + std::strerror(errno));
    return {};
}

base::Result<void> RedisConnection::send(std::string_view bytes, base::Time& patience, base::Time last) {
    while (!bytes.empty()) {
        const auto went = ::send(context_->fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (went > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(went));
            patience = base::Clock::now() + address_.timeout;
        } else if (errno != EAGAIN && errno != EINTR) {
            return failure(std::string("is lost: ") + std::strerror(errno));
        } else if (const auto ready = wait_for(POLLOUT, patience, last); !ready) {
            return ready.error();
        }
    }
    return {};
}

base::Result<void> RedisConnection::receive(base::Time& patience, base::Time last) {
    std::array<char, 16384> piece{};
    const auto came = ::recv(context_->fd, piece.data(), piece.size(), 0);
    if (came == 0) return failure("has closed the connection");
    if (came < 0) {
        if (errno != EAGAIN && errno != EINTR) return failure(std::string("is lost: ") + std::strerror(errno));
        return wait_for(POLLIN, patience, last);
    }
    received_ += static_cast<std::size_t>(came);
    if (received_ > kMostReply) return failure("answers with more than 64 MiB");
    patience = base::Clock::now() + address_.timeout;
    if (redisReaderFeed(context_->reader, piece.data(), static_cast<std::size_t>(came)) != REDIS_OK)
        return failure("was not understood: there is no memory for its answer");
    return {};
}

}  // namespace antiphon::store
