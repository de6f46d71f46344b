// How fast one client may send events and sound, and what is done with what comes faster.
//
// Far above what a person's microphone brings, and with minutes in store for programs that send a recording at once: it
// stops who floods. A key is limited over all of its connections as well, where the settings say so.
#pragma once

#include "base/clock.hpp"
#include "edge/key_messages.hpp"
#include "edge/message_store.hpp"

#include <cstddef>
#include <memory>
#include <utility>

namespace antiphon::edge {

/// 0: no limit.
struct MessageLimitSettings {
    int events_per_second = 1'000;  ///< in the long run; ten seconds' worth may come at once
    double sound_speed = 10;        ///< times as fast as real time, in the long run
    int sound_ahead = 600;          ///< seconds of sound that may come at once before that
    int events_per_key = 0;         ///< in a second, of all the key's connections; ten seconds' worth may come at once
    double sound_per_key = 0;       ///< seconds of sound in a second, likewise; a minute's worth may come at once
};

MessageRates rates_of_connection(const MessageLimitSettings& settings);
MessageRates rates_of_key(const MessageLimitSettings& settings);

/// strand: what is to be done with one message of a connection after another.
class MessageLimits {
public:
    enum class Verdict {
        take,
        drop,
        drop_and_say,  ///< as drop, but the client is to be told: once a second
        close,         ///< it has been told several times, or has sent another store's worth in vain
    };

    /// `key`: may be null.
    explicit MessageLimits(const MessageLimitSettings& settings, std::shared_ptr<KeyMessages::Share> key = nullptr)
        : rates_(rates_of_connection(settings)), key_(std::move(key)) {}

    /// Whether anything can ever be dropped.
    bool any() const { return key_ || rates_.events > 0 || rates_.sound > 0; }

    /// `sound`: seconds of it in the message. What the connection's own limit drops does not count for its key.
    Verdict next(double sound, base::Time now);

    /// Whether it was the key's limit, and not the connection's own, that the last message exceeded that was not taken.
    bool key_exceeded() const { return key_exceeded_; }

private:
    MessageRates rates_;
    std::shared_ptr<KeyMessages::Share> key_;
    MessageStore sent_;
    base::Time dropped_at_{};
    base::Time said_at_{};
    int said_ = 0;
    std::size_t dropped_ = 0;
    bool key_exceeded_ = false;
};

}  // namespace antiphon::edge
