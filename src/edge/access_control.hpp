// Who is let in, by how much, and whose the calls are: what a server with keys knows beside its routes.
//
// thread-safe. The rules are exchanged whole by a reload; requests that are under way keep those they began with, and
// calls go on whatever becomes of their key.
#pragma once

#include "base/clock.hpp"
#include "edge/access_keys.hpp"
#include "edge/call_limits.hpp"
#include "edge/client_address.hpp"
#include "edge/key_messages.hpp"
#include "edge/message_limits.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace antiphon::edge {

struct AccessRules {
    bool keys_needed = false;  ///< also with no key at all: then nobody is let in
    AccessKeys keys{};
    std::vector<AddressRange> trusted_proxies{};
    CallLimitSettings calls{};
    MessageLimitSettings messages{};
};

class AccessControl {
public:
    explicit AccessControl(AccessRules rules);

    void change(AccessRules rules);
    std::shared_ptr<const AccessRules> rules() const;

    /// A place for one more call, under the rules of now.
    std::variant<call::CallPlace, CallLimits::Refused> enter(std::string_view key, std::string_view address, base::Time now) {
        return limits_.enter(rules()->calls, key, address, now);
    }

    /// What one more connection by that key may send with the others; null where there is no key. How much that is
    /// changes with the rules.
    std::shared_ptr<KeyMessages::Share> join_key(const std::string& key, base::Time now) { return messages_.join(key, now); }

    /// Remembers which key began a call, until the last copy of the result goes.
    std::shared_ptr<void> remember_owner(const std::string& call_id, const std::string& key);
    /// The name of that key; none for a call that none began, and for one that no process has here.
    std::optional<std::string> owner(const std::string& call_id) const;
    /// The same, or `shown` where it is not known: by whose limits a further connection to the call is held.
    std::string owner_or(const std::string& call_id, const std::string& shown) const { return owner(call_id).value_or(shown); }

private:
    struct Owners {
        std::mutex mutex;
        std::unordered_map<std::string, std::string> by_call;
    };

    mutable std::mutex mutex_;
    std::shared_ptr<const AccessRules> rules_;
    CallLimits limits_;
    KeyMessages messages_;
    const std::shared_ptr<Owners> owners_ = std::make_shared<Owners>();
};

}  // namespace antiphon::edge
