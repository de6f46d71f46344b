// The way between a caller and the server, packet by packet through this program: two UDP sockets for each call, on one
// thread. It sees when the server sent each packet of sound, whatever the caller's own threads do, and can treat packets
// as a bad network does (network/impairment.hpp).
//
// thread-safe. When a packet was sent is what the kernel says (SO_TIMESTAMPNS): on loopback that is taken while the sender
// is still in its call.
#pragma once

#include "network/impairment.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <queue>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::bench {

/// What one way has seen of the server's sound.
struct WaySeen {
    std::vector<float> gaps;  ///< ms between two packets that follow one another within a talk spurt
    std::size_t sounds = 0;   ///< packets with more than the silence of DTX
};

class UdpWays {
    struct Packet;

public:
    class Way;

    explicit UdpWays(const network::Settings& settings, std::uint64_t seed = 1);
    ~UdpWays();
    UdpWays(const UdpWays&) = delete;
    UdpWays& operator=(const UdpWays&) = delete;

    /// A way that leads to the server's port from now on, and goes with the last who holds it.
    std::shared_ptr<Way> add(std::uint16_t server_port);
    void measure(bool on) { measuring_ = on; }
    /// Of all ways but `except`; waits for the thread.
    WaySeen seen(const Way* except = nullptr);

private:
    friend class Way;
    struct Later {
        bool operator()(const Packet& left, const Packet& right) const;
    };

    void deliver(const std::shared_ptr<Way>& way, bool to_server, std::span<const char> bytes);
    void send_due();
    static void send(Way& way, bool to_server, std::span<const char> bytes);

    const network::Settings settings_;
    std::uint64_t seed_;
    std::atomic<bool> measuring_ = false;
    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{io_.get_executor()};
    boost::asio::steady_timer timer_{io_};
    std::priority_queue<Packet, std::vector<Packet>, Later> under_way_;
    std::uint64_t order_ = 0;
    std::vector<std::weak_ptr<Way>> ways_;
    std::thread thread_;
};

class UdpWays::Way : public std::enable_shared_from_this<UdpWays::Way> {
public:
    Way(UdpWays& ways, std::uint16_t server_port, std::uint64_t seed);

    /// Where the caller sends to, in place of the server.
    std::uint16_t port() const { return port_; }
    /// Sends as if it came from the caller, unimpaired. From any thread; false when the system did not take it.
    bool send_to_server(std::span<const std::uint8_t> bytes);
    void close();

private:
    friend class UdpWays;
    using Socket = boost::asio::ip::udp::socket;

    void read_client();
    void read_server();
    void watch(std::span<const char> packet, std::int64_t sent_ns);

    UdpWays& ways_;
    Socket client_;
    Socket server_;
    std::uint16_t port_ = 0;
    bool client_known_ = false;
    network::Impairment to_server_;
    network::Impairment to_client_;
    struct Last {
        std::uint16_t sequence;
        std::uint32_t timestamp;
        std::int64_t sent_ns;
    };
    std::optional<Last> last_;
    WaySeen seen_;
};

struct UdpWays::Packet {
    network::Clock::time_point arrival;
    std::uint64_t order = 0;
    std::shared_ptr<Way> way;
    bool to_server = false;
    std::string bytes;
};

}  // namespace antiphon::bench
