// How many calls one key and one address may have, and how fast they may begin them.
//
// thread-safe. What is counted is bounded: who has no call and has not begun one for a minute is forgotten.
#pragma once

#include "base/clock.hpp"
#include "call/call_registry.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace antiphon::edge {

/// 0: no limit.
struct CallLimitSettings {
    int calls_per_key = 0;
    int calls_per_address = 0;
    int starts_per_key = 0;  ///< in a minute
    int starts_per_address = 120;
};

class CallLimits {
public:
    struct Refused {
        std::string because;  ///< one sentence
        int retry_after;      ///< seconds
    };

    CallLimits();

    /// A place for one more call, given back with its last copy, or why there is none now. A key or an address that is
    /// empty is not counted. Starts are counted by a bucket that holds a minute's worth and fills evenly; a call that
    /// is refused takes nothing from it.
    std::variant<call::CallPlace, Refused> enter(const CallLimitSettings& limits, std::string_view key,
                                                 std::string_view address, base::Time now);

    /// How many keys and addresses are being counted.
    std::size_t counted() const;

private:
    struct State;
    const std::shared_ptr<State> state_;
};

}  // namespace antiphon::edge
