// What all calls over WebRTC share: the certificate, the ports, the clock of their sound, and a thread that opens and
// closes their connections.
//
// thread-safe. The library (libdatachannel) is asked to open and to close only on that thread, never within one of its
// callbacks: closing waits for them.
#pragma once

#include "base/result.hpp"
#include "edge/hand_over.hpp"
#include "edge/line_metrics.hpp"
#include "edge/media_clock.hpp"
#include "edge/webrtc_certificate.hpp"
#include "edge/webrtc_settings.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

namespace rtc {
struct Configuration;
class IceUdpMuxListener;
class PeerConnection;
}  // namespace rtc

namespace antiphon::edge {

class WebRtcStack {
public:
    static constexpr std::size_t kMaxWaiting = 64;  ///< openings; one more is refused

    /// Fails with `invalid` for ports that are none, an address that is none, or a bad certificate, and with
    /// `unavailable` when the one port for all calls is taken or a file cannot be read.
    /// `metrics`, which must outlive the stack, are for all its lines; without them nothing is counted.
    static base::Result<std::unique_ptr<WebRtcStack>> open(const WebRtcSettings& settings,
                                                           LineMetrics* metrics = nullptr);

    /// close(), and the end of the library's threads. No peer is left by then: what was posted to strands has gone.
    ~WebRtcStack();
    WebRtcStack(const WebRtcStack&) = delete;
    WebRtcStack& operator=(const WebRtcStack&) = delete;

    const WebRtcSettings& settings() const { return settings_; }
    LineMetrics* line_metrics() const { return line_metrics_; }
    MediaClock& clock() { return clock_; }
    rtc::Configuration configuration() const;

    /// A way to a strand, closed with the stack if not before.
    std::shared_ptr<HandOver> hand_over(std::shared_ptr<base::Strand> strand);

    /// Runs the job on the stack's thread; `overloaded` when too many wait, `unavailable` after close().
    base::Result<void> submit(std::function<void()> job);

    /// Closes the connection in order, by force after two seconds, and destroys it.
    void retire(std::shared_ptr<rtc::PeerConnection> connection);

    /// Holds something until it is let go of, or the stack closes.
    void keep(std::shared_ptr<void> thing);
    void let_go(const void* thing);

    /// Ends all that is open: no callback hands anything over after this, and what was kept is gone. To be called when
    /// no strand runs any more. Waits until the connections that are closing in order have done so.
    void close();

private:
    struct Retired {
        std::shared_ptr<rtc::PeerConnection> connection;
        base::Time until;
    };

    explicit WebRtcStack(const WebRtcSettings& settings);
    void run();
    /// Closes those whose farewell is over.
    void close_leaving(base::Time now);
    void destroy_closed(base::Time now);

    const WebRtcSettings settings_;
    LineMetrics* line_metrics_ = nullptr;
    WebRtcCertificate certificate_;
    std::uint16_t first_port_ = 0;  ///< 0: any
    std::uint16_t last_port_ = 0;
    std::unique_ptr<rtc::IceUdpMuxListener> one_port_;  ///< keeps it open while there is no call
    MediaClock clock_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::function<void()>> jobs_;
    std::vector<std::shared_ptr<rtc::PeerConnection>> retiring_;
    std::vector<std::weak_ptr<HandOver>> ways_;
    std::unordered_map<const void*, std::shared_ptr<void>> kept_;
    bool refusing_ = false;
    bool closing_ = false;
    std::vector<Retired> leaving_;  ///< to be closed soon; the thread's own, as the next
    std::vector<Retired> retired_;
    std::thread thread_;
};

}  // namespace antiphon::edge
