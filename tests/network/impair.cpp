// A bad network between two namespaces: two TUN devices with this program between them.
//
//     impair --seed 1
//
// makes two network namespaces without names, "server" with the address 10.77.0.1 and "client" with 10.77.0.2, and prints
// one line of JSON with the places where they can be entered (nsenter --net=PLACE). Then it takes commands, one a line,
// and answers each with one line, "ok", "error: ..." or JSON:
//
//     set to_server|to_client|both NAME=VALUE...   impairment.hpp says which
//     cut | join                                   nothing goes through, and what is on its way is lost; and back
//     drop udp|tcp | pass udp|tcp                  that protocol alone, both ways
//     count                                        packets sent, delivered, lost, duplicated and dropped, each way
//
// The namespaces live as long as it and those who entered them: its end, and the end of its input, are the clean-up.
// Needs the right to make namespaces and TUN devices (root). Ends with 77 and a sentence if it has not.
#include "network/impairment.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <queue>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace antiphon::network {
namespace {

constexpr int kNoPermission = 77;  // what test runners take for "skipped"
constexpr std::size_t kLargestPacket = 2048;
constexpr int kAtOnce = 256;                  // packets taken in before the next ones are delivered
constexpr std::size_t kMaxUnderWay = 65'536;  // packets each way; beyond that they are dropped

[[noreturn]] void fail(const std::string& what) {
    const int reason = errno;
    std::fprintf(stderr, "impair: %s: %s\n", what.c_str(), std::strerror(reason));
    std::exit(reason == EPERM || reason == EACCES || reason == ENOENT || reason == ENOSYS ? kNoPermission : 1);
}

/// One end of the wire: a namespace with a TUN device, and where it can be entered.
struct End {
    int space = -1;
    int device = -1;
};

void set_address(const char* address) {
    const int socket_for_settings = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_for_settings < 0) fail("socket");
    ifreq request{};
    std::strncpy(request.ifr_name, "wire", IFNAMSIZ - 1);
    auto* place = reinterpret_cast<sockaddr_in*>(&request.ifr_addr);
    place->sin_family = AF_INET;
    inet_pton(AF_INET, address, &place->sin_addr);
    if (ioctl(socket_for_settings, SIOCSIFADDR, &request) != 0) fail("address");
    inet_pton(AF_INET, "255.255.255.0", &place->sin_addr);
    if (ioctl(socket_for_settings, SIOCSIFNETMASK, &request) != 0) fail("netmask");
    for (const char* name : {"wire", "lo"}) {
        request = {};
        std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
        request.ifr_flags = IFF_UP | IFF_RUNNING;
        if (ioctl(socket_for_settings, SIOCSIFFLAGS, &request) != 0) fail("bringing up the device");
    }
    close(socket_for_settings);
}

/// IPv4 alone: one address at each end, so that a test knows the way. Where /proc cannot be written, link-local IPv6 stays.
void without_ipv6() {
    const int file = open("/proc/sys/net/ipv6/conf/all/disable_ipv6", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    [[maybe_unused]] const auto written = write(file, "1", 1);
    close(file);
}

End make_end(const char* address) {
    if (unshare(CLONE_NEWNET) != 0) fail("making a network namespace");
    End end;
    end.space = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    end.device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (end.space < 0 || end.device < 0) fail("opening /dev/net/tun");
    ifreq request{};
    request.ifr_flags = IFF_TUN | IFF_NO_PI;
    std::strncpy(request.ifr_name, "wire", IFNAMSIZ - 1);
    if (ioctl(end.device, TUNSETIFF, &request) != 0) fail("making a TUN device");
    without_ipv6();
    set_address(address);
    return end;
}

struct Packet {
    Clock::time_point arrival;
    std::uint64_t order = 0;
    std::string bytes;

    bool operator>(const Packet& other) const { return std::tie(arrival, order) > std::tie(other.arrival, other.order); }
};

/// The number of the protocol above IP, 17 for UDP and 6 for TCP.
int protocol_of(std::string_view packet) {
    if (packet.size() >= 20 && (static_cast<unsigned char>(packet[0]) >> 4U) == 4) return static_cast<unsigned char>(packet[9]);
    if (packet.size() >= 40 && (static_cast<unsigned char>(packet[0]) >> 4U) == 6) return static_cast<unsigned char>(packet[6]);
    return -1;
}

/// What is under way from one end to the other.
class Direction {
public:
    Direction(int from, int to, std::uint64_t seed) : impairment(seed), from_(from), to_(to) {}

    Impairment impairment;

    void take_in(bool cut, const std::array<bool, 256>& dropped) {
        std::array<char, kLargestPacket> buffer{};
        for (int taken = 0; taken < kAtOnce; ++taken) {
            const auto size = read(from_, buffer.data(), buffer.size());
            if (size <= 0) return;
            const std::string_view packet(buffer.data(), static_cast<std::size_t>(size));
            ++sent_;
            const int protocol = protocol_of(packet);
            if (cut || (protocol >= 0 && dropped[static_cast<std::size_t>(protocol)]) || under_way_.size() >= kMaxUnderWay) {
                ++dropped_;
                continue;
            }
            const auto arrivals = impairment.fate(Clock::now());
            lost_ += arrivals.empty();
            duplicated_ += arrivals.size() > 1;
            for (const auto arrival : arrivals) under_way_.push({arrival, order_++, std::string(packet)});
        }
    }

    void deliver(Clock::time_point now) {
        for (; !under_way_.empty() && under_way_.top().arrival <= now; under_way_.pop()) {
            const auto& bytes = under_way_.top().bytes;
            if (write(to_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size())) ++delivered_;
            else ++dropped_;
        }
    }

    void lose_all() {
        dropped_ += under_way_.size();
        under_way_ = {};
    }

    Clock::time_point next() const { return under_way_.empty() ? Clock::time_point::max() : under_way_.top().arrival; }

    std::string counts() const {
        return "{\"sent\": " + std::to_string(sent_) + ", \"delivered\": " + std::to_string(delivered_) + ", \"lost\": " +
               std::to_string(lost_) + ", \"duplicated\": " + std::to_string(duplicated_) + ", \"dropped\": " +
               std::to_string(dropped_) + ", \"under_way\": " + std::to_string(under_way_.size()) + "}";
    }

private:
    const int from_;
    const int to_;
    std::priority_queue<Packet, std::vector<Packet>, std::greater<>> under_way_;
    std::uint64_t order_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t delivered_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t duplicated_ = 0;
    std::uint64_t dropped_ = 0;
};

class Wire {
public:
    Wire(const End& server, const End& client, std::uint64_t seed)
        : ends_{server, client},
          to_client_(server.device, client.device, seed),
          to_server_(client.device, server.device, seed + 1) {}

    void run() {
        std::array<pollfd, 3> watched{{{STDIN_FILENO, POLLIN, 0}, {ends_[0].device, POLLIN, 0}, {ends_[1].device, POLLIN, 0}}};
        for (;;) {
            const auto next = std::min(to_client_.next(), to_server_.next());
            const auto wait = std::max(Clock::duration::zero(), next - Clock::now());
            timespec limit{wait / std::chrono::seconds(1), (wait % std::chrono::seconds(1)).count()};
            const bool idle = next == Clock::time_point::max();
            if (ppoll(watched.data(), watched.size(), idle ? nullptr : &limit, nullptr) < 0 && errno != EINTR) fail("poll");
            to_client_.take_in(cut_, dropped_);
            to_server_.take_in(cut_, dropped_);
            const auto now = Clock::now();
            to_client_.deliver(now);
            to_server_.deliver(now);
            if (watched[0].revents != 0 && !read_commands()) return;
        }
    }

private:
    /// False at the end of the input.
    bool read_commands() {
        std::array<char, 4096> buffer{};
        const auto size = read(STDIN_FILENO, buffer.data(), buffer.size());
        if (size <= 0) return false;
        input_.append(buffer.data(), static_cast<std::size_t>(size));
        for (auto end = input_.find('\n'); end != std::string::npos; end = input_.find('\n')) {
            std::printf("%s\n", obey(input_.substr(0, end)).c_str());
            std::fflush(stdout);
            input_.erase(0, end + 1);
        }
        return true;
    }

    std::string obey(const std::string& command) {
        const auto words = std::string_view(command);
        const auto name = words.substr(0, words.find(' '));
        const auto rest = words.substr(std::min(words.size(), name.size() + 1));
        if (name == "set") return set(rest);
        if (name == "cut" || name == "join") {
            cut_ = name == "cut";
            if (cut_) to_client_.lose_all(), to_server_.lose_all();
            return "ok";
        }
        if ((name == "drop" || name == "pass") && (rest == "udp" || rest == "tcp")) {
            dropped_[rest == "udp" ? IPPROTO_UDP : IPPROTO_TCP] = name == "drop";
            return "ok";
        }
        if (name == "count") return "{\"to_server\": " + to_server_.counts() + ", \"to_client\": " + to_client_.counts() + "}";
        return "error: what is " + command + "?";
    }

    std::string set(std::string_view words) {
        const auto way = words.substr(0, words.find(' '));
        const auto rest = words.substr(std::min(words.size(), way.size() + 1));
        if (way != "both" && way != "to_server" && way != "to_client") return "error: which way is " + std::string(way) + "?";
        auto tried = to_server_.impairment.settings;
        if (const auto wrong = change(tried, rest); !wrong.empty()) return "error: " + wrong;
        if (way != "to_client") change(to_server_.impairment.settings, rest);
        if (way != "to_server") change(to_client_.impairment.settings, rest);
        return "ok";
    }

    const std::array<End, 2> ends_;
    Direction to_client_;
    Direction to_server_;
    bool cut_ = false;
    std::array<bool, 256> dropped_{};  ///< by the number of the protocol
    std::string input_;
};

}  // namespace
}  // namespace antiphon::network

int main(int count, char** words) {
    using namespace antiphon::network;
    std::uint64_t seed = 1;
    if (count == 3 && std::string_view(words[1]) == "--seed") seed = std::strtoull(words[2], nullptr, 10);
    else if (count != 1) return std::fputs("impair: only --seed NUMBER is understood\n", stderr), 2;
    setpriority(PRIO_PROCESS, 0, -10);  // a wire does not wait for those who use it; without the right to it, as it is
    const End server = make_end("10.77.0.1");
    const End client = make_end("10.77.0.2");
    const int self = getpid();
    std::printf("{\"server\": \"/proc/%d/fd/%d\", \"client\": \"/proc/%d/fd/%d\"}\n", self, server.space, self, client.space);
    std::fflush(stdout);
    Wire(server, client, seed).run();
    return 0;
}
