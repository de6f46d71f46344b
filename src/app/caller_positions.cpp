#include "app/caller_positions.hpp"

#include "audio/pcm.hpp"

#include <algorithm>

namespace antiphon::app {

void CallerPositions::sent(base::Duration line_time, base::Duration length, std::size_t position) {
    line_end_ = line_time + length;
    if (!stretches_.empty()) {
        const Stretch& last = stretches_.back();
        if (position == last.position + audio::samples_in(line_time - last.begin, rate_)) return;
    }
    stretches_.push_back({line_time, position});
}

void CallerPositions::heard(base::Duration server_count) {
    if (anchor_ || server_count <= base::Duration::zero()) return;
    const base::Duration distance = std::max(line_end_ - server_count, base::Duration::zero());
    distance_ = std::min(distance_.value_or(distance), distance);
}

std::size_t CallerPositions::resume_at(base::Duration server_count) const {
    if (anchor_) {
        const base::Duration since = std::max(server_count - anchor_->count, base::Duration::zero());
        return anchor_->position + audio::samples_in(since, rate_);
    }
    if (server_count <= base::Duration::zero()) return 0;
    if (stretches_.empty()) return audio::samples_in(server_count, rate_);  // a WebSocket from the beginning
    const base::Duration distance = std::max(line_end_ - server_count, base::Duration::zero());
    const base::Duration at = std::max(server_count + std::min(distance_.value_or(distance), distance) - kMargin,
                                       stretches_.front().begin);
    const auto next = std::upper_bound(stretches_.begin(), stretches_.end(), at,
                                       [](base::Duration time, const Stretch& one) { return time < one.begin; });
    const Stretch& in = *(next - 1);
    const std::size_t position = in.position + audio::samples_in(at - in.begin, rate_);
    return next == stretches_.end() ? position : std::min(position, next->position);
}

void CallerPositions::go_on(base::Duration server_count, std::size_t position) {
    anchor_ = Anchor{server_count, position};
}

}  // namespace antiphon::app
