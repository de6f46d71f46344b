#include "edge/message_store.hpp"

#include <algorithm>

namespace antiphon::edge {
namespace {

bool add(double& used, double amount, double capacity) {
    if (used + amount > capacity && used > 0) return false;
    used += amount;
    return true;
}

}  // namespace

void MessageStore::let_pass(const MessageRates& rates, base::Time now) {
    const double passed = at_ == base::Time{} ? 0 : base::seconds(std::max(base::Duration::zero(), now - at_));
    at_ = std::max(at_, now);
    events_ = rates.events > 0 ? std::max(0.0, events_ - passed * rates.events) : 0;
    sound_ = rates.sound > 0 ? std::max(0.0, sound_ - passed * rates.sound) : 0;
}

bool MessageStore::take(double sound, const MessageRates& rates, base::Time now) {
    let_pass(rates, now);
    return (rates.events == 0 || add(events_, 1, rates.events_at_once)) &&
           (rates.sound == 0 || add(sound_, sound, rates.sound_at_once));
}

bool MessageStore::is_empty(const MessageRates& rates, base::Time now) const {
    MessageStore then = *this;
    then.let_pass(rates, now);
    return then.events_ == 0 && then.sound_ == 0;
}

}  // namespace antiphon::edge
