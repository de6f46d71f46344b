// An HTTP server on the loopback, one request per connection, that can also misbehave: the test says what
// it answers.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::engine {

class LocalFileServer {
public:
    struct Request {
        std::string path;
        long from = -1;  ///< the start of the range asked for; -1: none
    };
    struct Reply {
        std::string head;  ///< status line and headers, without the empty line; empty: cut the connection
        std::string body;
    };
    using Handler = std::function<Reply(const Request&)>;

    explicit LocalFileServer(Handler handler) : handler_(std::move(handler)), listener_(listen_on_loopback()) {
        sockaddr_in address{};
        socklen_t length = sizeof address;
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { serve(); });
    }
    ~LocalFileServer() {
        ::shutdown(listener_, SHUT_RDWR);
        thread_.join();
        ::close(listener_);
    }
    LocalFileServer(const LocalFileServer&) = delete;
    LocalFileServer& operator=(const LocalFileServer&) = delete;

    std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<Request> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    static int listen_on_loopback() {
        const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (listener < 0 || ::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(listener, 8) != 0)
            throw std::runtime_error("no port on the loopback");
        return listener;
    }

    /// What a well-behaved hub answers.
    static Reply file(const Request& request, const std::string& content) {
        const std::string size = std::to_string(content.size());
        if (request.from < 0) return {"HTTP/1.1 200 OK\r\nContent-Length: " + size, content};
        if (static_cast<std::size_t>(request.from) >= content.size())
            return {"HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0", ""};
        const std::string rest = content.substr(static_cast<std::size_t>(request.from));
        return {"HTTP/1.1 206 Partial Content\r\nContent-Length: " + std::to_string(rest.size()) +
                    "\r\ncontent-range: bytes " + std::to_string(request.from) + "-" +
                    std::to_string(content.size() - 1) + "/" + size,
                rest};
    }

private:
    void serve() {
        for (;;) {
            const int client = ::accept(listener_, nullptr, nullptr);
            if (client < 0) return;
            std::string text;
            char block[4096];
            while (text.find("\r\n\r\n") == std::string::npos) {
                const ssize_t count = ::recv(client, block, sizeof block, 0);
                if (count <= 0) break;
                text.append(block, static_cast<std::size_t>(count));
            }
            Request request;
            const std::size_t begin = text.find(' ') + 1;
            request.path = text.substr(begin, text.find(' ', begin) - begin);
            if (const std::size_t range = text.find("Range: bytes="); range != std::string::npos)
                request.from = std::stol(text.substr(range + 13));
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            const Reply reply = handler_(request);
            if (!reply.head.empty()) send(client, reply.head + "\r\nConnection: close\r\n\r\n" + reply.body);
            ::close(client);
        }
    }

    static void send(int client, const std::string& bytes) {
        for (std::size_t at = 0; at < bytes.size();) {
            const ssize_t count = ::send(client, bytes.data() + at, bytes.size() - at, MSG_NOSIGNAL);
            if (count <= 0) return;
            at += static_cast<std::size_t>(count);
        }
    }

    const Handler handler_;
    const int listener_;
    int port_ = 0;
    mutable std::mutex mutex_;
    std::vector<Request> requests_;
    std::thread thread_;
};

}  // namespace antiphon::engine
