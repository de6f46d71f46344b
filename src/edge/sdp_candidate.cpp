#include "edge/sdp_candidate.hpp"

#include "edge/sdp_lines.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxFoundation = 32;
constexpr std::uint32_t kMaxPriority = 0x7fffffff;

base::Error malformed(const std::string& why) {
    return base::error(base::Errc::invalid, "the candidate is malformed: " + why);
}

base::Error unusable(const std::string& why) {
    return base::error(base::Errc::unsupported, "the candidate cannot be used: " + why);
}

bool is_name(std::string_view text) {
    return text.size() <= kMaxName && text.find("..") == std::string_view::npos && !text.starts_with('.') &&
           std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
           });
}

/// The address in its usual form; only what one host can have.
base::Result<std::string> read_address(std::string_view text) {
    const std::string address(text.substr(0, kMaxName + 1));
    std::array<char, INET6_ADDRSTRLEN> usual{};
    if (in_addr four{}; inet_pton(AF_INET, address.c_str(), &four) == 1) {
        const auto number = ntohl(four.s_addr);
        if (number >> 24U == 0 || number >> 28U >= 0xe) return unusable("its address is not that of a host");
        return std::string(inet_ntop(AF_INET, &four, usual.data(), usual.size()));
    }
    if (in6_addr six{}; inet_pton(AF_INET6, address.c_str(), &six) == 1) {
        if (IN6_IS_ADDR_UNSPECIFIED(&six) || IN6_IS_ADDR_MULTICAST(&six) || IN6_IS_ADDR_V4MAPPED(&six) ||
            IN6_IS_ADDR_V4COMPAT(&six))
            return unusable("its address is not that of a host");
        return std::string(inet_ntop(AF_INET6, &six, usual.data(), usual.size()));
    }
    if (!is_name(address)) return malformed("its address is neither IPv4, IPv6 nor a name");
    // "1.2.3" and "256.1.1.1" look like names to the grammar; none of them ends in .local.
    if (!address.ends_with(".local") || address.size() == std::strlen(".local"))
        return unusable("its address is a name, and only mDNS names can stand there");
    return address;
}

}  // namespace

base::Result<SdpCandidate> read_candidate(std::string_view line) {
    if (line.size() > kMaxSdpLine) return malformed("it is too long");
    if (!std::all_of(line.begin(), line.end(), [](char c) { return c >= ' ' && c <= '~'; }))
        return malformed("it holds a byte that is not printable ASCII");
    if (line.starts_with("a=")) line.remove_prefix(2);
    constexpr std::string_view kName = "candidate:";
    if (!line.starts_with(kName)) return malformed("it does not begin with candidate:");
    const auto words = sdp_words(line.substr(kName.size()));
    if (words.size() < 8 || words[6] != "typ")
        return malformed("it needs a foundation, component, transport, priority, address, port and typ");

    SdpCandidate candidate;
    if (!is_ice_text(words[0], 1, kMaxFoundation)) return malformed("its foundation is not 1 to 32 letters and digits");
    candidate.foundation = words[0];
    const auto component = sdp_number(words[1], 256);
    if (!component || *component == 0) return malformed("its component is not a number from 1 to 256");
    if (!is_sdp_token(words[2], kMaxFoundation)) return malformed("its transport is not a word");
    const auto priority = sdp_number(words[3], kMaxPriority);
    if (!priority || *priority == 0) return malformed("its priority is not a number from 1 to 2147483647");
    candidate.priority = static_cast<std::uint32_t>(*priority);
    const auto port = sdp_number(words[5], 65535);
    if (!port) return malformed("its port is not a number from 0 to 65535");
    candidate.port = static_cast<std::uint16_t>(*port);
    if (!is_sdp_token(words[7], kMaxFoundation)) return malformed("its type is not a word");
    candidate.type = words[7];

    if (!sdp_same(words[2], "udp")) return unusable("its transport is not UDP");
    if (*component != 1) return unusable("it is not of component 1");
    constexpr std::array<std::string_view, 4> kTypes{"host", "srflx", "prflx", "relay"};
    if (std::find(kTypes.begin(), kTypes.end(), candidate.type) == kTypes.end()) return unusable("its type is unknown");
    auto address = read_address(words[4]);
    if (!address) return address.error();
    candidate.address = std::move(*address);
    if (candidate.port == 0) return unusable("its port is 0");
    return candidate;
}

std::string write_candidate(const SdpCandidate& candidate) {
    const bool six = candidate.address.find(':') != std::string::npos;
    std::string line = "a=candidate:" + candidate.foundation + " 1 UDP " + std::to_string(candidate.priority) + ' ' +
                       candidate.address + ' ' + std::to_string(candidate.port) + " typ " + candidate.type;
    // The grammar asks for the base of what is no host candidate; it tells the other side nothing that it needs.
    if (candidate.type != "host") line += six ? " raddr :: rport 0" : " raddr 0.0.0.0 rport 0";
    return line;
}

}  // namespace antiphon::edge
