#include "edge/handshake.hpp"

#include <algorithm>

namespace antiphon::edge {
namespace {

constexpr std::string_view kRealtime = "realtime";
constexpr std::string_view kBeta = "openai-beta.realtime-v1";
constexpr std::string_view kBetaHeader = "realtime=v1";
constexpr std::string_view kAgents = "openai-agents-sdk.";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// Calls `each` for every member of a comma-separated list.
template <typename Each>
void for_each_member(std::string_view list, Each each) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        each(trimmed(list.substr(0, comma)));
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
}

}  // namespace

Handshake read_handshake(std::string_view subprotocols, std::string_view beta, const Target& target) {
    Handshake handshake;
    const auto speaks_beta = [&] { handshake.wire.dialect = protocol::Dialect::beta; };
    std::string_view second_best;
    for_each_member(subprotocols, [&](std::string_view offered) {
        if (offered == kRealtime) handshake.subprotocol = kRealtime;
        if (offered == kBeta) speaks_beta();
        if (offered == kBeta || offered.starts_with(kAgents)) second_best = offered;
    });
    if (handshake.subprotocol.empty()) handshake.subprotocol = second_best;
    for_each_member(beta, [&](std::string_view version) {
        if (version == kBetaHeader) speaks_beta();
    });
    if (target.query.contains("api-key")) speaks_beta();
    const auto intent = target.query.find("intent");
    handshake.wire.transcription = intent != target.query.end() && intent->second == "transcription";
    return handshake;
}

}  // namespace antiphon::edge
