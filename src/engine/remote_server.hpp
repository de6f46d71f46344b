// What the engines on other machines have in common: questions to a server, with a bound on everything that it
// may do wrong.
//
// thread-safe; each call blocks the thread that makes it.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/http_client.hpp"

#include <cstddef>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

namespace antiphon::engine {

struct RemoteLimits {
    base::milliseconds connect{2'000};       ///< until the connection stands
    base::milliseconds first_token{10'000};  ///< from the question to the first word of the answer
    base::milliseconds stall{5'000};         ///< between two signs of life after that
    base::milliseconds whole{120'000};       ///< for the whole answer
    base::milliseconds load{180'000};        ///< for a server to load a model at the start
    std::size_t line = std::size_t{1} << 20U;    ///< bytes of one line of a streamed answer
    std::size_t answer = std::size_t{16} << 20U; ///< bytes of a streamed answer
    std::size_t body = std::size_t{64} << 20U;   ///< bytes of one that is fetched whole
};

/// What a line of a streamed answer was.
enum class LineMeaning {
    nothing,  ///< a comment: proves nothing
    sign,     ///< the server is at work, but nothing of the answer came
    token,    ///< a part of the answer
    end,      ///< the answer's end
};

class RemoteServer {
public:
    /// Takes a line, as well-formed UTF-8: malformed bytes have become U+FFFD.
    using LineTaker = std::function<base::Result<LineMeaning>(std::string_view line)>;

    /// `invalid` if the address cannot be used; does not reach for the server.
    static base::Result<std::unique_ptr<RemoteServer>> open(HttpClient::Settings settings, const RemoteLimits& limits);

    /// The body of the answer to a question that is answered at once. Fails with
    ///   cancelled    `stop` was requested
    ///   unavailable  not reached, not answered in `within`, broken off, or down (502, 503, 504), or the key is refused
    ///   not_found    404
    ///   overloaded   429
    ///   unsupported  another status from 400 to 499; the sentence has the server's own words
    ///   engine       any other status, or more than may come
    base::Result<std::string> fetch(const HttpRequest& request, base::milliseconds within, std::stop_token stop);

    /// Hands over the lines of a streamed answer until `take` says `end`. Fails as fetch() does, with what `take`
    /// fails with, and with
    ///   unavailable  no token in time, a pause that is too long, or an end without the answer's end
    ///   engine       a line or an answer that is too long, or a page of HTML
    base::Result<void> stream(const HttpRequest& request, const LineTaker& take, std::stop_token stop);

    const std::string& name() const noexcept { return client_->name(); }

private:
    RemoteServer(std::unique_ptr<HttpClient> client, const RemoteLimits& limits)
        : client_(std::move(client)), limits_(limits) {}

    base::Error failure_of(const HttpHead& head, const std::string& body) const;

    const std::unique_ptr<HttpClient> client_;
    const RemoteLimits limits_;
};

/// "5 s" or "300 ms"
std::string in_words(base::milliseconds duration);

/// What a server says went wrong, out of the JSON in which it says so ({"error": text} or {"error": {"message":
/// text}}), else the beginning of the text; in one line, short, and UTF-8.
std::string told_by_server(const std::string& body);

}  // namespace antiphon::engine
