// Where in the caller's own sound the server is, so that what it has not heard can be said again another way.
//
// pure. The server counts what it has heard (input_audio_ms). Over a media line it counts the line's time, by the
// packets' timestamps, from the first packet that reached it; which one that was is learnt from the smallest distance
// between what was sent and what it said. Positions are samples since the caller's first.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace antiphon::app {

class CallerPositions {
public:
    /// More than what came on its way while the distance was learnt; said twice, it does no harm.
    static constexpr base::milliseconds kMargin{200};

    explicit CallerPositions(int sample_rate) : rate_(sample_rate) {}

    /// A packet left the line at this time of its own; its first sample is the one at `position`, which rises.
    void sent(base::Duration line_time, base::Duration length, std::size_t position);
    /// The server has heard so much, by its count.
    void heard(base::Duration server_count);

    /// The sample from which on the server is to be told, if it has heard so much.
    std::size_t resume_at(base::Duration server_count) const;

    /// From here on its count goes on with the sample at `position`, over a WebSocket, one for one.
    void go_on(base::Duration server_count, std::size_t position);

private:
    /// From here on line time and position run alike, up to the next.
    struct Stretch {
        base::Duration begin;
        std::size_t position;
    };
    struct Anchor {
        base::Duration count;
        std::size_t position;
    };

    int rate_;
    std::vector<Stretch> stretches_;
    base::Duration line_end_{};
    std::optional<base::Duration> distance_;  ///< the smallest, of the line's time and the server's count
    std::optional<Anchor> anchor_;            ///< once it goes on over a WebSocket
};

}  // namespace antiphon::app
