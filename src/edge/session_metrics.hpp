// How calls come, go, and come back, over all sessions.
//
// thread-safe.
#pragma once

#include "base/metrics.hpp"

#include <string_view>

namespace antiphon::edge {

/// What a call's sound travels over.
enum class Transport { none, websocket, webrtc };

class SessionMetrics {
public:
    /// `metrics` must outlive this.
    explicit SessionMetrics(base::Metrics& metrics) : metrics_(metrics) {}

    /// Makes all of them, so that they are there, at 0, before the first call.
    void announce() const;

    /// A call's sound goes another way from now on, or none.
    void moved(Transport from, Transport to) const;
    /// `reason`: as the log says it; one that is not known is counted as "other".
    void ended(std::string_view reason) const;
    /// The client of a call that waits for it is gone.
    void lost() const;
    /// A client came and took its call over.
    void came_back() const;

private:
    base::Metrics& metrics_;
};

}  // namespace antiphon::edge
