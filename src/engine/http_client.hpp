// One HTTP server that engines ask, over connections that are kept for the next question (libcurl).
//
// thread-safe: any number of exchanges at the same time, each on the thread that asks, which it blocks. A stop
// request ends a blocked exchange at once, by closing its connection: that is how a server learns that nobody
// waits for its answer any more.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine {

struct HttpRequest {
    std::string path;    ///< behind the base address, for example "/api/chat"
    std::string body{};  ///< JSON, sent by POST; empty: a GET
};

struct HttpHead {
    int status = 0;
    std::string content_type{};  ///< as sent; empty: none
};

class HttpClient {
public:
    struct Settings {
        std::string server;    ///< who it is, for messages: "the Ollama server"
        std::string base_url;  ///< http://host[:port][/path] or https://...
        std::string key{};     ///< sent as a bearer token; empty: none
        base::milliseconds connect_within{2'000};  ///< name, connection and TLS together
    };

    /// The next bytes of the answer's body. True: more is wanted; false: what came is enough.
    using Taker = std::function<base::Result<bool>(const HttpHead& head, std::string_view bytes)>;

    /// When the exchange ends as late, and what had not happened by then ("gave no word within 5 s").
    struct Deadline {
        base::Time at;
        std::string missing;
    };
    using DeadlineNow = std::function<Deadline()>;

    /// `invalid` if the address cannot be used. Does not reach for the server.
    static base::Result<std::unique_ptr<HttpClient>> open(Settings settings);

    /// Nobody may be in exchange().
    ~HttpClient();

    /// Sends the request and hands over the answer as it comes; `deadline` is asked again after all that came.
    /// Redirects are not followed: a key goes to the named server only. Returns the head after the whole body or
    /// after `take` had enough, or fails with
    ///   cancelled    `stop` was requested; `take` is not called again
    ///   unavailable  not reached, late, or broken off; the sentence names server and reason
    ///   (others)     what `take` failed with
    base::Result<HttpHead> exchange(const HttpRequest& request, const Taker& take, const DeadlineNow& deadline,
                                    std::stop_token stop);

    /// "the Ollama server at http://ollama:11434"
    const std::string& name() const noexcept { return name_; }

private:
    struct Line;

    explicit HttpClient(Settings settings);
    std::unique_ptr<Line> take_line();
    void give_back(std::unique_ptr<Line> line);

    const Settings settings_;
    const std::string name_;
    const std::string without_proxy_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Line>> idle_;  ///< the last one used is used next: its connection is warm
};

}  // namespace antiphon::engine
