#include "edge/http_session.hpp"

#include "base/log.hpp"
#include "edge/access.hpp"
#include "edge/admission.hpp"
#include "edge/answers.hpp"
#include "edge/http_date.hpp"
#include "edge/openai_endpoints.hpp"
#include "edge/presented_secret.hpp"
#include "edge/request_head.hpp"
#include "edge/responder.hpp"
#include "edge/routes.hpp"
#include "edge/stored_calls.hpp"
#include "edge/web_socket.hpp"
#include "edge/web_socket_calls.hpp"
#include "edge/webrtc_calls.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
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
constexpr std::size_t kMaxDrained = 64U << 20U;
constexpr std::chrono::seconds kDrainTime{2};
/// For a whole body, after its header: 25 MiB at 2 Mbit/s.
constexpr std::chrono::seconds kBodyTime{120};

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

class HttpSession;

/// The thread-safe front of a session, for one request: everything is posted to the strand.
class HttpResponder final : public Responder {
public:
    HttpResponder(std::shared_ptr<HttpSession> session, std::uint64_t request, std::stop_token gone)
        : session_(std::move(session)), request_(request), gone_(std::move(gone)) {}
    ~HttpResponder() override { abort(); }

    void reply(Reply whole) override;
    void begin(Reply head) override;
    void write(std::string bytes) override;
    void end() override;
    void abort() override;
    void when_drained(std::function<void()> go_on) override;
    std::stop_token gone() const override { return gone_; }

private:
    template <typename Run>
    void post(Run run);

    const std::shared_ptr<HttpSession> session_;
    const std::uint64_t request_;
    const std::stop_token gone_;
};

class HttpSession final : public Connection, public std::enable_shared_from_this<HttpSession> {
public:
    HttpSession(asio::ip::tcp::socket socket, std::string client, std::shared_ptr<base::AsioStrand> strand,
                std::shared_ptr<const EdgeSettings> settings, const Services& services,
                std::shared_ptr<Connections> connections, std::shared_ptr<UploadPlaces> uploads)
        : stream_(std::move(socket)), client_(std::move(client)), strand_(std::move(strand)), settings_(std::move(settings)), services_(services),
          connections_(std::move(connections)), uploads_(std::move(uploads)) {}

    void start() {
        entry_ = connections_->add(shared_from_this());
        asio::dispatch(strand_->executor(),
                       [self = shared_from_this()] { self->read_request(self->settings_->handshake_timeout); });
    }

    void shut_down() override {
        asio::post(strand_->executor(), [self = shared_from_this()] {
            // A socket that became a WebSocket is its session's, which is told by itself.
            if (!self->handed_over_) self->cut();
        });
    }

    void finish() override {
        asio::post(strand_->executor(), [self = shared_from_this()] {
            self->finishing_ = true;
            // One that has asked nothing yet may be just about to.
            if (self->answered_ && !self->under_way_ && !self->handed_over_) self->cut();
        });
    }

    const base::AsioStrand& strand() const { return *strand_; }

    // What an HttpResponder posts; of a request that is over, nothing counts any more.

    void take_reply(std::uint64_t number, const Reply& reply) {
        if (!working_on(number) || streaming_) return;
        end_work();
        send(reply, request_);
    }

    void take_head(std::uint64_t number, const Reply& head) {
        if (!working_on(number) || streaming_) return;
        streaming_ = true;
        chunked_ = request_.version() >= 11;
        head_.emplace(static_cast<http::status>(head.status), request_.version());
        set_headers(*head_, head, request_);
        if (chunked_) head_->chunked(true);
        else head_->keep_alive(false);  // the body ends with the connection
        serializer_.emplace(*head_);
        writing_ = true;
        stream_.expires_after(settings_->idle_timeout);
        http::async_write_header(stream_, *serializer_,
                                 beast::bind_front_handler(&HttpSession::on_piece_written, shared_from_this()));
    }

    void take_bytes(std::uint64_t number, std::string bytes) {
        if (!working_on(number) || !streaming_ || ended_ || bytes.empty()) return;
        waiting_bytes_ += bytes.size();
        waiting_.push_back(std::move(bytes));
        if (waiting_bytes_ > settings_->max_queued) return cut();
        write_next();
    }

    void take_end(std::uint64_t number) {
        if (!working_on(number) || !streaming_) return;
        ended_ = true;
        write_next();
    }

    void take_abort(std::uint64_t number) {
        if (working_on(number) && !ended_) cut();
    }

    void take_wish(std::uint64_t number, std::function<void()> go_on) {
        if (!working_on(number)) return;
        go_on_ = std::move(go_on);
        go_on_if_drained();
    }

private:
    void read_next_request() {
        answered_ = true;
        under_way_.reset();
        finishing_ ? close_in_order() : read_request(settings_->idle_timeout);
    }

    void read_request(base::milliseconds time_limit) {
        upload_place_.reset();
        shared_secret_.reset();
        parser_.emplace();
        parser_->header_limit(kMaxHeader);
        parser_->body_limit(std::max(settings_->max_body, settings_->max_upload));
        stream_.expires_after(time_limit);
        http::async_read_header(stream_, buffer_, *parser_,
                                beast::bind_front_handler(&HttpSession::on_header, shared_from_this()));
    }

    void on_header(error_code failure, std::size_t) {
        if (failure) return on_unreadable(failure);
        under_way_ = connections_->request();
        const Request& request = parser_->get();
        const auto target = parse_target(view(request.target()));
        const Route* route = target ? find_route(target->path, settings_->metrics_only) : nullptr;
        if (route == nullptr) return on_asker_known(target, route);
        find_shared_secret(*route, asker_of(request), services_, strand_,
                           [self = shared_from_this(), target, route](std::variant<std::optional<SecretBinding>, Reply> found) {
                               if (const auto* no = std::get_if<Reply>(&found)) return self->refuse(*no, self->parser_->get());
                               self->shared_secret_ = std::get<std::optional<SecretBinding>>(std::move(found));
                               self->on_asker_known(target, route);
                           });
    }

    /// What the body may be is decided before it is read.
    void on_asker_known(const base::Result<Target>& target, const Route* route) {
        const Request& request = parser_->get();
        // Who may not have the answer need not send the question.
        if (route != nullptr && request.method() == http::verb::post)
            if (const auto admitted = admit(*route, *target, asker(request), services_); const auto* no = std::get_if<Reply>(&admitted))
                return refuse(*no, request);
        const bool upload = route != nullptr && route->endpoint == Endpoint::transcriptions &&
                            request.method() == http::verb::post;
        body_limit_ = upload ? settings_->max_upload : settings_->max_body;
        if (parser_->content_length().value_or(0) > body_limit_) return refuse(body_too_large(body_limit_));
        parser_->body_limit(body_limit_);
        if (upload && !(upload_place_ = uploads_->enter()))
            return refuse(overloaded_reply(base::error(base::Errc::overloaded, "too many recordings are being sent at once")));
        stream_.expires_after(kBodyTime);
        if (!beast::iequals(request[http::field::expect], "100-continue")) return read_body();
        writing_ = true;
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        asio::async_write(stream_, asio::buffer(kContinue), [self = shared_from_this()](error_code broken, std::size_t) {
            self->writing_ = false;
            if (!broken) self->read_body();
        });
    }

    void read_body() {
        http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](error_code failure, std::size_t) {
            if (failure) return self->on_unreadable(failure);
            self->request_ = self->parser_->release();
            self->handle(self->request_);
        });
    }

    void on_unreadable(error_code failure) {
        if (body_limit_ == 0) body_limit_ = std::max(settings_->max_body, settings_->max_upload);
        if (const auto reply = unreadable_reply(failure, body_limit_)) refuse(*reply);
    }

    void handle(const Request& request) {
        const auto target = parse_target(view(request.target()));
        if (!target) return send(error_reply(400, "bad_request", target.error().text), request);
        const Route* route = find_route(target->path, settings_->metrics_only);
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
        const auto admitted = admit(*route, *target, asker(request), services_);
        if (const auto* refusal = std::get_if<Reply>(&admitted)) return send(*refusal, request);
        const Admitted& by = std::get<Admitted>(admitted);
        if (route->endpoint == Endpoint::realtime && beast::websocket::is_upgrade(request))
            return upgrade(request, *target, by);
        if (route->endpoint == Endpoint::realtime_call) {
            if (!origin_allowed(origin(request), host(request), settings_->allowed_origins)) return send(foreign_origin(), request);
            const std::string id = call_id(target->path);
            if (method == "DELETE" && services_.session_store != nullptr && !services_.sessions->find(id))
                return erase_call(id, services_, strand_, [self = shared_from_this()](const Reply& reply) { self->send(reply, self->request_); });
            return send(hang_up_call(id, services_), request);
        }
        if (takes_work(*route)) return work(*route, *target, request, by);
        send(unless_unchanged(answer(*route, *target, services_), view(request[http::field::if_none_match])), request);
    }

    static Reply foreign_origin() {
        return error_reply(403, "origin_not_allowed", "pages from this origin may not ask for this");
    }

    void work(const Route& route, const Target& target, const Request& request, const Admitted& by) {
        // A page needs no leave for sending a form to another origin, so this is asked here.
        if (!origin_allowed(origin(request), host(request), settings_->allowed_origins))
            return send(foreign_origin(), request);
        stop_ = std::stop_source();
        working_ = true;
        streaming_ = ended_ = false;
        ++number_;
        stream_.expires_never();
        watch(number_);
        WorkRequest wanted{route.endpoint, target, std::string(view(request[http::field::content_type])),
                           std::move(request_.body()), std::string(origin(request)), by.key};
        auto responder = std::make_shared<HttpResponder>(shared_from_this(), number_, stop_.get_token());
        if (route.endpoint == Endpoint::realtime_calls)
            return begin_call({std::move(wanted.target), std::move(wanted.content_type), std::move(wanted.body),
                               std::string(field(request, http::field::authorization)), std::move(wanted.origin), by,
                               caller_of(request, client_, services_)},
                              {services_, *connections_, strand_, settings_->max_queued},
                              std::move(responder));
        serve_work(std::move(wanted), services_, std::move(responder));
    }

    bool working_on(std::uint64_t number) const { return working_ && number == number_; }

    /// Finds out that the client closes while its answer is being made. Bytes of a next request end the watch.
    void watch(std::uint64_t number) {
        stream_.socket().async_wait(asio::socket_base::wait_read, [self = shared_from_this(), number](error_code failure) {
            if (failure || !self->working_on(number)) return;
            // What was read before can wake this up late: only a look tells the end from nothing.
            char next = 0;
            const auto there = ::recv(self->stream_.socket().native_handle(), &next, 1, MSG_PEEK | MSG_DONTWAIT);
            if (there > 0) return;
            if (there < 0 && (errno == EAGAIN || errno == EINTR)) return self->watch(number);
            self->cut();
        });
    }

    void end_work() {
        working_ = false;
        go_on_ = nullptr;
        error_code ignored;
        stream_.socket().cancel(ignored);  // the watch; nothing else is under way
    }

    /// Nothing more comes of this connection.
    void cut() {
        working_ = false;
        go_on_ = nullptr;
        under_way_.reset();
        stop_.request_stop();
        stream_.close();
    }

    void write_next() {
        if (writing_) return;
        if (waiting_.empty()) {
            if (ended_) write_last();
            return;
        }
        writing_ = true;
        stream_.expires_after(settings_->idle_timeout);
        auto done = [self = shared_from_this()](error_code failure, std::size_t) {
            if (!failure) {
                self->waiting_bytes_ -= self->waiting_.front().size();
                self->waiting_.pop_front();
            }
            self->on_piece_written(failure, 0);
        };
        if (chunked_) asio::async_write(stream_, http::make_chunk(asio::const_buffer(asio::buffer(waiting_.front()))), std::move(done));
        else asio::async_write(stream_, asio::buffer(waiting_.front()), std::move(done));
    }

    void on_piece_written(error_code failure, std::size_t) {
        writing_ = false;
        if (!working_) return;
        if (failure) return cut();
        stream_.expires_never();
        write_next();
        go_on_if_drained();
    }

    void write_last() {
        writing_ = true;
        auto done = [self = shared_from_this()](error_code failure, std::size_t) {
            self->writing_ = false;
            if (!self->working_) return;
            self->end_work();
            if (failure) return self->stream_.close();
            if (self->chunked_ && self->request_.keep_alive()) return self->read_next_request();
            self->close_in_order();
        };
        if (!chunked_) return asio::post(strand_->executor(), [done = std::move(done)] { done({}, 0); });
        stream_.expires_after(settings_->idle_timeout);
        asio::async_write(stream_, http::make_chunk_last(), std::move(done));
    }

    void go_on_if_drained() {
        if (working_ && go_on_ && waiting_bytes_ < settings_->max_queued / 2) std::exchange(go_on_, nullptr)();
    }

    Asker asker(const Request& request) const {
        Asker asking = asker_of(request);
        asking.shared = shared_secret_;
        return asking;
    }
    static std::string_view origin(const Request& request) { return field(request, http::field::origin); }
    static std::string_view host(const Request& request) { return field(request, http::field::host); }

    void upgrade(const Request& request, const Target& target, const Admitted& by) {
        if (!origin_allowed(origin(request), host(request), settings_->allowed_origins))
            return send(error_reply(403, "origin_not_allowed", "pages from this origin may not connect"), request);
        if (request[http::field::sec_websocket_version] != "13")
            return send(error_reply(426, "upgrade_required", "only version 13 of WebSocket is spoken here",
                                    {{"Sec-WebSocket-Version", "13"}}),
                        request);
        if (request[http::field::sec_websocket_key].empty() || buffer_.size() != 0)
            return send(error_reply(400, "bad_request", "this is not a WebSocket handshake"), request);
        SocketAnswer answer{[self = shared_from_this()](const Reply& reply) { self->send(reply, self->request_); },
                            [self = shared_from_this()](const std::string& subprotocol, const SocketAnswer::MakeUser& make_user) {
                                self->open_web_socket(self->request_, subprotocol, make_user);
                            }};
        begin_socket_call({target, asker(request), view(request["OpenAI-Beta"]), by, caller_of(request, client_, services_)},
                          services_, *connections_, strand_, std::move(answer));
    }

    void open_web_socket(const Request& request, const std::string& subprotocol,
                         const SocketAnswer::MakeUser& make_user) {
        UpgradeRequest upgrade{std::string(request.target()), std::string(host(request)),
                               std::string(request[http::field::sec_websocket_key]), subprotocol};
        stream_.expires_never();
        handed_over_ = true;
        under_way_.reset();
        edge::open_web_socket(stream_.release_socket(), std::move(upgrade), *settings_, make_user);
    }

    /// Answers what could not be read as a request, and closes.
    void refuse(const Reply& reply) { refuse(reply, {}); }

    /// The same with what the answer's headers depend on, of a request whose body is not read.
    void refuse(const Reply& reply, const Request& head) {
        Request unread;
        unread.version(11);
        unread.keep_alive(false);
        for (const auto field : {http::field::origin, http::field::host})
            if (!head[field].empty()) unread.set(field, head[field]);
        send(reply, unread);
    }

    template <typename Response>
    void set_headers(Response& response, const Reply& reply, const Request& request) const {
        response.set(http::field::server, "antiphon");
        response.set(http::field::date, http_date(std::chrono::system_clock::now()));
        if (!reply.content_type.empty()) response.set(http::field::content_type, reply.content_type);
        for (const auto& [name, value] : reply.headers) response.set(name, value);
        for (const auto& [name, value] : access_headers(origin(request), host(request), settings_->allowed_origins))
            response.set(name, value);
        response.keep_alive(request.keep_alive() && !finishing_);
    }

    void send(const Reply& reply, const Request& request) {
        response_.emplace(static_cast<http::status>(reply.status), request.version());
        auto& response = *response_;
        set_headers(response, reply, request);
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
        if (response_->keep_alive()) return read_next_request();
        close_in_order();
    }

    void close_in_order() {
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
    const std::string client_;
    const std::shared_ptr<base::AsioStrand> strand_;
    const std::shared_ptr<const EdgeSettings> settings_;
    const Services& services_;
    const std::shared_ptr<Connections> connections_;
    const std::shared_ptr<UploadPlaces> uploads_;
    std::shared_ptr<void> upload_place_;  ///< while a large body is in memory
    ConnectionEntry entry_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    std::uint64_t body_limit_ = 0;
    Request request_;  ///< the one that is being answered
    std::optional<SecretBinding> shared_secret_;  ///< of that request (Asker::shared)
    std::optional<http::response<http::string_body>> response_;
    bool handed_over_ = false;
    bool answered_ = false;            ///< at least one request
    bool finishing_ = false;
    std::shared_ptr<void> under_way_;  ///< from a request's header until its answer has been sent, or the connection ends

    // The work behind request_, between work() and its last byte.
    bool working_ = false;
    std::uint64_t number_ = 0;  ///< of the request
    std::stop_source stop_;
    bool streaming_ = false;    ///< begin() was called
    bool chunked_ = true;
    bool ended_ = false;        ///< end() was called
    bool writing_ = false;
    std::optional<http::response<http::empty_body>> head_;
    std::optional<http::response_serializer<http::empty_body>> serializer_;
    std::deque<std::string> waiting_;  ///< the first one is on its way while writing_
    std::size_t waiting_bytes_ = 0;
    std::function<void()> go_on_;

    std::array<char, 4096> scratch_{};
    std::size_t drained_ = 0;
};

template <typename Run>
void HttpResponder::post(Run run) {
    asio::post(session_->strand().executor(), [session = session_, number = request_, run = std::move(run)]() mutable {
        run(*session, number);
    });
}

void HttpResponder::reply(Reply whole) {
    post([whole = std::move(whole)](HttpSession& session, std::uint64_t number) { session.take_reply(number, whole); });
}
void HttpResponder::begin(Reply head) {
    post([head = std::move(head)](HttpSession& session, std::uint64_t number) { session.take_head(number, head); });
}
void HttpResponder::write(std::string bytes) {
    post([bytes = std::move(bytes)](HttpSession& session, std::uint64_t number) mutable {
        session.take_bytes(number, std::move(bytes));
    });
}
void HttpResponder::end() {
    post([](HttpSession& session, std::uint64_t number) { session.take_end(number); });
}
void HttpResponder::abort() {
    post([](HttpSession& session, std::uint64_t number) { session.take_abort(number); });
}
void HttpResponder::when_drained(std::function<void()> go_on) {
    post([go_on = std::move(go_on)](HttpSession& session, std::uint64_t number) mutable {
        session.take_wish(number, std::move(go_on));
    });
}

}  // namespace

void serve_http(asio::ip::tcp::socket socket, std::string client, std::shared_ptr<base::AsioStrand> strand,
                std::shared_ptr<const EdgeSettings> settings, const Services& services,
                const std::shared_ptr<Connections>& connections, const std::shared_ptr<UploadPlaces>& uploads) {
    std::make_shared<HttpSession>(std::move(socket), std::move(client), std::move(strand), std::move(settings), services,
                                  connections, uploads)
        ->start();
}

}  // namespace antiphon::edge
