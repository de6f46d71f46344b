// Whether a request may have what its route gives, and whether a call may begin.
//
// thread-safe, as the services are. Without Services::access, or while its rules need no keys, everybody may; which
// page a request comes from is another question (access.hpp).
#pragma once

#include "call/call_registry.hpp"
#include "edge/credentials.hpp"
#include "edge/reply.hpp"
#include "edge/routes.hpp"
#include "edge/services.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace antiphon::edge {

/// By the right of whom a request is answered.
struct Admitted {
    std::string key{};  ///< the name of the key that was shown, or that the client secret was made with; empty: none
};

/// 401 `invalid_api_key` without a key that is kept, 401 `invalid_client_secret` for a secret that opens nothing, 403
/// `origin_not_allowed` for one that is another origin's, 404 `call_not_found` for a call that another key began. A
/// client secret is looked at and not used up. To come back to a call is let through here: its token is asked for where
/// the call is found.
std::variant<Admitted, Reply> admit(const Route& route, const Target& target, const Asker& asker, const Services& services);

/// The place of a call that is to begin.
class CallEntry {
public:
    /// To be kept by the call: with its last copy the call counts no more.
    call::CallPlace place() const { return {holder_, holder_.get()}; }
    /// Says which call it became. Before anybody else knows the call.
    void became(const std::string& call_id) const;

private:
    friend std::variant<CallEntry, Reply> enter_call(const Admitted& by, std::string_view address, const Services& services);
    struct Holder {
        call::CallPlace place;    ///< in the registry
        call::CallPlace counted;  ///< in the limits
        std::shared_ptr<void> owned;
    };
    CallEntry(std::shared_ptr<Holder> holder, const Services& services, std::string key)
        : holder_(std::move(holder)), services_(&services), key_(std::move(key)) {}

    std::shared_ptr<Holder> holder_;
    const Services* services_;
    std::string key_;
};

/// `address` is the caller's. 429 `rate_limit_exceeded` with Retry-After when the key or the address has as many calls
/// as it may or begins them too fast, 503 `overloaded` when the server is full.
std::variant<CallEntry, Reply> enter_call(const Admitted& by, std::string_view address, const Services& services);

}  // namespace antiphon::edge
