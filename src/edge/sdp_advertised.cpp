#include "edge/sdp_answer.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

bool is_six(const std::string& address) { return address.find(':') != std::string::npos; }

bool is_address(const std::string& text) {
    in6_addr any{};
    return inet_pton(is_six(text) ? AF_INET6 : AF_INET, text.c_str(), &any) == 1;
}

/// Loopback, or good on one link alone.
bool is_near(const std::string& address) {
    if (!is_six(address)) return address.starts_with("127.") || address.starts_with("169.254.");
    in6_addr six{};
    if (inet_pton(AF_INET6, address.c_str(), &six) != 1) return false;
    return IN6_IS_ADDR_LOOPBACK(&six) || IN6_IS_ADDR_LINKLOCAL(&six);
}

/// RFC 8445 section 5.1.2.1: that of a host candidate of component 1. The local preference falls from the largest on,
/// so that these come before whatever was gathered.
std::uint32_t priority(std::uint32_t order) { return (126U << 24U) | ((65535U - order) << 8U) | 255U; }

}  // namespace

std::vector<SdpCandidate> advertised(std::vector<SdpCandidate> gathered, const std::string& public_address, bool only) {
    const auto near = [](const SdpCandidate& one) { return is_near(one.address); };
    if (!std::all_of(gathered.begin(), gathered.end(), near))
        gathered.erase(std::remove_if(gathered.begin(), gathered.end(), near), gathered.end());
    if (!is_address(public_address)) return gathered;

    const auto is_host = [](const SdpCandidate& one) { return one.type == "host"; };
    const bool same_family = std::any_of(gathered.begin(), gathered.end(), [&](const auto& one) {
        return is_host(one) && is_six(one.address) == is_six(public_address);
    });
    std::vector<SdpCandidate> all;
    for (const auto& one : gathered) {
        if (!is_host(one) || (same_family && is_six(one.address) != is_six(public_address))) continue;
        const auto same_port = [&](const SdpCandidate& other) { return other.port == one.port; };
        if (std::any_of(all.begin(), all.end(), same_port)) continue;
        const auto order = static_cast<std::uint32_t>(all.size());
        all.push_back({"public" + std::to_string(order), priority(order), public_address, one.port, "host"});
    }
    if (only && !all.empty()) return all;
    for (auto& one : gathered) {
        const auto same_place = [&](const SdpCandidate& other) {
            return other.address == one.address && other.port == one.port;
        };
        if (!std::any_of(all.begin(), all.end(), same_place)) all.push_back(std::move(one));
    }
    return all;
}

}  // namespace antiphon::edge
