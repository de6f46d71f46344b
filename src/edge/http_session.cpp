#include "edge/http_session.hpp"

#include "base/log.hpp"
#include "edge/access.hpp"
#include "edge/access_control.hpp"
#include "edge/admission.hpp"
#include "edge/answers.hpp"
#include "edge/channel_bridge.hpp"
#include "edge/handshake.hpp"
#include "edge/http_date.hpp"
#include "edge/limited_user.hpp"
#include "edge/openai_client_secrets.hpp"
#include "edge/openai_endpoints.hpp"
#include "edge/realtime_session.hpp"
#include "edge/request_head.hpp"
#include "edge/responder.hpp"
#include "edge/routes.hpp"
#include "edge/stored_calls.hpp"
#include "edge/web_socket.hpp"
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

/// The session was in order when the secret was made; an agent that a reload has changed since may refuse it, and the
/// call then begins as the agent has it.
void prepare(RealtimeSession& session, const protocol::UpdateSession& update) {
    if (const auto refused = session.configure(update))
        base::log::warning("call.not_prepared", {{"because", refused->error.text}});
}

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
    void read_request(base::milliseconds time_limit) {
        upload_place_.reset();
        parser_.emplace();
        parser_->header_limit(kMaxHeader);
        parser_->body_limit(std::max(settings_->max_body, settings_->max_upload));
        stream_.expires_after(time_limit);
        http::async_read_header(stream_, buffer_, *parser_,
                                beast::bind_front_handler(&HttpSession::on_header, shared_from_this()));
    }

    /// What the body may be is decided before it is read.
    void on_header(error_code failure, std::size_t) {
        if (failure) return on_unreadable(failure);
        const Request& request = parser_->get();
        const auto target = parse_target(view(request.target()));
        const Route* route = target ? find_route(target->path, settings_->metrics_only) : nullptr;
        // Who may not have the answer need not send the question.
        if (route != nullptr && request.method() == http::verb::post)
            if (const auto admitted = admit(*route, *target, asker_of(request), services_); const auto* no = std::get_if<Reply>(&admitted))
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
        const auto admitted = admit(*route, *target, asker_of(request), services_);
        if (const auto* refusal = std::get_if<Reply>(&admitted)) return send(*refusal, request);
        const Admitted& by = by_ = std::get<Admitted>(admitted);
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
            if (self->chunked_ && self->request_.keep_alive()) return self->read_request(self->settings_->idle_timeout);
            self->close_in_order();
        };
        if (!chunked_) return asio::post(strand_->executor(), [done = std::move(done)] { done({}, 0); });
        stream_.expires_after(settings_->idle_timeout);
        asio::async_write(stream_, http::make_chunk_last(), std::move(done));
    }

    void go_on_if_drained() {
        if (working_ && go_on_ && waiting_bytes_ < settings_->max_queued / 2) std::exchange(go_on_, nullptr)();
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
        const Handshake handshake = read_handshake(view(request[http::field::sec_websocket_protocol]),
                                                   view(request["OpenAI-Beta"]), target);
        if (handshake.wire.transcription && handshake.wire.dialect == protocol::Dialect::beta)
            return send(error_reply(400, "unsupported", "transcription sessions are not to be had in the beta dialect"),
                        request);
        if (target.query.contains("call_id")) return join(request, target, handshake.subprotocol);
        const Reply obstacle = call_obstacle(target, services_);
        if (obstacle.status != 200) return send(obstacle, request);
        const Caller caller = caller_of(request, client_, services_);
        const auto entered = enter_call(by, caller.address, services_);
        if (const auto* refusal = std::get_if<Reply>(&entered)) return send(*refusal, request);
        const CallEntry& entry = std::get<CallEntry>(entered);
        // Used up from here on, so it is asked for when nothing else can refuse the call but itself.
        const auto prepared = prepared_call(asker_of(request), target, services_);
        if (!prepared) return send(refused_secret_reply(prepared.error()), request);
        auto agent = agent_of(prepared->target, services_);
        if (!agent) return send(no_agent_reply(agent.error()), request);

        const auto model = prepared->target.query.find("model");
        open_web_socket(request, handshake.subprotocol,
                        [&](std::shared_ptr<MessageChannel> channel) {
                            const auto session =
                                RealtimeSession::make(strand_, entry.place(), services_, *connections_, std::move(*agent),
                                                      model == prepared->target.query.end() ? "" : model->second,
                                                      caller.name, handshake.wire);
                            entry.became(session->call_id());
                            if (prepared->update) prepare(*session, *prepared->update);
                            return session->attach(std::move(channel));
                        });
    }

    /// A further connection to a call that is under way: of its client, who comes back, or of somebody who watches.
    void join(const Request& request, const Target& target, const std::string& subprotocol) {
        const auto wish = read_join(target);
        if (!wish) return send(error_reply(400, "invalid_value", wish.error().text), request);
        const auto session = services_.sessions->find(wish->call_id);
        if (!session && wish->resume_token && services_.session_store != nullptr)
            return join_stored(request, *wish, subprotocol);
        if (!session || (wish->resume_token && !session->is_resume_token(*wish->resume_token)))
            return send(no_call_reply(), request);
        call::CallPlace place;
        if (!wish->resume_token) {
            auto admitted = session->admit_observer();
            if (!admitted) return send(overloaded_reply(base::error(base::Errc::overloaded, "this call is watched by as "
                                                                    "many connections as it may be")), request);
            place = std::move(*admitted);
        }
        join(request, *wish, subprotocol, session, std::move(place));
    }

    /// The call may have been left by another process.
    void join_stored(const Request& request, const JoinWish& wish, const std::string& subprotocol) {
        const Reply obstacle = call_obstacle({}, services_);
        if (obstacle.status != 200) return send(obstacle, request);
        auto place = services_.registry.enter();
        if (!place) return send(overloaded_reply(place.error()), request);
        claim_call(wish, services_, strand_, [self = shared_from_this(), wish, subprotocol, place = std::move(*place)](
                                                 std::variant<ReturningCall, Reply> found) {
            self->take_stored(wish, subprotocol, place, std::move(found));
        });
    }

    void take_stored(const JoinWish& wish, const std::string& subprotocol, call::CallPlace place,
                     std::variant<ReturningCall, Reply> found) {
        if (const auto* refusal = std::get_if<Reply>(&found)) return send(*refusal, request_);
        const auto session = revive_call(std::get<ReturningCall>(std::move(found)), services_, strand_, *connections_,
                                         std::move(place), client_);
        join(request_, wish, subprotocol, session, {});
    }

    void join(const Request& request, const JoinWish& wish, const std::string& subprotocol,
              const std::shared_ptr<RealtimeSession>& session, call::CallPlace place) {
        if (services_.access != nullptr) by_.key = services_.access->owner_or(session->call_id(), by_.key);
        open_web_socket(request, subprotocol, [&](std::shared_ptr<MessageChannel> channel) {
            // The call lives on its own strand, this socket on another.
            return bridge_channel(std::move(channel), strand_, session->strand(),
                                  [session, wish, place](std::shared_ptr<MessageChannel> near) {
                                      if (wish.resume_token) return session->take_over(std::move(near), wish.from);
                                      return session->observe(std::move(near), place);
                                  });
        });
    }

    void open_web_socket(const Request& request, const std::string& subprotocol,
                         const std::function<std::shared_ptr<ChannelUser>(std::shared_ptr<MessageChannel>)>& make_user) {
        UpgradeRequest upgrade{std::string(request.target()), std::string(host(request)),
                               std::string(request[http::field::sec_websocket_key]), subprotocol};
        stream_.expires_never();
        handed_over_ = true;
        edge::open_web_socket(stream_.release_socket(), std::move(upgrade), *settings_, [&](std::shared_ptr<MessageChannel> channel) {
            return limit_messages(services_, by_.key, channel, strand_, make_user(channel));
        });
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
        response.keep_alive(request.keep_alive());
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
        if (response_->keep_alive()) return read_request(settings_->idle_timeout);
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
    Admitted by_;      ///< by whose right
    std::optional<http::response<http::string_body>> response_;
    bool handed_over_ = false;

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
