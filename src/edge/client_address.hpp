// Where a request really comes from when proxies stand before the server.
//
// pure. A proxy adds the address that it was reached from to the header X-Forwarded-For. Anybody can send that header,
// so it counts only as far as it was written by a proxy that the settings trust.
#pragma once

#include "base/result.hpp"

#include <boost/asio/ip/address.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

/// A range of addresses: "10.0.0.0/8", "fd00::/8", or a single one.
class AddressRange {
public:
    /// `invalid` for what is no address, and for a prefix that is longer than the address.
    static base::Result<AddressRange> parse(std::string_view text);

    /// An IPv4 address that came in as an IPv6 one (::ffff:1.2.3.4) is the IPv4 address.
    bool contains(const boost::asio::ip::address& address) const;

private:
    AddressRange(boost::asio::ip::address first, unsigned bits) : first_(std::move(first)), bits_(bits) {}

    boost::asio::ip::address first_;
    unsigned bits_;  ///< of the prefix
};

/// The client's address. `peer` is the connection's other end, as "address:port"; `forwarded` the header, with all its
/// lines joined by commas. From its end backwards, each address that a trusted proxy has written is believed, up to the
/// first that is no trusted proxy's own. Empty for a peer that is no address.
std::string client_address(std::string_view peer, std::string_view forwarded, const std::vector<AddressRange>& trusted);

/// What is counted as one client: an IPv4 address, or the /64 of an IPv6 one, which is what one customer gets. Empty
/// for this machine's own addresses, which are everybody's who comes through a proxy or a tunnel on it.
std::string counted_as(std::string_view address);

}  // namespace antiphon::edge
