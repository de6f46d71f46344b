#include "edge/request_head.hpp"

#include "edge/access_control.hpp"

#include <boost/beast/http/error.hpp>

#include <vector>

namespace antiphon::edge {

namespace http = boost::beast::http;

std::string_view field(const http::fields& head, http::field name) {
    const auto value = head[name];
    return {value.data(), value.size()};
}

Asker asker_of(const http::fields& head) {
    return {field(head, http::field::authorization), field(head, http::field::sec_websocket_protocol),
            field(head, http::field::origin)};
}

Caller caller_of(const http::fields& head, const std::string& peer, const Services& services) {
    std::string forwarded;
    const auto lines = head.equal_range("X-Forwarded-For");
    for (auto line = lines.first; line != lines.second; ++line) {
        if (!forwarded.empty()) forwarded += ',';
        forwarded.append(line->value().data(), line->value().size());
    }
    const auto rules = services.access != nullptr ? services.access->rules() : nullptr;
    std::string address = client_address(peer, forwarded, rules ? rules->trusted_proxies : std::vector<AddressRange>());
    const bool direct = address.empty() || peer.starts_with(address + ":");
    return {address, direct ? peer : address};
}

Reply body_too_large(std::uint64_t limit) {
    return error_reply(413, "body_too_large", "the request's body is larger than " + std::to_string(limit) + " bytes");
}

std::optional<Reply> unreadable_reply(boost::system::error_code failure, std::uint64_t body_limit) {
    if (failure == http::error::end_of_stream || failure == http::error::partial_message) return std::nullopt;
    if (failure.category() != http::make_error_code(http::error::end_of_stream).category()) return std::nullopt;
    if (failure == http::error::header_limit || failure == http::error::buffer_overflow)
        return error_reply(431, "headers_too_large", "the request's header is larger than 16 KiB");
    if (failure == http::error::body_limit) return body_too_large(body_limit);
    return error_reply(400, "bad_request", "this is not an HTTP request: " + failure.message());
}

}  // namespace antiphon::edge
