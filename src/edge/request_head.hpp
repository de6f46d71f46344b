// What a request's header says of who sends it, and what is said to one that cannot be read.
//
// pure. The views are good as long as the fields.
#pragma once

#include "edge/credentials.hpp"
#include "edge/reply.hpp"
#include "edge/services.hpp"

#include <boost/beast/http/fields.hpp>
#include <boost/system/error_code.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace antiphon::edge {

std::string_view field(const boost::beast::http::fields& head, boost::beast::http::field name);

Asker asker_of(const boost::beast::http::fields& head);

struct Caller {
    std::string address;  ///< another than the connection's where a proxy is trusted (client_address.hpp)
    std::string name;     ///< the same for the log, with the port where it is the connection's own
};

/// `peer` is the connection's other end, as "address:port".
Caller caller_of(const boost::beast::http::fields& head, const std::string& peer, const Services& services);

/// 413: the body is larger than that many bytes.
Reply body_too_large(std::uint64_t limit);

/// What is answered to what could not be read as a request; none to a client that has gone.
std::optional<Reply> unreadable_reply(boost::system::error_code failure, std::uint64_t body_limit);

}  // namespace antiphon::edge
