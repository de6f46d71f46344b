#include "app/caller_watch.hpp"

#include <algorithm>

namespace antiphon::app {

void CallerWatch::sound_came(base::Time at) {
    sound_at_ = std::max(sound_at_.value_or(at), at);
    sign_came(at);
}

void CallerWatch::sign_came(base::Time at) { sign_at_ = std::max(sign_at_, at); }

void CallerWatch::heard(base::milliseconds count, base::Time at) {
    sign_came(at);
    if (count <= count_) return;
    count_ = count;
    count_rose_at_ = at;
}

bool CallerWatch::holds(base::Time now) const { return flows() && now - sign_at_ > limits_.holds; }

std::optional<std::string_view> CallerWatch::trouble(base::Time now) const {
    if (lost_) return session_ ? "the connection is lost" : "no UDP";
    if (!flows()) {
        if (now - began_ < limits_.begins) return std::nullopt;
        return session_ ? "no sound comes" : "no UDP";
    }
    if (now - *sound_at_ > limits_.dead) return "no sound comes any more";
    if (count_rose_at_ && now - *count_rose_at_ > limits_.deaf) return "the server hears nothing any more";
    return std::nullopt;
}

}  // namespace antiphon::app
