#include "edge/key_messages.hpp"

#include <algorithm>
#include <mutex>
#include <unordered_map>

namespace antiphon::edge {
namespace {

constexpr std::size_t kForgetFrom = 1'024;  ///< that many are counted before anybody is looked for to be forgotten

}  // namespace

struct KeyMessages::Account {
    int connections = 0;
    MessageStore sent;
};

struct KeyMessages::State {
    explicit State(const MessageRates& first) : rates(first) {}

    /// Looks only when they are twice as many as it left the last time: so a connection costs little, however many
    /// keys there are.
    void forget_idle(base::Time now) {
        if (accounts.size() < forget_from) return;
        std::erase_if(accounts, [&](const auto& one) {
            const Account& account = one.second;
            return account.connections == 0 && account.sent.is_empty(rates, now);
        });
        forget_from = std::max(kForgetFrom, 2 * accounts.size());
    }

    mutable std::mutex mutex;
    MessageRates rates;
    std::unordered_map<std::string, Account> accounts;
    std::size_t forget_from = kForgetFrom;
};

KeyMessages::Share::~Share() {
    const std::scoped_lock lock(state_->mutex);
    --account_.connections;
}

bool KeyMessages::Share::take(double sound, base::Time now) {
    const std::scoped_lock lock(state_->mutex);
    return account_.sent.take(sound, state_->rates, now);
}

double KeyMessages::Share::events_at_once() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->rates.events_at_once;
}

KeyMessages::KeyMessages(const MessageRates& rates) : state_(std::make_shared<State>(rates)) {}

void KeyMessages::change(const MessageRates& rates) {
    const std::scoped_lock lock(state_->mutex);
    state_->rates = rates;
}

std::shared_ptr<KeyMessages::Share> KeyMessages::join(const std::string& key, base::Time now) {
    if (key.empty()) return nullptr;
    const std::scoped_lock lock(state_->mutex);
    state_->forget_idle(now);
    Account& account = state_->accounts[key];
    ++account.connections;
    return std::make_shared<Share>(state_, account);
}

std::size_t KeyMessages::counted() const {
    const std::scoped_lock lock(state_->mutex);
    return state_->accounts.size();
}

}  // namespace antiphon::edge
