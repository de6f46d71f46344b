#include "edge/access_control.hpp"

#include <utility>

namespace antiphon::edge {

AccessControl::AccessControl(AccessRules rules)
    : rules_(std::make_shared<const AccessRules>(std::move(rules))), messages_(rates_of_key(rules_->messages)) {}

void AccessControl::change(AccessRules rules) {
    messages_.change(rates_of_key(rules.messages));
    auto changed = std::make_shared<const AccessRules>(std::move(rules));
    const std::scoped_lock lock(mutex_);
    rules_.swap(changed);
}

std::shared_ptr<const AccessRules> AccessControl::rules() const {
    const std::scoped_lock lock(mutex_);
    return rules_;
}

std::shared_ptr<void> AccessControl::remember_owner(const std::string& call_id, const std::string& key) {
    {
        const std::scoped_lock lock(owners_->mutex);
        owners_->by_call[call_id] = key;
    }
    return {static_cast<void*>(owners_.get()), [owners = owners_, call_id](void*) {
                const std::scoped_lock lock(owners->mutex);
                owners->by_call.erase(call_id);
            }};
}

std::optional<std::string> AccessControl::owner(const std::string& call_id) const {
    const std::scoped_lock lock(owners_->mutex);
    const auto found = owners_->by_call.find(call_id);
    if (found == owners_->by_call.end()) return std::nullopt;
    return found->second;
}

}  // namespace antiphon::edge
