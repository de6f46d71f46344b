#include "edge/stored_calls.hpp"

#include "base/ids.hpp"
#include "base/log.hpp"
#include "edge/access_control.hpp"
#include "edge/answers.hpp"

#include <utility>

namespace antiphon::edge {
namespace {

Reply store_away_reply() {
    return error_reply(503, "unavailable", "the conversations of other servers cannot be reached now",
                       {{"Retry-After", "2"}});
}

std::variant<ReturningCall, Reply> read(ReturningCall call, const base::Result<store::StoredSession>& session) {
    if (!session && session.error().code == base::Errc::unavailable) return store_away_reply();
    if (!session && session.error().code == base::Errc::not_found) return no_call_reply();
    auto stored = session ? read_stored_call(*session) : base::Result<StoredCall>(session.error());
    if (!stored) {
        base::log::error("call.unreadable", {{"id", call.call_id}, {"because", stored.error().text}});
        return no_call_reply();
    }
    call.stored = std::move(*stored);
    return call;
}

/// The place of a call that is still its key's.
call::CallPlace owned(const ReturningCall& call, call::CallPlace place, const Services& services) {
    if (services.access == nullptr || call.stored.key.empty()) return place;
    struct Both {
        call::CallPlace place;
        std::shared_ptr<void> owned;
    };
    auto of_key = services.access->remember_owner(call.call_id, call.stored.key);
    const auto both = std::make_shared<Both>(Both{std::move(place), std::move(of_key)});
    return {both, both.get()};
}

}  // namespace

void claim_call(const JoinWish& wish, const Services& services, std::shared_ptr<base::Strand> strand, Returned done) {
    ReturningCall call{wish.call_id, *wish.resume_token, base::random_id(""), {}};
    const std::string hash = token_hash(call.token);
    const std::string owner = call.owner;
    const auto asked = services.session_store->claim(
        wish.call_id, hash, owner, [strand, done, call](base::Result<store::StoredSession> session) {
            strand->post([done, call, session = std::move(session)] { done(read(call, session)); });
        });
    if (!asked) strand->post([done] { done(store_away_reply()); });
}

std::shared_ptr<RealtimeSession> revive_call(ReturningCall call, const Services& services,
                                             const std::shared_ptr<base::Strand>& strand, Connections& connections,
                                             call::CallPlace place, std::string client) {
    // Two may come for one call; the second finds it here.
    if (auto session = services.sessions->find(call.call_id)) return session;
    auto agent = agent_of({"", {{"agent", call.stored.agent}}}, services);
    if (!agent) agent = agent_of({}, services);
    call::CallPlace held = owned(call, std::move(place), services);
    return RealtimeSession::make(strand, std::move(held), services, connections, *std::move(agent), std::move(client),
                                 std::move(call));
}

void erase_call(const std::string& call_id, const Services& services, std::shared_ptr<base::Strand> strand,
                std::function<void(Reply)> done) {
    const auto asked = services.session_store->erase(call_id, [strand, done](base::Result<bool> there) {
        strand->post([done, there = std::move(there)] {
            if (!there) done(store_away_reply());
            else if (*there) done({200, "", ""});
            else done(error_reply(404, "call_not_found", "there is no call of that id, or no longer"));
        });
    });
    if (!asked) strand->post([done] { done(store_away_reply()); });
}

}  // namespace antiphon::edge
