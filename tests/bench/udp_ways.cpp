#include "bench/udp_ways.hpp"

#include <boost/asio/post.hpp>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <ctime>
#include <future>
#include <tuple>
#include <utility>

namespace antiphon::bench {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;

constexpr int kAtOnce = 64;
constexpr std::uint32_t kTicks = 960;  ///< 20 ms at 48 kHz
constexpr std::size_t kRtpHeader = 12;
constexpr std::size_t kTag = 16;       ///< of SRTP, at most

struct Received {
    std::span<const char> bytes;
    std::int64_t sent_ns = 0;
};

/// Of packets that are there; none when there are no more.
std::optional<Received> receive(int socket, std::array<char, 2048>& buffer, sockaddr_in* from) {
    iovec part{buffer.data(), buffer.size()};
    alignas(cmsghdr) std::array<char, 128> control{};
    msghdr message{};
    message.msg_name = from;
    message.msg_namelen = from == nullptr ? 0 : sizeof *from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = recvmsg(socket, &message, MSG_DONTWAIT);
    if (size < 0) return std::nullopt;
    Received received{{buffer.data(), static_cast<std::size_t>(size)}, 0};
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_TIMESTAMPNS) continue;
        timespec at{};
        std::memcpy(&at, CMSG_DATA(header), sizeof at);
        received.sent_ns = at.tv_sec * 1'000'000'000LL + at.tv_nsec;
    }
    return received;
}

bool impairs(const network::Settings& settings) {
    return settings.loss > 0 || settings.duplicate > 0 || settings.reorder > 0 || settings.delay.count() > 0 || settings.jitter.count() > 0;
}

std::uint32_t number(std::span<const char> bytes, std::size_t at, std::size_t count) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < count; ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

}  // namespace

UdpWays::UdpWays(const network::Settings& settings, std::uint64_t seed)
    : settings_(settings), seed_(seed), thread_([this] { io_.run(); }) {}

UdpWays::~UdpWays() {
    work_.reset();
    io_.stop();
    thread_.join();
}

std::shared_ptr<UdpWays::Way> UdpWays::add(std::uint16_t server_port) {
    std::promise<std::shared_ptr<Way>> made;
    asio::post(io_, [&] {
        auto way = std::make_shared<Way>(*this, server_port, seed_ += 2);
        ways_.push_back(way);
        way->read_client();
        way->read_server();
        made.set_value(std::move(way));
    });
    return made.get_future().get();
}

WaySeen UdpWays::seen(const Way* except) {
    std::promise<WaySeen> all;
    asio::post(io_, [&] {
        WaySeen seen;
        for (const auto& weak : ways_) {
            const auto way = weak.lock();
            if (!way || way.get() == except) continue;
            seen.gaps.insert(seen.gaps.end(), way->seen_.gaps.begin(), way->seen_.gaps.end());
            seen.sounds += way->seen_.sounds;
        }
        all.set_value(std::move(seen));
    });
    return all.get_future().get();
}

bool UdpWays::Later::operator()(const Packet& left, const Packet& right) const {
    return std::tie(left.arrival, left.order) > std::tie(right.arrival, right.order);
}

void UdpWays::send(Way& way, bool to_server, std::span<const char> bytes) {
    const int socket = to_server ? way.server_.native_handle() : way.client_.native_handle();
    [[maybe_unused]] const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_DONTWAIT);
}

void UdpWays::deliver(const std::shared_ptr<Way>& way, bool to_server, std::span<const char> bytes) {
    if (!impairs(settings_)) return send(*way, to_server, bytes);
    auto& impairment = to_server ? way->to_server_ : way->to_client_;
    for (const auto arrival : impairment.fate(network::Clock::now()))
        under_way_.push({arrival, order_++, way, to_server, {bytes.begin(), bytes.end()}});
    send_due();
}

void UdpWays::send_due() {
    for (; !under_way_.empty() && under_way_.top().arrival <= network::Clock::now(); under_way_.pop()) {
        const Packet& due = under_way_.top();
        send(*due.way, due.to_server, due.bytes);
    }
    if (under_way_.empty() || timer_.expiry() == under_way_.top().arrival) return;
    timer_.expires_at(under_way_.top().arrival);
    timer_.async_wait([this](boost::system::error_code moved) {
        if (!moved) send_due();
    });
}

UdpWays::Way::Way(UdpWays& ways, std::uint16_t server_port, std::uint64_t seed)
    : ways_(ways),
      client_(ways.io_, udp::endpoint(asio::ip::address_v4::loopback(), 0)),
      server_(ways.io_, udp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(client_.local_endpoint().port()),
      to_server_(seed),
      to_client_(seed + 1) {
    to_server_.settings = to_client_.settings = ways.settings_;
    server_.connect({asio::ip::address_v4::loopback(), server_port});
    const int on = 1;
    setsockopt(server_.native_handle(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
}

bool UdpWays::Way::send_to_server(std::span<const std::uint8_t> bytes) {
    return ::send(server_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT) >= 0;
}

void UdpWays::Way::close() {
    asio::post(ways_.io_, [self = shared_from_this()] {
        boost::system::error_code ignored;
        self->client_.cancel(ignored);
        self->server_.cancel(ignored);
    });
}

void UdpWays::Way::read_client() {
    client_.async_wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code failure) {
        if (failure) return;
        std::array<char, 2048> buffer;
        sockaddr_in from{};
        for (int i = 0; i < kAtOnce; ++i) {
            const auto packet = receive(self->client_.native_handle(), buffer, self->client_known_ ? nullptr : &from);
            if (!packet) break;
            if (!std::exchange(self->client_known_, true))
                ::connect(self->client_.native_handle(), reinterpret_cast<const sockaddr*>(&from), sizeof from);
            self->ways_.deliver(self, true, packet->bytes);
        }
        self->read_client();
    });
}

void UdpWays::Way::read_server() {
    server_.async_wait(Socket::wait_read, [self = shared_from_this()](boost::system::error_code failure) {
        if (failure) return;
        std::array<char, 2048> buffer;
        for (int i = 0; i < kAtOnce; ++i) {
            const auto packet = receive(self->server_.native_handle(), buffer, nullptr);
            if (!packet) break;
            self->watch(packet->bytes, packet->sent_ns);
            if (self->client_known_) self->ways_.deliver(self, false, packet->bytes);
        }
        self->read_server();
    });
}

void UdpWays::Way::watch(std::span<const char> packet, std::int64_t sent_ns) {
    // SRTP leaves the header of RTP as it is (RFC 3711, 3.1); RTCP has other types (RFC 5761, 4).
    if (packet.size() < kRtpHeader || (static_cast<unsigned char>(packet[0]) >> 6U) != 2) return;
    const auto type = number(packet, 1, 1) & 0x7FU;
    if (type >= 64 && type < 96) return;
    const Last now{static_cast<std::uint16_t>(number(packet, 2, 2)), number(packet, 4, 4), sent_ns};
    if (ways_.measuring_) {
        if (packet.size() > kRtpHeader + kTag + 1) ++seen_.sounds;
        if (last_ && static_cast<std::uint16_t>(last_->sequence + 1) == now.sequence && now.timestamp - last_->timestamp == kTicks)
            seen_.gaps.push_back(static_cast<float>(static_cast<double>(now.sent_ns - last_->sent_ns) * 1e-6));
    }
    last_ = now;
}

}  // namespace antiphon::bench
