#include "engine/edge_tts/edge_connection.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/fields.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <type_traits>
#include <utility>

namespace antiphon::engine::edge_tts {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = beast::websocket;
using boost::system::error_code;
using TlsStream = asio::ssl::stream<beast::tcp_stream>;

constexpr std::size_t kMostMessageBytes = 1U << 20U;
constexpr std::size_t kMostSoundBytes = 8U << 20U;  ///< some 20 minutes: no text that is sent at once lasts as long

base::Error cancelled() { return base::error(base::Errc::cancelled, "speaking was stopped"); }

/// One connection, whose operations are waited for one after the other.
template <typename Lower>
class Connection {
public:
    template <typename... Arguments>
    explicit Connection(std::stop_token stop, Arguments&&... arguments)
        : stream_(io_, std::forward<Arguments>(arguments)...), timer_(io_), stop_(std::move(stop)) {}

    Answer run(const Request& request, const NameLookup::Addresses& addresses, base::Time open_until,
               const std::function<base::Result<void>(std::string_view)>& sound) {
        const std::stop_callback on_stop(stop_, [this] { asio::post(io_, [this] { close(); }); });
        Answer answer;
        answer.outcome = open(request, addresses, open_until, answer);
        for (std::size_t i = 0; answer.outcome && i < request.messages.size(); ++i) {
            const asio::const_buffer bytes = asio::buffer(request.messages[i]);
            answer.outcome = step("does not take the text", base::Clock::now() + request.answer_within,
                                  [&](auto done) { stream_.async_write(bytes, std::move(done)); });
        }
        if (answer.outcome) answer.outcome = listen(request, sound);
        if (stop_.stop_requested()) answer.outcome = cancelled();
        return answer;
    }

private:
    base::Result<void> open(const Request& request, const NameLookup::Addresses& addresses, base::Time until,
                            Answer& answer) {
        auto connected = step("cannot be reached", until, [&](auto done) {
            beast::get_lowest_layer(stream_).async_connect(
                addresses, [done = std::move(done)](error_code failure, const auto&) mutable { done(failure, 0); });
        });
        if (!connected) return connected;
        beast::get_lowest_layer(stream_).socket().set_option(asio::ip::tcp::no_delay(true));
        if constexpr (std::is_same_v<Lower, TlsStream>) {
            TlsStream& tls = stream_.next_layer();
            SSL_set_tlsext_host_name(tls.native_handle(), request.endpoint.host.c_str());
            tls.set_verify_mode(asio::ssl::verify_peer);
            tls.set_verify_callback(asio::ssl::host_name_verification(request.endpoint.host));
            auto shaken = step("cannot be trusted", until, [&](auto done) {
                tls.async_handshake(asio::ssl::stream_base::client,
                                    [done = std::move(done)](error_code failure) mutable { done(failure, 0); });
            });
            if (!shaken) return shaken;
        }
        websocket::permessage_deflate deflate;
        deflate.client_enable = true;
        stream_.set_option(deflate);
        stream_.set_option(websocket::stream_base::decorator([&](websocket::request_type& head) {
            for (const auto& [name, value] : request.headers) head.set(name, value);
        }));
        stream_.read_message_max(kMostMessageBytes);
        websocket::response_type response;
        const std::string standard_port = request.endpoint.tls ? "443" : "80";
        const std::string host =
            request.endpoint.host + (request.endpoint.port == standard_port ? "" : ":" + request.endpoint.port);
        auto opened = step("refuses", until, [&](auto done) {
            stream_.async_handshake(response, host, request.target,
                                    [done = std::move(done)](error_code failure) mutable { done(failure, 0); });
        });
        if (!opened && response.result() != beast::http::status::switching_protocols && response.result_int() >= 300) {
            answer.status = static_cast<int>(response.result_int());
            answer.date = std::string(response[beast::http::field::date]);
            return base::error(base::Errc::engine, "the Edge service refuses with status " + std::to_string(answer.status));
        }
        return opened;
    }

    base::Result<void> listen(const Request& request, const std::function<base::Result<void>(std::string_view)>& sound) {
        beast::flat_buffer buffer;
        for (std::size_t taken = 0;;) {
            auto read = step("breaks off", base::Clock::now() + request.answer_within,
                             [&](auto done) { stream_.async_read(buffer, std::move(done)); });
            if (!read) return read;
            const std::string_view bytes(static_cast<const char*>(buffer.data().data()), buffer.size());
            const auto message = stream_.got_text() ? read_text_message(bytes) : read_binary_message(bytes);
            if (!message) return message.error();
            if (message->kind == Message::Kind::end) return {};
            if (message->kind == Message::Kind::sound) {
                taken += message->sound.size();
                if (taken > kMostSoundBytes)
                    return base::error(base::Errc::engine, "the Edge service gives sound without an end");
                if (auto given = sound(message->sound); !given) return given;
            }
            buffer.consume(buffer.size());
        }
    }

    /// Starts one operation and runs until it is done; `what` is what is wrong with the service if it fails.
    template <typename Start>
    base::Result<void> step(const char* what, base::Time until, Start start) {
        if (stop_.stop_requested()) return cancelled();
        bool done = false;
        bool late = false;
        error_code outcome;
        timer_.expires_at(until);
        timer_.async_wait([&, this](error_code failure) {
            if (failure || done) return;
            late = true;
            close();
        });
        start([&](error_code failure, std::size_t) {
            done = true;
            outcome = failure;
            timer_.cancel();
        });
        // Until nothing is left: the timer's handler refers to this function's variables.
        io_.restart();
        io_.run();
        if (stop_.stop_requested()) return cancelled();
        if (late) return base::error(base::Errc::engine, std::string("the Edge service ") + what + ": no answer in time");
        if (outcome) return base::error(base::Errc::engine, std::string("the Edge service ") + what + ": " + outcome.message());
        return {};
    }

    void close() {
        error_code ignored;
        beast::get_lowest_layer(stream_).socket().close(ignored);
    }

    asio::io_context io_{1};
    websocket::stream<Lower> stream_;
    asio::steady_timer timer_;
    std::stop_token stop_;
};

}  // namespace

Answer ask(const Request& request, NameLookup& names, const std::function<base::Result<void>(std::string_view)>& sound,
           const std::stop_token& stop) {
    const base::Time open_until = base::Clock::now() + request.open_within;
    const auto addresses = names.find(request.endpoint.host, request.endpoint.port, open_until, stop);
    if (!addresses) return {0, {}, addresses.error()};
    try {
        if (!request.endpoint.tls)
            return Connection<beast::tcp_stream>(stop).run(request, *addresses, open_until, sound);
        asio::ssl::context context(asio::ssl::context::tls_client);
        context.set_options(asio::ssl::context::no_tlsv1 | asio::ssl::context::no_tlsv1_1);
        context.set_default_verify_paths();
        return Connection<TlsStream>(stop, context).run(request, *addresses, open_until, sound);
    } catch (const boost::system::system_error& failure) {
        return {0, {}, base::error(base::Errc::engine, std::string("the Edge service cannot be asked: ") + failure.what())};
    }
}

}  // namespace antiphon::engine::edge_tts
