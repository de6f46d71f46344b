#include "edge/datagram_exchange.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <utility>

namespace antiphon::edge {
namespace {

/// When a request is sent, counted from the first time: RFC 8489's 500 ms, doubled, as often as fits into 2 s.
constexpr base::milliseconds kSendAfter[] = {base::milliseconds(0), base::milliseconds(500), base::milliseconds(1500)};
constexpr std::size_t kLargestDatagram = 1500;

std::string words_of(int failure) { return std::generic_category().message(failure); }

}  // namespace

base::Result<DatagramExchange> DatagramExchange::open(const std::string& host, std::uint16_t port) {
    const std::string name = host + ":" + std::to_string(port);
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_DGRAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* list = nullptr;
    if (const int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &list); failure != 0)
        return base::error(base::Errc::not_found, "the name " + host + " cannot be resolved: " + gai_strerror(failure));
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
    std::vector<const addrinfo*> found;
    for (const addrinfo* one = list; one != nullptr; one = one->ai_next) found.push_back(one);
    std::stable_partition(found.begin(), found.end(), [](const addrinfo* one) { return one->ai_family == AF_INET; });
    int failure = EADDRNOTAVAIL;
    for (const addrinfo* one : found) {
        const int socket = ::socket(one->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (socket >= 0 && ::connect(socket, one->ai_addr, one->ai_addrlen) == 0) return DatagramExchange(socket, name);
        failure = errno;
        if (socket >= 0) ::close(socket);
    }
    return base::error(base::Errc::unavailable, "there is no way to " + name + ": " + words_of(failure));
}

DatagramExchange::DatagramExchange(DatagramExchange&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), name_(std::move(other.name_)) {}

DatagramExchange::~DatagramExchange() {
    if (socket_ >= 0) ::close(socket_);
}

base::Result<StunResponse> DatagramExchange::ask(const std::vector<std::uint8_t>& request, const Read& read,
                                                 base::Time give_up) {
    const base::Time began = base::Clock::now();
    std::size_t sent = 0;
    int refused = 0;  // why the last datagram found nobody, as the network said it
    for (;;) {
        const base::Time now = base::Clock::now();
        if (now >= give_up) break;
        if (sent < std::size(kSendAfter) && now >= began + kSendAfter[sent]) {
            ++sent;
            if (::send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) refused = errno;
            continue;
        }
        base::Time until = give_up;
        if (sent < std::size(kSendAfter)) until = std::min(until, began + kSendAfter[sent]);
        pollfd wait{socket_, POLLIN, 0};
        const auto left = std::chrono::ceil<base::milliseconds>(until - now).count();
        if (::poll(&wait, 1, static_cast<int>(left)) <= 0) continue;
        std::array<std::uint8_t, kLargestDatagram> datagram;
        const auto length = ::recv(socket_, datagram.data(), datagram.size(), 0);
        if (length < 0) {
            refused = errno;
            continue;
        }
        auto response = read(std::span(datagram).first(static_cast<std::size_t>(length)));
        if (response) return response;
    }
    return base::error(base::Errc::unavailable,
                       name_ + " does not answer over UDP" + (refused == 0 ? "" : ": " + words_of(refused)));
}

}  // namespace antiphon::edge
