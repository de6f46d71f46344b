#include "edge/session_metrics.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace antiphon::edge {
namespace {

constexpr const char* kOther = "other";

/// What RealtimeSession::finish() is told.
constexpr std::array<std::string_view, 15> kReasons{
    "closed_by_client", "closed_by_server", "vanished", "timed_out", "too_slow", "protocol_violated", "message_too_big",
    "handshake_failed", "hung_up", "not_resumed", "not_connected", "line_ended", "shut_down", "taken_elsewhere", kOther};

const char* name_of(Transport transport) { return transport == Transport::webrtc ? "webrtc" : "websocket"; }

prometheus::Gauge& connected(base::Metrics& metrics, Transport transport) {
    return metrics.gauge("antiphon_connected_calls", "Calls whose client is connected, by what their sound travels over",
                         {{"transport", name_of(transport)}});
}

prometheus::Counter& connections(base::Metrics& metrics, Transport transport) {
    return metrics.counter("antiphon_connections_total", "How often a call came to be connected over a transport",
                           {{"transport", name_of(transport)}});
}

prometheus::Counter& ends(base::Metrics& metrics, std::string_view reason) {
    return metrics.counter("antiphon_call_ends_total", "Ends of calls, also of those that never began, by their reason",
                           {{"reason", std::string(reason)}});
}

prometheus::Counter& losses(base::Metrics& metrics) {
    return metrics.counter("antiphon_call_losses_total", "How often the client of a call that waits for it was lost");
}

prometheus::Counter& returns(base::Metrics& metrics) {
    return metrics.counter("antiphon_call_returns_total", "How often a client took its call over by a new connection");
}

}  // namespace

void SessionMetrics::announce() const {
    for (const Transport transport : {Transport::websocket, Transport::webrtc}) {
        connected(metrics_, transport);
        connections(metrics_, transport);
    }
    for (const std::string_view reason : kReasons) ends(metrics_, reason);
    losses(metrics_);
    returns(metrics_);
}

void SessionMetrics::moved(Transport from, Transport to) const {
    if (from == to) return;
    if (from != Transport::none) connected(metrics_, from).Decrement();
    if (to == Transport::none) return;
    connected(metrics_, to).Increment();
    connections(metrics_, to).Increment();
}

void SessionMetrics::ended(std::string_view reason) const {
    const bool known = std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
    ends(metrics_, known ? reason : kOther).Increment();
}

void SessionMetrics::lost() const { losses(metrics_).Increment(); }

void SessionMetrics::came_back() const { returns(metrics_).Increment(); }

}  // namespace antiphon::edge
