#include "edge/message_channel.hpp"

namespace antiphon::edge {

std::string_view name_of(ChannelEnd end) noexcept {
    switch (end) {
        case ChannelEnd::closed_by_client: return "closed_by_client";
        case ChannelEnd::closed_by_server: return "closed_by_server";
        case ChannelEnd::vanished: return "vanished";
        case ChannelEnd::timed_out: return "timed_out";
        case ChannelEnd::too_slow: return "too_slow";
        case ChannelEnd::protocol_violated: return "protocol_violated";
        case ChannelEnd::message_too_big: return "message_too_big";
        case ChannelEnd::handshake_failed: return "handshake_failed";
    }
    return "unknown";
}

}  // namespace antiphon::edge
