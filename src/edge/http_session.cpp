#include "edge/http_session.hpp"

#include "edge/access.hpp"
#include "edge/answers.hpp"
#include "edge/handshake.hpp"
#include "edge/realtime_session.hpp"
#include "edge/routes.hpp"
#include "edge/web_socket.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Request = http::request<http::string_body>;

constexpr std::uint32_t kMaxHeader = 16U << 10U;
/// How much, and for how long, a client may still send after an answer that closes: with bytes unread the
/// kernel would reset the connection, and the answer could be lost.
constexpr std::size_t kMaxDrained = 4U << 20U;
constexpr std::chrono::seconds kDrainTime{2};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

std::string client_of(const beast::tcp_stream& stream) {
    error_code gone;
    const auto endpoint = stream.socket().remote_endpoint(gone);
    return gone ? "" : endpoint.address().to_string() + ":" + std::to_string(endpoint.port());
}

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(asio::ip::tcp::socket socket, std::shared_ptr<base::AsioStrand> strand,
                std::shared_ptr<const EdgeSettings> settings, const Services& services,
                std::shared_ptr<Connections> connections)
        : stream_(std::move(socket)), strand_(std::move(strand)), settings_(std::move(settings)), services_(services),
          connections_(std::move(connections)) {}

    void start() {
        entry_ = connections_->add(shared_from_this());
        asio::dispatch(strand_->executor(),
                       [self = shared_from_this()] { self->read_request(self->settings_->handshake_timeout); });
    }

    void shut_down() override {
        asio::post(strand_->executor(), [self = shared_from_this()] {
            // A socket that became a WebSocket is its session's, which is told by itself.
            if (!self->handed_over_) self->stream_.close();
        });
    }

private:
    void read_request(base::milliseconds time_limit) {
        parser_.emplace();
        parser_->header_limit(kMaxHeader);
        parser_->body_limit(settings_->max_body);
        stream_.expires_after(time_limit);
        http::async_read(stream_, buffer_, *parser_,
                         beast::bind_front_handler(&HttpSession::on_request, shared_from_this()));
    }

    void on_request(error_code failure, std::size_t) {
        if (!failure) return handle(parser_->get());
        if (failure == http::error::end_of_stream || failure == http::error::partial_message) return;
        if (failure.category() != http::make_error_code(http::error::end_of_stream).category()) return;
        if (failure == http::error::header_limit || failure == http::error::buffer_overflow)
            return refuse(error_reply(431, "headers_too_large", "the request's header is larger than 16 KiB"));
        if (failure == http::error::body_limit)
            return refuse(error_reply(
                413, "body_too_large", "the request's body is larger than " + std::to_string(settings_->max_body) + " bytes"));
        refuse(error_reply(400, "bad_request", "this is not an HTTP request: " + failure.message()));
    }

    void handle(const Request& request) {
        const auto target = parse_target(view(request.target()));
        if (!target) return send(error_reply(400, "bad_request", target.error().text), request);
        const Route* route = find_route(target->path);
        if (route == nullptr) return send(error_reply(404, "not_found", "there is nothing at this path"), request);
        const std::string_view method = view(request.method_string());
        if (!allows(*route, method))
            return send(error_reply(405, "method_not_allowed", "this path does not take that method",
                                    {{"Allow", std::string(route->methods)}}),
                        request);
        if (method == "OPTIONS") {
            Reply reply{204, "", "", {{"Allow", std::string(route->methods)}}};
            if (!access_headers(origin(request), host(request), settings_->allowed_origins).empty())
                for (auto& header :
                     preflight_headers(route->methods, view(request[http::field::access_control_request_headers])))
                    reply.headers.push_back(std::move(header));
            return send(reply, request);
        }
        if (route->endpoint == Endpoint::realtime && beast::websocket::is_upgrade(request))
            return upgrade(request, *target);
        send(unless_unchanged(answer(route->endpoint, services_), view(request[http::field::if_none_match])), request);
    }

    static std::string_view origin(const Request& request) { return view(request[http::field::origin]); }
    static std::string_view host(const Request& request) { return view(request[http::field::host]); }

    void upgrade(const Request& request, const Target& target) {
        if (!origin_allowed(origin(request), host(request), settings_->allowed_origins))
            return send(error_reply(403, "origin_not_allowed", "pages from this origin may not connect"), request);
        if (request[http::field::sec_websocket_version] != "13")
            return send(error_reply(426, "upgrade_required", "only version 13 of WebSocket is spoken here",
                                    {{"Sec-WebSocket-Version", "13"}}),
                        request);
        if (request[http::field::sec_websocket_key].empty() || buffer_.size() != 0)
            return send(error_reply(400, "bad_request", "this is not a WebSocket handshake"), request);
        const Handshake handshake = read_handshake(view(request[http::field::sec_websocket_protocol]),
                                                   view(request["OpenAI-Beta"]), target);
        if (handshake.wire.transcription && handshake.wire.dialect == protocol::Dialect::beta)
            return send(error_reply(400, "unsupported", "transcription sessions are not to be had in the beta dialect"),
                        request);
        const Reply obstacle = call_obstacle(target, services_);
        if (obstacle.status != 200) return send(obstacle, request);
        auto agent = agent_of(target, services_);
        if (!agent) return send(no_agent_reply(agent.error()), request);
        auto place = services_.registry.enter();
        if (!place) return send(overloaded_reply(place.error()), request);

        UpgradeRequest upgrade{std::string(request.target()), std::string(host(request)),
                               std::string(request[http::field::sec_websocket_key]), handshake.subprotocol};
        const auto model = target.query.find("model");
        const std::string client = client_of(stream_);
        stream_.expires_never();
        handed_over_ = true;
        open_web_socket(stream_.release_socket(), std::move(upgrade), *settings_,
                        [&](std::shared_ptr<MessageChannel> channel) {
                            return RealtimeSession::make(std::move(channel), strand_, std::move(*place), services_,
                                                         *connections_, std::move(*agent),
                                                         model == target.query.end() ? "" : model->second, client,
                                                         handshake.wire);
                        });
    }

    /// Answers what could not be read as a request, and closes.
    void refuse(const Reply& reply) {
        Request unreadable;
        unreadable.version(11);
        unreadable.keep_alive(false);
        send(reply, unreadable);
    }

    void send(const Reply& reply, const Request& request) {
        response_.emplace(static_cast<http::status>(reply.status), request.version());
        auto& response = *response_;
        response.set(http::field::server, "antiphon");
        if (!reply.content_type.empty()) response.set(http::field::content_type, reply.content_type);
        for (const auto& [name, value] : reply.headers) response.set(name, value);
        for (const auto& [name, value] : access_headers(origin(request), host(request), settings_->allowed_origins))
            response.set(name, value);
        response.keep_alive(request.keep_alive());
        if (request.method() == http::verb::head) {
            response.content_length(reply.body.size());
        } else {
            response.body() = reply.body;
            response.prepare_payload();
        }
        stream_.expires_after(settings_->idle_timeout);
        http::async_write(stream_, response, beast::bind_front_handler(&HttpSession::on_written, shared_from_this()));
    }

    void on_written(error_code failure, std::size_t) {
        if (failure) return;
        if (response_->keep_alive()) return read_request(settings_->idle_timeout);
        error_code ignored;
        stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        stream_.expires_after(kDrainTime);
        drain({}, 0);
    }

    void drain(error_code failure, std::size_t bytes) {
        drained_ += bytes;
        if (failure || drained_ > kMaxDrained) return;
        stream_.async_read_some(asio::buffer(scratch_),
                                beast::bind_front_handler(&HttpSession::drain, shared_from_this()));
    }

    beast::tcp_stream stream_;
    const std::shared_ptr<base::AsioStrand> strand_;
    const std::shared_ptr<const EdgeSettings> settings_;
    const Services& services_;
    const std::shared_ptr<Connections> connections_;
    ConnectionEntry entry_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::optional<http::response<http::string_body>> response_;
    bool handed_over_ = false;
    std::array<char, 4096> scratch_{};
    std::size_t drained_ = 0;
};

}  // namespace

void serve_http(asio::ip::tcp::socket socket, std::shared_ptr<base::AsioStrand> strand,
                std::shared_ptr<const EdgeSettings> settings, const Services& services,
                const std::shared_ptr<Connections>& connections) {
    std::make_shared<HttpSession>(std::move(socket), std::move(strand), std::move(settings), services, connections)->start();
}

}  // namespace antiphon::edge
