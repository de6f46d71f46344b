// How fast all connections of one key together may send events and sound.
//
// thread-safe: connections live on strands of their own. What is counted is bounded: a key without connections is
// forgotten once all that it sent has been made up for, and not before, so that who connects anew gains nothing.
#pragma once

#include "base/clock.hpp"
#include "edge/message_store.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

namespace antiphon::edge {

class KeyMessages {
    struct State;
    struct Account;

public:
    /// One connection's part in what its key may send; it keeps the key counted.
    class Share {
    public:
        Share(std::shared_ptr<State> state, Account& account) : state_(std::move(state)), account_(account) {}
        ~Share();
        Share(const Share&) = delete;
        Share& operator=(const Share&) = delete;

        /// As MessageStore::take(), for the key.
        bool take(double sound, base::Time now);
        /// MessageRates::events_at_once of now.
        double events_at_once() const;

    private:
        const std::shared_ptr<State> state_;
        Account& account_;  ///< stays where it is while it has connections
    };

    explicit KeyMessages(const MessageRates& rates);

    /// Counts from now on, for connections that are there, too.
    void change(const MessageRates& rates);

    /// For one more connection by that key; null where there is no key.
    std::shared_ptr<Share> join(const std::string& key, base::Time now);

    /// How many keys are being counted.
    std::size_t counted() const;

private:
    const std::shared_ptr<State> state_;
};

}  // namespace antiphon::edge
