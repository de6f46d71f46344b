#include "app/check_webrtc.hpp"

#include "app/caller_event.hpp"
#include "app/caller_peer.hpp"
#include "app/check_http.hpp"
#include "base/clock.hpp"

namespace antiphon::app {
namespace {

/// A STUN server that does not answer is no reason to keep the offer back.
constexpr std::chrono::seconds kGathering{2};

}  // namespace

base::Result<std::string> try_webrtc(const std::string& calls_url, const std::vector<IceServer>& servers,
                                     const edge::TlsTrust& trust, const std::string& key, std::chrono::seconds limit) {
    const WebRtcLibraryUse library;
    const auto peer = CallerPeer::make(servers, kGathering);
    if (!peer) return base::error(base::Errc::unsupported, peer.error().text);
    const auto answer = http_post(calls_url, "application/sdp", (*peer)->offer(), trust, limit, key);
    if (!answer) return base::error(base::Errc::unsupported, answer.error().text);
    if (answer->status != 201)
        return base::error(base::Errc::unsupported,
                           "it answered " + std::to_string(answer->status) + ": " + refusal_text(answer->body));
    if (const auto taken = (*peer)->answer(answer->body); !taken)
        return base::error(base::Errc::unsupported, taken.error().text);
    if (!(*peer)->receive(base::Clock::now() + limit))
        return base::error(base::Errc::unavailable, "no way over UDP was found");
    const std::string way = (*peer)->remote_address();
    return way.empty() ? "an address unknown" : way;
}

}  // namespace antiphon::app
