// What a client has to say again when its call goes on in another process: what of its sound, and of its events, has
// not become part of the conversation yet.
//
// strand (pure). Positions are milliseconds of the caller's sound, as antiphon.session counts them. A conversation in
// the store has items, and no half of one: speech that goes on, or whose words are not known yet, begins anew in the
// other process, and so does an answer that was asked for. So the position that is stored lies before that speech, and
// the event that is stored before that request.
#pragma once

#include "call/call_event.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>

namespace antiphon::edge {

class Unsaved {
public:
    /// Longer ago than this nothing is asked for: clients keep no more of their sound.
    static constexpr std::int64_t kLongest = 30'000;
    /// Of speech that was not noticed yet, and the padding before it.
    static constexpr std::int64_t kOnset = 600;

    /// The call's clock begins here; `last_event` is the client's last one in the process before.
    void begin(std::int64_t position, std::string last_event);

    /// The client's event is going to be performed. It may ask for what takes its time: an `answer`, or the words of the
    /// sound that it says is a turn (`commit`).
    void take(const std::string& event_id, bool answer, bool commit);

    /// `position`: up to where the caller's sound was heard.
    void look(const call::CallEvent& event, std::int64_t position);

    /// Whether the caller speaks, or has spoken and the words are not known.
    bool hears() const { return !sounds_.empty(); }

    /// From where on the caller's sound is to be said again.
    std::int64_t sound_from(std::int64_t position) const;
    /// The client's last event that needs not be sent again; empty: there was none with an id.
    const std::string& last_event() const { return before_ ? *before_ : last_; }

private:
    void look_at_commit();
    void drop_request(bool& which);

    std::int64_t began_ = 0;
    std::map<std::string, std::int64_t> sounds_;  ///< items without words, and where their sound begins
    std::string speech_;                          ///< the one of them that goes on
    std::int64_t taken_to_ = 0;                   ///< all before is part of some item, or was thrown away
    bool turns_ = true;                           ///< the call finds them; else the client commits
    std::string last_;
    std::optional<std::string> before_;           ///< the first request whose outcome is not there yet
    bool answer_ = false;
    bool commit_ = false;
    std::string answer_event_;
};

}  // namespace antiphon::edge
