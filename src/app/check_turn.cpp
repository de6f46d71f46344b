#include "app/check_turn.hpp"

#include "edge/datagram_exchange.hpp"
#include "edge/stun_message.hpp"

#include <optional>
#include <sstream>

namespace antiphon::app {
namespace {

constexpr int kUnauthorized = 401;
constexpr int kForbidden = 403;
constexpr int kStaleNonce = 438;
constexpr int kQuotaReached = 486;
constexpr int kInsufficientCapacity = 508;

base::Error refusal_of(const edge::StunResponse& response) {
    const std::string text = "it refused with " + std::to_string(response.error) + " " + response.reason;
    switch (response.error) {
        case kQuotaReached:
        case kInsufficientCapacity: return base::error(base::Errc::overloaded, text);
        case kUnauthorized:
        case kForbidden: return base::error(base::Errc::conflict, text);
        default: return base::error(base::Errc::unavailable, text);
    }
}

}  // namespace

base::Result<std::string> ask_for_relay(const edge::IceUrl& server, const std::string& username,
                                        const std::string& password, base::Duration limit) {
    auto exchange = edge::DatagramExchange::open(server.host, server.port);
    if (!exchange) return exchange.error();
    const base::Time give_up = base::Clock::now() + limit;
    std::optional<edge::StunCredential> credential;
    // Once to learn the realm and the nonce, once with them, and once more should the nonce have gone stale meanwhile.
    for (int attempt = 0; attempt < 3; ++attempt) {
        const auto id = edge::random_transaction();
        const auto read = [&id](std::span<const std::uint8_t> bytes) { return edge::read_stun_response(bytes, id); };
        const auto response = exchange->ask(edge::allocate_request(id, credential), read, give_up);
        if (!response) return response.error();
        if (response->success) {
            if (!response->relayed) return base::error(base::Errc::unavailable, "it named no relay address");
            std::ostringstream relay;
            relay << *response->relayed;
            if (credential) {
                // Best effort: without the answer the allocation goes by itself, ten minutes later.
                const auto done = edge::random_transaction();
                const auto any = [&done](std::span<const std::uint8_t> bytes) {
                    return edge::read_stun_response(bytes, done);
                };
                (void)exchange->ask(edge::release_request(done, *credential), any, give_up);
            }
            return relay.str();
        }
        const bool asked_for_more = (response->error == kUnauthorized && !credential) || response->error == kStaleNonce;
        if (!asked_for_more) return refusal_of(*response);
        credential = edge::StunCredential{username, password, response->realm, response->nonce};
    }
    return base::error(base::Errc::unavailable, "it asks for the credentials again and again");
}

}  // namespace antiphon::app
