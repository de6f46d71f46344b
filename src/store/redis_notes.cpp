#include "store/redis_notes.hpp"

#include <string_view>

namespace antiphon::store {
namespace {

constexpr std::string_view kPrefix = "antiphon:note:";

// ARGV: the value, how long. One script, so that no note is ever left without its end.
constexpr std::string_view kKeep = R"(
redis.call('HSET', KEYS[1], 'value', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'done')";

std::string key_of(const std::string& name) { return std::string(kPrefix) + name; }

}  // namespace

base::Result<void> RedisNotes::keep(const std::string& name, const std::string& value, base::milliseconds life) {
    const auto reply = redis_.ask({"EVAL", kKeep, "1", key_of(name), value, std::to_string(life.count())});
    if (!reply) return reply.error();
    return {};
}

base::Result<std::optional<std::string>> RedisNotes::read(const std::string& name) {
    const auto reply = redis_.ask({"HGET", key_of(name), "value"});
    if (!reply) return reply.error();
    if (reply->kind != RedisReply::Kind::text) return std::optional<std::string>();
    return std::optional<std::string>(reply->text);
}

base::Result<bool> RedisNotes::remove(const std::string& name) {
    const auto reply = redis_.ask({"DEL", key_of(name)});
    if (!reply) return reply.error();
    return reply->integer == 1;
}

}  // namespace antiphon::store
