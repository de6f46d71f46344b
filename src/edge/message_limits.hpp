// How fast one client may send events and sound.
//
// strand, as the channel that is watched. Far above what a person's microphone brings, and with minutes in store for
// programs that send a recording at once: it stops who floods.
#pragma once

#include "base/clock.hpp"
#include "base/strand.hpp"
#include "edge/message_channel.hpp"

#include <cstddef>
#include <memory>

namespace antiphon::edge {

/// 0: no limit.
struct MessageLimitSettings {
    int events_per_second = 1'000;  ///< in the long run; ten seconds' worth may come at once
    double sound_speed = 10;        ///< times as fast as real time, in the long run
    int sound_ahead = 600;          ///< seconds of sound that may come at once before that
};

/// pure: what is to be done with one message after another.
class MessageLimits {
public:
    enum class Verdict {
        take,
        drop,
        drop_and_say,  ///< as drop, but the client is to be told: once a second
        close,         ///< it has been told several times, or has sent another store's worth in vain
    };

    explicit MessageLimits(const MessageLimitSettings& settings) : settings_(settings) {}

    /// `sound`: seconds of it in the message.
    Verdict next(double sound, base::Time now);

private:
    struct Bucket {
        double used = 0;
        bool take(double amount, double capacity) {
            if (used + amount > capacity && used > 0) return false;  // one message alone never exceeds
            used += amount;
            return true;
        }
    };

    const MessageLimitSettings settings_;
    Bucket events_;
    Bucket sound_;
    base::Time at_{};
    base::Time dropped_at_{};
    base::Time said_at_{};
    int said_ = 0;
    std::size_t dropped_ = 0;
};

/// The user for `channel` that lets `user` hear no more than the limits allow. Above them the client gets an `error`
/// event, `rate_limit_exceeded`, and what it sends is dropped; if it goes on, the channel is closed with 1008. Gives
/// `user` itself where nothing is limited.
std::shared_ptr<ChannelUser> limit_messages(const MessageLimitSettings& settings, std::shared_ptr<MessageChannel> channel,
                                            std::shared_ptr<base::Strand> strand, std::shared_ptr<ChannelUser> user);

}  // namespace antiphon::edge
