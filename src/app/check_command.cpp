#include "app/check_command.hpp"

#include "app/caller_address.hpp"
#include "app/caller_connection.hpp"
#include "app/caller_ice.hpp"
#include "app/check_http.hpp"
#include "app/check_turn.hpp"
#include "app/check_webrtc.hpp"
#include "app/connection_legs.hpp"
#include "edge/http_date.hpp"
#include "edge/stun_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/json.hpp>

#include <algorithm>
#include <iostream>
#include <optional>
#include <utility>
#include <vector>

namespace antiphon::app {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using asio::ip::tcp;

constexpr std::chrono::seconds kClocksApart{60};
constexpr std::string_view kSessionCreated = "session.created";

class Check {
public:
    Check(const CheckCommand& command, CallerAddress address) : command_(command), address_(std::move(address)) {}

    int run() {
        if (check_way()) {
            const bool ready = check_http();
            if (command_.ready) return failed_ ? 1 : 0;
            if (ready && check_key()) {
                check_websocket();
                check_ice();
                check_webrtc();
            } else {
                skip_all({"websocket", "stun", "turn", "webrtc"}, "HTTP failed");
            }
        }
        return failed_ ? 1 : 0;
    }

private:
    // What is said of each leg.

    void say(const char* state, std::string_view leg, const std::string& what, const LegFault* fault = nullptr) {
        if (command_.json) {
            json::object line{{"leg", leg}, {"state", state}, {"detail", what}};
            if (fault != nullptr)
                line["code"] = fault->code, line["says"] = fault->says, line["advice"] = fault->advice;
            std::cout << json::serialize(line) << std::endl;
            return;
        }
        std::string line = state;
        line.resize(9, ' ');
        (line += leg).resize(20, ' ');
        if (fault != nullptr)
            line +=
                fault->code + ": " + fault->says + (what.empty() ? "" : " (" + what + ")") + ". " + fault->advice + ".";
        else
            line += what;
        std::cout << line << std::endl;
    }

    void pass(std::string_view leg, const std::string& what) { say("ok", leg, what); }
    void skip(std::string_view leg, const std::string& why) { say("skipped", leg, why); }

    bool fail(std::string_view code, const std::string& what) {
        failed_ = true;
        const LegFault* fault = find_leg_fault(code);
        say("failed", fault->leg, what, fault);
        return false;
    }

    void skip_all(std::initializer_list<const char*> legs, const std::string& why) {
        for (const char* leg : legs) skip(leg, why);
    }

    // DNS, TCP, TLS: each needs the one before.

    bool check_way() {
        boost::system::error_code failure;
        tcp::resolver resolver(io_);
        const auto found = resolver.resolve(address_.host, address_.port, failure);
        if (failure || found.empty()) {
            fail("dns.not_found", address_.host + ": " + failure.message());
            skip_all({"tcp", "tls", "http", "clock", "websocket", "stun", "turn", "webrtc"}, "the name failed");
            return false;
        }
        std::string names;
        for (const auto& one : found) names += (names.empty() ? "" : ", ") + one.endpoint().address().to_string();
        pass("dns", address_.host + " is " + names);
        auto socket = connect(found);
        if (!socket) {
            skip_all({"tls", "http", "clock", "websocket", "stun", "turn", "webrtc"}, "TCP failed");
            return false;
        }
        if (address_.secure) return check_tls(std::move(*socket));
        skip("tls", "the address is http://");
        return true;
    }

    std::optional<tcp::socket> connect(const tcp::resolver::results_type& found) {
        tcp::socket socket(io_);
        std::optional<boost::system::error_code> outcome;
        std::string where;
        asio::async_connect(socket, found, [&](boost::system::error_code failure, const tcp::endpoint& endpoint) {
            outcome = failure;
            where = endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
        });
        run_io(outcome);
        if (outcome && !*outcome) {
            pass("tcp", where + " takes connections");
            return socket;
        }
        boost::system::error_code ignored;
        socket.close(ignored);
        io_.restart();
        io_.run();
        const bool refused = outcome == asio::error::connection_refused;
        fail(refused ? "tcp.refused" : "tcp.no_answer",
             address_.authority() +
                 (refused || outcome == asio::error::operation_aborted ? "" : ": " + outcome->message()));
        return std::nullopt;
    }

    bool check_tls(tcp::socket socket) {
        std::optional<base::Result<tcp::socket>> outcome;
        const auto limit = std::chrono::duration_cast<base::milliseconds>(command_.timeout);
        edge::connect_tls(std::move(socket), address_.host, command_.trust, {limit, limit},
                          [&](base::Result<tcp::socket> plain) { outcome.emplace(std::move(plain)); });
        run_io(outcome);
        if (outcome && *outcome) {
            pass("tls", command_.trust.anybody ? "the handshake works; the certificate was not looked at"
                                               : "the handshake works, and the certificate is trusted");
            return true;
        }
        const bool untrusted = outcome && outcome->error().code == base::Errc::invalid;
        fail(untrusted ? "tls.untrusted" : "tls.failed", outcome ? outcome->error().text : "no answer in time");
        skip_all({"http", "clock", "websocket", "stun", "turn", "webrtc"}, "TLS failed");
        return false;
    }

    /// Until there is an outcome, or the time is over.
    void run_io(const auto& outcome) {
        io_.restart();
        const auto until = base::Clock::now() + command_.timeout;
        while (!outcome && base::Clock::now() < until && io_.run_one_until(until) != 0) {
        }
    }

    bool check_http() {
        const auto answer = http_get(address_.url("/ready"), command_.trust, command_.timeout);
        if (!answer) {
            fail("http.no_answer", answer.error().text);
            skip("clock", "HTTP failed");
            return false;
        }
        boost::system::error_code no_json;
        const json::value ready = json::parse(answer->body, no_json);
        const auto* fields = no_json ? nullptr : ready.if_object();
        const auto* is_ready = fields == nullptr ? nullptr : fields->if_contains("ready");
        if (is_ready == nullptr) {
            if (answer->location.starts_with("https://"))
                fail("http.tls_required", "it sends to " + answer->location);
            else
                fail("http.not_antiphon", address_.url("/ready") + " answered " + std::to_string(answer->status));
            skip("clock", "HTTP failed");
            return false;
        }
        if (*is_ready == true)
            pass("http", "the server is ready");
        else
            fail("http.not_ready", fields->contains("failure") ? json::serialize(fields->at("failure")) : "");
        check_clock(answer->date);
        return *is_ready == true;
    }

    bool check_key() {
        const auto answer = http_get(address_.url("/ice"), command_.trust, command_.timeout, command_.key);
        return !answer || answer->status != 401 || fail("http.no_key", "");
    }

    void check_clock(const std::string& date) {
        const auto theirs = edge::parse_http_date(date);
        if (!theirs) return skip("clock", "the server does not say what time it has");
        const auto apart = std::chrono::duration_cast<std::chrono::seconds>(*theirs - std::chrono::system_clock::now());
        const std::string text = std::to_string(std::abs(apart.count())) + " s apart";
        if (apart > kClocksApart || apart < -kClocksApart)
            fail("clock.off", text);
        else
            pass("clock", text);
    }

    void check_websocket() {
        auto connection = CallerConnection::open(address_, command_.timeout, command_.trust, command_.key);
        if (!connection) {
            fail("websocket.failed", connection.error().text);
            return;
        }
        const auto message = (*connection)->receive(base::Clock::now() + command_.timeout);
        if (!message || !*message)
            fail("websocket.no_session", message ? "nothing came" : message.error().text);
        else if ((*message)->text.find(kSessionCreated) == std::string::npos)
            fail("websocket.no_session", "another message came first");
        else
            pass("websocket", "a call begins");
    }

    // STUN and TURN, as the page is told of them.

    void check_ice() {
        const auto answer = http_get(address_.url("/ice"), command_.trust, command_.timeout, command_.key);
        auto servers = answer ? read_ice_servers(answer->body) : std::nullopt;
        if (!servers) {
            fail("ice.failed", answer ? "it answered " + std::to_string(answer->status) : answer.error().text);
            return skip("turn", "nobody knows of one");
        }
        servers_ = std::move(*servers);
        const auto relays =
            std::count_if(servers_.begin(), servers_.end(), [](const auto& one) { return one.url.relays; });
        for (const IceServer& one : servers_) check_server(one);
        if (relays == std::ssize(servers_)) skip("stun", "the server names none (ice.stun_urls)");
        if (relays == 0) skip("turn", "the server names none (ice.turn_urls)");
    }

    void check_server(const IceServer& server) {
        const std::string& name = server.name;
        const char* leg = server.url.relays ? "turn" : "stun";
        if (server.url.tcp) return skip(leg, name + " is over TCP, which only browsers try");
        if (!server.url.relays) {
            const auto seen = edge::ask_stun(server.url, command_.timeout);
            if (!seen) fail("stun.no_answer", name + ": " + seen.error().text);
            else pass(leg, name + " sees us as " + seen->address().to_string());
            return;
        }
        const auto relay = ask_for_relay(server.url, server.username, server.password, command_.timeout);
        if (relay) return pass(leg, name + " relays by " + *relay);
        switch (relay.error().code) {
            case base::Errc::conflict: fail("turn.refused", name + ": " + relay.error().text); break;
            case base::Errc::overloaded: fail("turn.full", name + ": " + relay.error().text); break;
            default: fail("turn.no_answer", name + ": " + relay.error().text); break;
        }
    }

    void check_webrtc() {
        const auto way = try_webrtc(address_.url("/v1/realtime/calls"), servers_, command_.trust, command_.key, command_.timeout);
        if (way) pass("webrtc", "a call begins; its sound goes to " + *way);
        else fail(way.error().code == base::Errc::unsupported ? "webrtc.refused" : "webrtc.no_media", way.error().text);
    }

    const CheckCommand& command_;
    const CallerAddress address_;
    asio::io_context io_{1};
    std::vector<IceServer> servers_;  ///< that /ice named
    bool failed_ = false;
};

}  // namespace

int run_check_command(const CheckCommand& command) {
    auto address = parse_caller_address(command.server);
    if (!address) {
        std::cerr << "antiphon check: " << address.error().text << std::endl;
        return 1;
    }
    return Check(command, std::move(*address)).run();
}

}  // namespace antiphon::app
