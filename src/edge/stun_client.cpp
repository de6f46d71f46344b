#include "edge/stun_client.hpp"

#include "edge/datagram_exchange.hpp"
#include "edge/stun_message.hpp"

#include <boost/asio/ip/address.hpp>

#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <utility>

namespace antiphon::edge {
namespace {

using Answer = base::Result<boost::asio::ip::udp::endpoint>;

std::string name_of(const IceUrl& server) { return server.host + ":" + std::to_string(server.port); }

Answer ask(const IceUrl& server, base::Time give_up) {
    auto exchange = DatagramExchange::open(server.host, server.port);
    if (!exchange) return exchange.error();
    const StunTransaction id = random_transaction();
    const auto read = [&id](std::span<const std::uint8_t> bytes) { return read_stun_response(bytes, id); };
    const auto response = exchange->ask(binding_request(id), read, give_up);
    if (!response) return response.error();
    if (!response->success)
        return base::error(base::Errc::unavailable, "the STUN server " + name_of(server) + " refused with " +
                                                        std::to_string(response->error) + " " + response->reason);
    if (!response->mapped)
        return base::error(base::Errc::unavailable, "the STUN server " + name_of(server) + " named no address");
    return *response->mapped;
}

}  // namespace

Answer ask_stun(const IceUrl& server, base::Duration patience) {
    if (server.tcp || server.secure)
        return base::error(base::Errc::unsupported,
                           "only STUN over UDP is asked for an address, and " + name_of(server) + " is another");
    // A name's resolution cannot be called off and may outlast our patience: it runs on a thread that then goes on
    // alone. It owns all that it touches.
    auto done = std::make_shared<std::promise<Answer>>();
    auto answer = done->get_future();
    const base::Time give_up = base::Clock::now() + patience;
    std::thread([done = std::move(done), server, give_up] { done->set_value(ask(server, give_up)); }).detach();
    if (answer.wait_until(give_up + base::milliseconds(50)) == std::future_status::ready) return answer.get();
    return base::error(base::Errc::unavailable, "no answer from the STUN server " + name_of(server) + " in time");
}

base::Result<std::string> resolve_public_address(std::string_view setting, const std::vector<std::string>& stun_urls,
                                                 base::Duration patience) {
    if (setting.empty() || (setting == "auto" && stun_urls.empty())) return std::string();
    if (setting != "auto") {
        boost::system::error_code failure;
        const auto address = boost::asio::ip::make_address(std::string(setting), failure);
        if (failure || address.is_unspecified() || address.is_multicast())
            return base::error(base::Errc::invalid,
                               "webrtc.public_address is \"" + std::string(setting) +
                                   "\"; it must be auto, empty, or an IP address of this machine as callers see it",
                               "webrtc.public_address");
        return address.to_string();
    }
    const auto server = parse_ice_url(stun_urls.front());
    if (!server) return server.error();
    const auto seen = ask_stun(*server, patience);
    if (!seen) return seen.error();
    return seen->address().to_string();
}

}  // namespace antiphon::edge
