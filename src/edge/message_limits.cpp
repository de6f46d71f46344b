#include "edge/message_limits.hpp"

#include <chrono>

namespace antiphon::edge {
namespace {

constexpr double kSecondsOfEvents = 10;     ///< that may come at once
constexpr double kSecondsOfKeysSound = 60;   ///< likewise, of the key's rate
constexpr std::chrono::seconds kSayEach{1};
constexpr std::chrono::seconds kForgiveAfter{10};
constexpr int kMostSayings = 3;

}  // namespace

MessageRates rates_of_connection(const MessageLimitSettings& settings) {
    const double events = settings.events_per_second;
    return {events, events * kSecondsOfEvents, settings.sound_speed, static_cast<double>(settings.sound_ahead)};
}

MessageRates rates_of_key(const MessageLimitSettings& settings) {
    const double events = settings.events_per_key;
    return {events, events * kSecondsOfEvents, settings.sound_per_key, settings.sound_per_key * kSecondsOfKeysSound};
}

MessageLimits::Verdict MessageLimits::next(double sound, base::Time now) {
    const bool in_own = sent_.take(sound, rates_, now);
    if (in_own && (!key_ || key_->take(sound, now))) return Verdict::take;
    key_exceeded_ = in_own;
    if (now - dropped_at_ >= kForgiveAfter) {
        said_ = 0;
        dropped_ = 0;
    }
    dropped_at_ = now;
    ++dropped_;
    const double store = key_exceeded_ ? key_->events_at_once() : rates_.events_at_once;
    const bool enough = store > 0 && static_cast<double>(dropped_) > store;
    if (said_ > 0 && now - said_at_ < kSayEach) return enough ? Verdict::close : Verdict::drop;
    if (enough || said_ == kMostSayings) return Verdict::close;
    ++said_;
    said_at_ = now;
    return Verdict::drop_and_say;
}

}  // namespace antiphon::edge
