// An HTTP/1.1 server on the loopback that does what the test says, byte for byte, and sees when its client leaves.
//
// thread-safe; a thread for each connection, which is kept for further requests.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::fakes {

class ScriptedServer {
public:
    struct Request {
        std::string method;
        std::string path;
        std::string head;  ///< all of it, as it came
        std::string body;
    };

    class Connection {
    public:
        explicit Connection(int socket) : socket_(socket) {}

        /// False: the client has left.
        bool send(std::string_view bytes) {
            while (!bytes.empty()) {
                const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
                if (count <= 0) return false;
                bytes.remove_prefix(static_cast<std::size_t>(count));
            }
            return true;
        }
        /// A whole answer with its length.
        bool answer(int status, std::string_view type, std::string_view body) {
            return send("HTTP/1.1 " + std::to_string(status) + " Said\r\nContent-Type: " + std::string(type) +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
        }
        /// The beginning of an answer in chunks; no bytes: its end.
        bool begin(std::string_view type) {
            return send("HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) + "\r\nTransfer-Encoding: chunked\r\n\r\n");
        }
        bool chunk(std::string_view bytes) {
            char size[32];
            const int length = std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
            return send(std::string(size, static_cast<std::size_t>(length)) + std::string(bytes) + "\r\n");
        }
        /// Waits so long for the client to leave (-1: for ever). True: it has left.
        bool left(int milliseconds = 0) const {
            pollfd one{socket_, POLLRDHUP, 0};
            return ::poll(&one, 1, milliseconds) > 0;
        }

    private:
        const int socket_;
    };

    /// Answers a request; false: the connection is closed behind it.
    using Handler = std::function<bool(const Request&, Connection&)>;

    explicit ScriptedServer(Handler handler) : handler_(std::move(handler)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0 ||
            ::listen(listener_, 64) != 0)
            throw std::runtime_error("no port on the loopback");
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length);
        port_ = ntohs(address.sin_port);
        thread_ = std::thread([this] { accept(); });
    }
    ~ScriptedServer() {
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
            ::shutdown(listener_, SHUT_RDWR);
            for (const int socket : open_) ::shutdown(socket, SHUT_RDWR);
        }
        thread_.join();
        for (auto& thread : threads_) thread.join();
        ::close(listener_);
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::vector<Request> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }
    std::size_t connections() const { return connections_; }

private:
    void accept() {
        for (;;) {
            const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (socket < 0) return;
            const std::lock_guard lock(mutex_);
            if (closing_) {
                ::close(socket);
                return;
            }
            ++connections_;
            open_.push_back(socket);
            threads_.emplace_back([this, socket] { serve(socket); });
        }
    }

    void serve(int socket) {
        Connection connection(socket);
        std::string pending;
        Request request;
        while (read(socket, pending, request)) {
            {
                const std::lock_guard lock(mutex_);
                requests_.push_back(request);
            }
            if (!handler_(request, connection)) break;
        }
        const std::lock_guard lock(mutex_);
        open_.remove(socket);
        ::close(socket);
    }

    static bool read(int socket, std::string& pending, Request& request) {
        const auto more = [&] {
            char block[16384];
            const ssize_t count = ::recv(socket, block, sizeof block, 0);
            if (count > 0) pending.append(block, static_cast<std::size_t>(count));
            return count > 0;
        };
        std::size_t end = 0;
        while ((end = pending.find("\r\n\r\n")) == std::string::npos)
            if (!more()) return false;
        request.head = pending.substr(0, end + 2);
        const auto space = request.head.find(' ');
        request.method = request.head.substr(0, space);
        request.path = request.head.substr(space + 1, request.head.find(' ', space + 1) - space - 1);
        std::size_t length = 0;
        if (const auto at = request.head.find("Content-Length: "); at != std::string::npos)
            length = std::stoul(request.head.substr(at + 16));
        while (pending.size() < end + 4 + length)
            if (!more()) return false;
        request.body = pending.substr(end + 4, length);
        pending.erase(0, end + 4 + length);
        return true;
    }

    const Handler handler_;
    const int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int port_ = 0;
    mutable std::mutex mutex_;
    bool closing_ = false;
    std::list<int> open_;
    std::vector<Request> requests_;
    std::atomic<std::size_t> connections_ = 0;
    std::list<std::thread> threads_;
    std::thread thread_;
};

}  // namespace antiphon::fakes
