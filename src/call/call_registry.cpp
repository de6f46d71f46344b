#include "call/call_registry.hpp"

#include <string>

namespace antiphon::call {

base::Result<CallPlace> CallRegistry::enter() {
    if (closed_) {
        ++refused_;
        return base::error(base::Errc::overloaded, "the server is shutting down");
    }
    if (count_->fetch_add(1) >= limit_) {
        count_->fetch_sub(1);
        ++refused_;
        return base::error(base::Errc::overloaded,
                           "all " + std::to_string(limit_) + " calls are taken; try again later");
    }
    return CallPlace(count_.get(), [count = count_](void*) { count->fetch_sub(1); });
}

}  // namespace antiphon::call
