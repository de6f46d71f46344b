#include "edge/call_limits.hpp"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

constexpr std::chrono::seconds kMinute{60};
constexpr std::size_t kForgetFrom = 4'096;  ///< that many are counted before anybody is forgotten

double minutes(base::Duration time) { return std::chrono::duration<double>(time) / kMinute; }

struct Counted {
    int calls = 0;
    double starts = 0;  ///< that have not been made up for yet
    base::Time at{};    ///< when that was

    void let_pass(int per_minute, base::Time now) {
        starts = per_minute > 0 ? std::max(0.0, starts - minutes(now - at) * per_minute) : 0;
        at = now;
    }
};

struct Limit {
    std::string name;
    int calls;
    int starts;
    const char* whose;
};

}  // namespace

struct CallLimits::State {
    std::mutex mutex;
    std::unordered_map<std::string, Counted> counted;

    void leave(const std::vector<std::string>& names) {
        const std::scoped_lock lock(mutex);
        for (const std::string& name : names)
            if (const auto found = counted.find(name); found != counted.end()) --found->second.calls;
    }

    void forget_idle(base::Time now) {
        if (counted.size() < kForgetFrom) return;
        std::erase_if(counted, [&](const auto& one) { return one.second.calls == 0 && now - one.second.at >= kMinute; });
    }
};

CallLimits::CallLimits() : state_(std::make_shared<State>()) {}

std::variant<call::CallPlace, CallLimits::Refused> CallLimits::enter(const CallLimitSettings& limits, std::string_view key,
                                                                     std::string_view address, base::Time now) {
    std::vector<Limit> all;
    if (!key.empty())
        all.push_back({"key " + std::string(key), limits.calls_per_key, limits.starts_per_key, "this key"});
    if (!address.empty())
        all.push_back({"address " + std::string(address), limits.calls_per_address, limits.starts_per_address, "this address"});
    std::erase_if(all, [](const Limit& one) { return one.calls == 0 && one.starts == 0; });
    if (all.empty()) return call::CallPlace();

    const std::scoped_lock lock(state_->mutex);
    state_->forget_idle(now);
    for (const Limit& one : all) {
        Counted& who = state_->counted[one.name];
        who.let_pass(one.starts, now);
        if (one.calls > 0 && who.calls >= one.calls)
            return Refused{std::string(one.whose) + " has " + std::to_string(who.calls) + " calls under way, as many as it may", 5};
        if (one.starts > 0 && who.starts + 1 > one.starts) {
            const double wait = (who.starts + 1 - one.starts) / one.starts * static_cast<double>(kMinute.count());
            return Refused{std::string(one.whose) + " begins calls too fast: " + std::to_string(one.starts) + " in a minute are allowed",
                           std::max(1, static_cast<int>(std::ceil(wait)))};
        }
    }
    std::vector<std::string> names;
    for (const Limit& one : all) {
        Counted& who = state_->counted[one.name];
        ++who.calls;
        who.starts += 1;
        names.push_back(one.name);
    }
    return call::CallPlace(static_cast<void*>(state_.get()),
                           [state = state_, names = std::move(names)](void*) { state->leave(names); });
}

std::size_t CallLimits::counted() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->counted.size();
}

}  // namespace antiphon::edge
