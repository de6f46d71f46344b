// Many callers over WebRTC, driven by one thread, and what they see: the definitions stand in webrtc_caller.cpp.
#pragma once

#include "base/clock.hpp"
#include "bench/rtc_call.hpp"
#include "bench/udp_ways.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::bench {

using OpusFrames = std::vector<std::vector<std::uint8_t>>;

/// What every caller says, encoded once: a piece of Kennedy's sentence, and silence to say after it, again and again.
struct SpokenTurn {
    OpusFrames speech;
    OpusFrames silence;
    /// `expected_loss` as an encoder learns it from reports. Throws std::runtime_error.
    explicit SpokenTurn(double expected_loss);
};

enum class RtcManner {
    talk,      ///< turns without end, each answered
    idle,      ///< a packet of silence each 400 ms, as with DTX
};

/// Of the callers, but for what the ways see.
struct RtcSeen {
    std::vector<float> post, first_from_server, session, first_to_server;  ///< ms
    std::vector<float> arrival_gaps;  ///< ms, as the gaps of the ways, but as the callers' threads came to it
    std::size_t turns = 0;
    std::size_t cut_short = 0;  ///< answers that the server took for interrupted
    std::size_t frames = 0;
    std::size_t late = 0;
    std::size_t lost = 0;
    std::string why_lost;
};

struct RtcServer {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;
};

class RtcCrowd;

class RtcCaller {
public:
    RtcCaller(RtcCrowd& crowd, std::size_t number);
    /// Throws as RtcCall::call().
    void start();
    /// On the crowd's thread, every 20 ms.
    void beat(base::Time due);
    void hang_up();
    /// Whether sound has gone both ways; of idle calls, that of the server.
    bool greeted() const { return greeted_; }
    bool lost() const { return lost_; }
    RtcCall& call() { return call_; }
    /// From now on nothing is sent for it and nothing counted: call() is another's, who floods by it.
    void take_no_part();

private:
    enum class Turn { none, speaking, waiting, answered };

    void take_event(std::string_view event);
    void take_sound(std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t> payload, base::Time arrived);
    /// For the report of a turn that was lost. With the lock held.
    std::string last_events() const;
    void lose(const std::string& why);

    RtcCrowd& crowd_;
    const std::size_t number_;
    std::mutex mutex_;
    bool open_ = false;
    std::atomic<bool> greeted_ = false;
    std::atomic<bool> lost_ = false;
    bool ending_ = false;
    std::atomic<bool> apart_ = false;
    Turn turn_ = Turn::none;
    base::Time offered_{};
    base::Time turn_began_{};
    bool session_ = false;  ///< created: the server hears
    bool sound_came_ = false;
    bool answered_early_ = false;  ///< while it still spoke
    bool heard_ = false;
    std::size_t frame_ = 0;
    std::size_t beats_ = 0;
    std::size_t pause_ = 0;
    std::deque<std::pair<std::string, base::Time>> last_events_;  ///< types, and when they came
    std::uint16_t last_sequence_ = 0;
    std::uint32_t last_timestamp_ = 0;
    base::Time last_arrived_{};
    RtcCall call_;  // last: its events touch the rest until it goes
};

class RtcCrowd {
public:
    /// `ways` may be null: then the callers talk to the server without anything between.
    RtcCrowd(const SpokenTurn& sound, const RtcServer& server, RtcManner manner, UdpWays* ways);
    ~RtcCrowd();

    /// Opens one more call and waits for the answer to its offer. Throws.
    RtcCaller& add();
    /// Waits until sound has gone both ways in all calls, or some are lost, or it takes too long.
    bool all_greeted(std::chrono::seconds longest);
    void measure(bool on) { measuring_ = on; }
    RtcSeen seen();
    std::size_t open();
    void hang_up();
    /// All that was opened, gone.
    void clear();

private:
    friend class RtcCaller;
    void run();
    template <typename Change>
    void note(Change change) {
        const std::scoped_lock lock(seen_mutex_);
        change(seen_);
    }

    const SpokenTurn& sound_;
    const RtcServer server_;
    const RtcManner manner_;
    UdpWays* const ways_;
    std::atomic<bool> measuring_ = false;
    std::atomic<bool> ended_ = false;
    std::mutex seen_mutex_;
    RtcSeen seen_;
    std::mutex callers_mutex_;
    std::vector<std::shared_ptr<RtcCaller>> callers_;
    std::size_t added_ = 0;
    std::thread thread_;
};

}  // namespace antiphon::bench
