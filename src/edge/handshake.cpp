#include "edge/handshake.hpp"

#include <algorithm>
#include <charconv>

namespace antiphon::edge {
namespace {

constexpr std::string_view kRealtime = "realtime";
constexpr std::string_view kBeta = "openai-beta.realtime-v1";
constexpr std::string_view kBetaHeader = "realtime=v1";
constexpr std::string_view kAgents = "openai-agents-sdk.";
constexpr std::size_t kLongestId = 256;
constexpr std::size_t kMostBinary = 1'000'000;

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

base::Result<JoinWish> read_join(const Target& target) {
    const auto value = [&](const char* name) -> const std::string* {
        const auto found = target.query.find(name);
        return found == target.query.end() ? nullptr : &found->second;
    };
    JoinWish wish;
    for (const char* name : {"call_id", "resume", "last_event_id"})
        if (const auto* text = value(name); text != nullptr && text->size() > kLongestId)
            return base::error(base::Errc::invalid, std::string(name) + " is longer than 256 bytes", name);
    wish.call_id = *value("call_id");
    if (const auto* token = value("resume")) wish.resume_token = *token;
    if (const auto* event = value("last_event_id")) wish.from.last_event_id = *event;
    if (const auto* count = value("after_binary")) {
        const char* end = count->data() + count->size();
        const auto [stop, failure] = std::from_chars(count->data(), end, wish.from.after_binary);
        if (failure != std::errc{} || stop != end || wish.from.after_binary > kMostBinary)
            return base::error(base::Errc::invalid, "after_binary must be a number from 0 to 1000000", "after_binary");
    }
    return wish;
}

}  // namespace antiphon::edge
