// What a resumable call has said lately, so that a client that comes back misses nothing.
//
// pure. Messages stand in it as they were sent, in order; what goes beyond kMaxBytes is dropped, oldest first, and with
// forget_old() what is older than kLength. The sound of a media line stands among them until a client takes the call
// over without it.
#pragma once

#include "base/clock.hpp"
#include "call/call_event.hpp"
#include "edge/resume_from.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace antiphon::edge {

/// One message as it goes over a channel.
struct LoggedMessage {
    std::string id;     ///< the event's; empty for a binary message
    std::string bytes;
    bool binary = false;
    base::Duration sound{};  ///< how much of the answer's sound it carries
    call::ResponsePart part{};  ///< of which answer that is
};

/// A piece of the answer's sound that went over a media line.
struct LineSound {
    call::ResponsePart part;
    std::vector<std::uint8_t> bytes;  ///< in the session's output format
    std::int64_t from = 0;            ///< where it begins in all that the line was given, in its samples
    std::int64_t samples = 0;         ///< its length there
};

class ReplayLog {
public:
    static constexpr std::size_t kMaxBytes = 4U << 20U;
    static constexpr base::milliseconds kLength{30'000};

    /// `whole`: nothing was said before the log began.
    explicit ReplayLog(bool whole) : lost_before_(!whole) {}

    void add(LoggedMessage message, base::Time now);
    void add(LineSound sound, base::Time now);

    /// Not while the client is waited for: what it misses does not grow old.
    void forget_old(base::Time now);

    /// The sound of the line from `received` on becomes messages, made by `encode`; what was received is forgotten.
    using EncodeSound = std::function<LoggedMessage(const LineSound&)>;
    /// A client says what it has: everything up to there is forgotten, and the rest is what it has missed (missed()).
    /// Answers whether all of that is here.
    bool confirm(const ResumeFrom& from, std::int64_t line_received, const EncodeSound& encode);

    /// In order, all that stands in the log. After confirm() there is no sound of a line in it.
    std::vector<LoggedMessage> missed() const;

    /// Takes out the messages that carry sound, in order: it goes another way.
    std::vector<LoggedMessage> take_sound();

    /// The event of that id was sent at the place where confirm() ended, and stands for it from now on.
    void mark(std::string event_id);

    /// Takes out the sound of the line; answers what of it was not received, to be sent over it again.
    std::vector<LineSound> take_unheard(std::int64_t line_received);

    /// Nobody is to hear the rest of this answer.
    void forget_line_sound(const std::string& response_id);

    std::size_t bytes() const { return bytes_; }

private:
    struct Entry {
        LoggedMessage message;
        LineSound sound;  ///< with samples > 0 instead of a message
        base::Time at;
    };
    /// An event that stood right before the first entry, and how many binary messages stood between.
    struct Place {
        std::string event_id;
        std::size_t binaries = 0;
    };

    static std::size_t size_of(const Entry& entry);
    void add(Entry entry);
    void drop_first();
    bool find(const ResumeFrom& from, std::size_t& first) const;

    std::deque<Entry> entries_;
    std::size_t bytes_ = 0;
    bool lost_before_;           ///< something was dropped that no client has confirmed
    std::vector<Place> places_;
};

}  // namespace antiphon::edge
