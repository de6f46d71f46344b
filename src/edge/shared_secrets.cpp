#include "edge/shared_secrets.hpp"

#include "base/log.hpp"
#include "edge/access_keys.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

/// That wait for Redis; far more than the calls that begin in its worst second.
constexpr std::size_t kMostWaiting = 256;
constexpr std::chrono::seconds kPauseAfterFailure{1};

std::string name_of(std::string_view secret) { return "secret:" + in_hex(hash_of_key(secret)); }

/// What comes from nowhere but new_secret() is not asked for.
bool can_be_secret(std::string_view secret) {
    static const std::size_t length = new_secret().size();
    return secret.size() == length && secret.starts_with(kSecretPrefix);
}

std::string to_note(const PreparedCall& call) {
    return json::serialize(json::object{{"agent", call.agent},
                                        {"model", call.model},
                                        {"session", call.session},
                                        {"origin", call.binding.origin},
                                        {"key", call.binding.key}});
}

/// Another version, or somebody else, may have written it.
std::optional<PreparedCall> from_note(const std::string& note) {
    boost::system::error_code failure;
    const auto value = json::parse(note, failure);
    const auto* object = failure ? nullptr : value.if_object();
    if (object == nullptr) return std::nullopt;
    PreparedCall call;
    for (const auto& [name, text] : {std::pair{"agent", &call.agent}, std::pair{"model", &call.model},
                                     std::pair{"session", &call.session}, std::pair{"origin", &call.binding.origin},
                                     std::pair{"key", &call.binding.key}}) {
        const auto* field = object->if_contains(name);
        if (field == nullptr || !field->is_string()) return std::nullopt;
        *text = std::string(field->get_string());
    }
    return call;
}

}  // namespace

SharedSecrets::SharedSecrets(ClientSecrets& here, std::unique_ptr<store::Notes> notes, std::size_t most)
    : here_(here), notes_(std::move(notes)), most_(most),
      pool_(std::make_unique<base::WorkerPool>("secrets", 1, kMostWaiting)) {}

void SharedSecrets::make(PreparedCall call, base::Duration life, Made done) {
    submit([this, call = std::move(call), life]() mutable { return make_there(std::move(call), life); }, std::move(done));
}

void SharedSecrets::take(std::string secret, std::string origin, Taken done) {
    auto taken = here_.take(secret, origin, base::Clock::now());
    if (taken || taken.error().code != base::Errc::not_found || !can_be_secret(secret)) return done(std::move(taken));
    submit([this, secret = std::move(secret), origin = std::move(origin)] { return take_there(secret, origin); },
           std::move(done));
}

void SharedSecrets::look_at(std::string secret, Found done) {
    auto found = here_.look_at(secret, base::Clock::now());
    if (found || !can_be_secret(secret)) return done(std::move(found));
    submit(
        [this, secret = std::move(secret)]() -> base::Result<SecretBinding> {
            auto call = read_there(secret);
            if (!call) return call.error();
            return std::move(call->binding);
        },
        std::move(done));
}

void SharedSecrets::close() {
    std::unique_ptr<base::WorkerPool> pool;
    {
        const std::scoped_lock lock(mutex_);
        pool.swap(pool_);
    }
}

base::Result<std::string> SharedSecrets::make_there(PreparedCall call, base::Duration life) {
    const base::Time now = base::Clock::now();
    life = std::min(life, here_.longest());
    if (auto counted = count(now, life); !counted) return counted.error();
    std::string secret = new_secret();
    const auto kept = ask([&] {
        return notes_->keep(name_of(secret), to_note(call), std::chrono::duration_cast<base::milliseconds>(life));
    });
    if (kept) return secret;
    base::log::warning("client_secret.kept_here", {{"because", kept.error().text}});
    if (auto here = here_.keep(secret, std::move(call), now, life); !here) return here.error();
    return secret;
}

base::Result<PreparedCall> SharedSecrets::read_there(std::string_view secret) {
    const auto note = ask([&] { return notes_->read(name_of(secret)); });
    if (!note) return note.error();
    if (!*note) return opens_nothing();
    if (auto call = from_note(**note)) return std::move(*call);
    base::log::error("client_secret.unreadable", {{"what", "what Redis keeps of it is none of ours"}});
    return opens_nothing();
}

base::Result<PreparedCall> SharedSecrets::take_there(std::string_view secret, std::string_view origin) {
    auto call = read_there(secret);
    if (!call) return call;
    if (auto right = check_origin_of_secret(call->binding.origin, origin); !right) return right.error();
    const auto removed = ask([&] { return notes_->remove(name_of(secret)); });
    if (!removed) return removed.error();
    if (!*removed) return opens_nothing();
    return call;
}

template <typename Ask>
auto SharedSecrets::ask(Ask question) -> decltype(question()) {
    const base::Time now = base::Clock::now();
    if (now < ask_again_) return base::error(base::Errc::unavailable, "Redis has just not answered");
    auto answer = question();
    if (!answer && answer.error().code == base::Errc::unavailable) ask_again_ = base::Clock::now() + kPauseAfterFailure;
    return answer;
}

base::Result<void> SharedSecrets::count(base::Time now, base::Duration life) {
    const std::scoped_lock lock(mutex_);
    std::erase_if(expiries_, [&](base::Time expires) { return expires <= now; });
    if (expiries_.size() >= most_)
        return base::error(base::Errc::overloaded,
                           std::to_string(most_) + " client secrets have been made within a minute; they expire by then");
    expiries_.push_back(now + life);
    return {};
}

template <typename Work, typename Done>
void SharedSecrets::submit(Work work, Done done) {
    base::Result<void> taken;
    {
        const std::scoped_lock lock(mutex_);
        if (!pool_) return;
        taken = pool_->submit([work = std::move(work), done]() mutable { done(work()); });
    }
    if (!taken) done(taken.error());
}

}  // namespace antiphon::edge
