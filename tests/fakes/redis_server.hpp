// A real redis-server of a test's own: on a unix socket and a loopback port, with its files in a folder of its own.
//
// It can be killed, stopped and started again like any process; what its append-only file has kept is there then.
#pragma once

#include "store/redis_connection.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::fakes {

class RedisServer {
public:
    /// With further arguments of its command line.
    explicit RedisServer(std::vector<std::string> arguments = {}) : arguments_(std::move(arguments)) {
        char folder[] = "/tmp/antiphon-redis-XXXXXX";
        folder_ = ::mkdtemp(folder);
        port_ = free_port();
        start();
    }
    ~RedisServer() {
        kill();
        std::filesystem::remove_all(folder_);
    }
    RedisServer(const RedisServer&) = delete;
    RedisServer& operator=(const RedisServer&) = delete;

    void start() {
        std::vector<std::string> command{"redis-server",     "--port",       std::to_string(port_), "--bind",
                                         "127.0.0.1",        "--unixsocket", socket(),              "--dir",
                                         folder_.string(),   "--appendonly", "yes",                 "--appendfsync",
                                         "always",           "--save",       "",                    "--loglevel",
                                         "warning",          "--logfile",    (folder_ / "log").string()};
        command.insert(command.end(), arguments_.begin(), arguments_.end());
        std::vector<char*> pointers;
        for (std::string& word : command) pointers.push_back(word.data());
        pointers.push_back(nullptr);
        process_ = ::fork();
        if (process_ == 0) {
            ::execvp(pointers.front(), pointers.data());
            ::_exit(127);
        }
        for (int tries = 0; tries < 2'000; ++tries) {
            if (answers()) return;
            if (::waitpid(process_, nullptr, WNOHANG) == process_) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(5));
        }
        ADD_FAILURE() << "redis-server does not start; is it installed?";
    }

    void kill() {
        if (process_ <= 0) return;
        ::kill(process_, SIGKILL);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }
    void stop() { ::kill(process_, SIGSTOP); }
    void go_on() { ::kill(process_, SIGCONT); }

    std::string socket() const { return (folder_ / "socket").string(); }
    std::uint16_t port() const { return port_; }

    store::RedisAddress by_socket() const {
        store::RedisAddress address;
        address.socket = socket();
        address.timeout = base::milliseconds(300);
        return address;
    }
    store::RedisAddress by_port() const {
        store::RedisAddress address;
        address.host = "127.0.0.1";
        address.port = port_;
        address.timeout = base::milliseconds(300);
        return address;
    }

    /// One command over a connection of its own.
    store::RedisReply ask(const std::vector<std::string_view>& arguments) const {
        auto address = by_socket();
        address.password = password;
        auto connection = store::RedisConnection::open(address);
        if (!connection) return {store::RedisReply::Kind::error, connection.error().text, 0, {}};
        auto reply = (*connection)->command(arguments);
        if (!reply) return {store::RedisReply::Kind::error, reply.error().text, 0, {}};
        return *reply;
    }

    std::string password;  ///< for ask(), where the server wants one

private:
    bool answers() const {
        const auto reply = ask({"PING"});
        return reply.text == "PONG" || reply.text.find("wants a password") != std::string::npos;
    }

    static std::uint16_t free_port() {
        const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        ::bind(probe, reinterpret_cast<sockaddr*>(&address), length);
        ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &length);
        ::close(probe);
        return ntohs(address.sin_port);
    }

    const std::vector<std::string> arguments_;
    std::filesystem::path folder_;
    std::uint16_t port_ = 0;
    pid_t process_ = -1;
};

}  // namespace antiphon::fakes
