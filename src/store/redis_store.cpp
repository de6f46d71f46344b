// Each operation is one script, which Redis carries out whole and, with an append-only file, keeps whole. In a script
// that writes, the first write is one that Redis refuses when it is full, so that none stops halfway.
//
// A session's hash has the fields owner, token, settings, summary, order (the items' ids, as netstrings) and item:ID.
// One that was erased has nothing but an empty owner, which no writer is.

#include "store/redis_store.hpp"

#include <charconv>
#include <map>
#include <utility>
#include <vector>

namespace antiphon::store {
namespace {

constexpr std::string_view kPrefix = "antiphon:session:";
constexpr std::string_view kProbe = "antiphon:probe";
constexpr std::string_view kItem = "item:";

// ARGV: owner, lifetime, "whole" or "part", how many fields go, those fields, then pairs of field and value.
constexpr std::string_view kWrite = R"(
local owner = redis.call('HGET', KEYS[1], 'owner')
if owner and owner ~= ARGV[1] then return 'taken' end
if not owner and ARGV[3] ~= 'whole' then return 'missing' end
redis.call('HSET', KEYS[1], 'owner', ARGV[1])
local named = { owner = true }
local first = 5 + tonumber(ARGV[4])
for i = first, #ARGV, 2 do
  redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1])
  named[ARGV[i]] = true
end
for i = 5, first - 1 do redis.call('HDEL', KEYS[1], ARGV[i]) end
if ARGV[3] == 'whole' then
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    if not named[field] then redis.call('HDEL', KEYS[1], field) end
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 'done')";

// ARGV: the token's hash, owner, lifetime.
constexpr std::string_view kClaim = R"(
if redis.call('HGET', KEYS[1], 'token') ~= ARGV[1] then return false end
redis.call('HSET', KEYS[1], 'owner', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return redis.call('HGETALL', KEYS[1]))";

// ARGV: lifetime, and the owner whose it has to be, or nothing. What is to go goes, be there room for the mark that it is gone or not; what never was leaves no mark.
constexpr std::string_view kErase = R"(
local owner = redis.call('HGET', KEYS[1], 'owner')
if not owner or owner == '' then return 0 end
if ARGV[2] ~= '' and owner ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.pcall('HSET', KEYS[1], 'owner', '')
redis.pcall('PEXPIRE', KEYS[1], ARGV[1])
return 1)";

std::string key_of(const std::string& id) { return std::string(kPrefix) + id; }

std::string as_netstrings(const std::vector<std::string>& texts) {
    std::string all;
    for (const std::string& text : texts) all += std::to_string(text.size()) + ":" + text;
    return all;
}

base::Result<std::vector<std::string>> from_netstrings(std::string_view all) {
    std::vector<std::string> texts;
    while (!all.empty()) {
        std::size_t length = 0;
        const auto [end, failed] = std::from_chars(all.data(), all.data() + all.size(), length);
        const auto digits = static_cast<std::size_t>(end - all.data());
        if (failed != std::errc{} || digits >= all.size() || all[digits] != ':' || length > all.size() - digits - 1)
            return base::error(base::Errc::invalid, "the order of a stored session's items cannot be read");
        texts.emplace_back(all.substr(digits + 1, length));
        all.remove_prefix(digits + 1 + length);
    }
    return texts;
}

base::Result<StoredSession> session_of(const RedisReply& reply) {
    std::map<std::string, std::string, std::less<>> fields;
    for (std::size_t i = 0; i + 1 < reply.list.size(); i += 2) fields[reply.list[i].text] = reply.list[i + 1].text;
    auto order = from_netstrings(fields["order"]);
    if (!order) return order.error();
    StoredSession session{fields["settings"], fields["summary"], {}};
    for (std::string& id : *order) {
        const auto body = fields.find(std::string(kItem) + id);
        if (body == fields.end()) return base::error(base::Errc::invalid, "an item of a stored session is not there");
        session.items.push_back({std::move(id), body->second});
    }
    return session;
}

}  // namespace

RedisStore::RedisStore(RedisAddress address, base::milliseconds lifetime)
    : redis_(std::move(address)), lifetime_(std::to_string(lifetime.count())) {}

base::Result<Written> RedisStore::write(const std::string& id, const SessionChange& change) {
    const std::string key = key_of(id);
    const std::string removed = std::to_string(change.removed.size());
    std::vector<std::string> fields;  // made first: the arguments point into it
    for (const std::string& item : change.removed) fields.push_back(std::string(kItem) + item);
    for (const StoredItem& item : change.items) fields.push_back(std::string(kItem) + item.id);
    const std::string order = change.order ? as_netstrings(*change.order) : std::string();

    std::vector<std::string_view> arguments{"EVAL",    kWrite, "1", key, change.owner, lifetime_,
                                            change.whole ? "whole" : "part", removed};
    for (std::size_t i = 0; i < change.removed.size(); ++i) arguments.emplace_back(fields[i]);
    const auto add = [&](std::string_view field, std::string_view value) {
        arguments.push_back(field);
        arguments.push_back(value);
    };
    if (change.settings) add("settings", *change.settings);
    if (change.token_hash) add("token", *change.token_hash);
    if (change.summary) add("summary", *change.summary);
    if (change.order) add("order", order);
    for (std::size_t i = 0; i < change.items.size(); ++i) add(fields[change.removed.size() + i], change.items[i].body);
    const auto reply = redis_.ask(arguments);
    if (!reply) return reply.error();
    if (reply->text == "done") return Written::done;
    if (reply->text == "taken") return Written::taken;
    if (reply->text == "missing") return Written::missing;
    return base::error(base::Errc::unavailable, "Redis at " + redis_.address().in_words() + " gives an answer that is none");
}

base::Result<StoredSession> RedisStore::claim(const std::string& id, const std::string& token_hash,
                                              const std::string& owner) {
    const std::string key = key_of(id);
    const auto reply = redis_.ask({"EVAL", kClaim, "1", key, token_hash, owner, lifetime_});
    if (!reply) return reply.error();
    if (reply->kind != RedisReply::Kind::list) return base::error(base::Errc::not_found, "there is no such session");
    return session_of(*reply);
}

base::Result<bool> RedisStore::erase(const std::string& id, const std::string& owner) {
    const std::string key = key_of(id);
    const auto reply = redis_.ask({"EVAL", kErase, "1", key, lifetime_, owner});
    if (!reply) return reply.error();
    return reply->integer == 1;
}

base::Result<void> RedisStore::check() {
    const auto reply = redis_.ask({"SET", kProbe, "1", "PX", "10000"});
    if (!reply) return reply.error();
    return {};
}

}  // namespace antiphon::store
