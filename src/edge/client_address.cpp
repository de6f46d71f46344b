#include "edge/client_address.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace antiphon::edge {
namespace {

namespace ip = boost::asio::ip;

ip::address plain(const ip::address& address) {
    if (address.is_v6() && address.to_v6().is_v4_mapped()) return ip::make_address_v4(ip::v4_mapped, address.to_v6());
    return address;
}

/// An address as it is, with a port behind it, or in brackets.
std::optional<ip::address> parsed(std::string_view text) {
    text = base::trimmed(text);
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        text = text.substr(1, end - 1);
    } else if (std::count(text.begin(), text.end(), ':') == 1) {
        text = text.substr(0, text.find(':'));
    }
    boost::system::error_code failure;
    const auto address = ip::make_address(std::string(text), failure);
    if (failure) return std::nullopt;
    return plain(address);
}

/// "address:port", where an IPv6 address has no brackets.
std::optional<ip::address> of_peer(std::string_view peer) { return parsed(peer.substr(0, peer.rfind(':'))); }

std::vector<unsigned char> bytes_of(const ip::address& address) {
    if (address.is_v4()) {
        const auto bytes = address.to_v4().to_bytes();
        return {bytes.begin(), bytes.end()};
    }
    const auto bytes = address.to_v6().to_bytes();
    return {bytes.begin(), bytes.end()};
}

}  // namespace

base::Result<AddressRange> AddressRange::parse(std::string_view text) {
    const auto refuse = [&] {
        return base::error(base::Errc::invalid,
                           "\"" + std::string(text) + "\" is no address, nor a range such as 10.0.0.0/8");
    };
    const auto slash = text.find('/');
    boost::system::error_code failure;
    const auto address = plain(ip::make_address(std::string(text.substr(0, slash)), failure));
    if (failure) return refuse();
    const unsigned all = address.is_v4() ? 32 : 128;
    unsigned bits = all;
    if (slash != std::string_view::npos) {
        const auto length = text.substr(slash + 1);
        const auto [end, wrong] = std::from_chars(length.data(), length.data() + length.size(), bits);
        if (wrong != std::errc{} || end != length.data() + length.size() || bits > all) return refuse();
    }
    return AddressRange(address, bits);
}

bool AddressRange::contains(const ip::address& address) const {
    const auto mine = bytes_of(first_);
    const auto theirs = bytes_of(plain(address));
    if (mine.size() != theirs.size()) return false;
    for (unsigned bit = 0; bit < bits_; bit += 8) {
        const unsigned left = bits_ - bit;
        const auto mask = static_cast<unsigned char>(left >= 8 ? 0xFFU : 0xFFU << (8 - left));
        if ((mine[bit / 8] & mask) != (theirs[bit / 8] & mask)) return false;
    }
    return true;
}

std::string client_address(std::string_view peer, std::string_view forwarded, const std::vector<AddressRange>& trusted) {
    auto client = of_peer(peer);
    if (!client) return {};
    const auto is_proxy = [&](const ip::address& address) {
        return std::any_of(trusted.begin(), trusted.end(), [&](const AddressRange& one) { return one.contains(address); });
    };
    while (!forwarded.empty() && is_proxy(*client)) {
        const auto comma = forwarded.rfind(',');
        const auto before = parsed(comma == std::string_view::npos ? forwarded : forwarded.substr(comma + 1));
        if (!before) break;
        client = before;
        forwarded = comma == std::string_view::npos ? std::string_view() : forwarded.substr(0, comma);
    }
    return client->to_string();
}

std::string counted_as(std::string_view address) {
    boost::system::error_code failure;
    const auto given = ip::make_address(std::string(address), failure);
    if (failure) return {};
    const auto client = plain(given);
    if (client.is_loopback()) return {};
    if (client.is_v4()) return client.to_string();
    auto bytes = client.to_v6().to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
    return ip::address_v6(bytes).to_string() + "/64";
}

}  // namespace antiphon::edge
