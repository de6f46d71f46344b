// Something the caller said, on its way to becoming words of an item.
//
// strand. Belongs to the Conversation.
#pragma once

#include "base/ids.hpp"
#include "call/turn_marks.hpp"
#include "engine/recognizer.hpp"
#include "listen/sound_memory.hpp"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

namespace antiphon::call {

struct Hearing {
    base::TurnId turn{};
    std::string item_id;
    listen::Position from = 0;
    listen::Position to = 0;
    /// Sound that a client sent inside an item, instead of from..to; and which of the item's contents it is.
    std::shared_ptr<const audio::Pcm> sound;
    std::size_t content_index = 0;
    bool of_input = false;  ///< the item belongs to the input of the answer that waits, not to the history
    bool language_open = false;  ///< the recognizer was left to find out the language
    bool begun = false;     ///< the recognizer has been asked
    /// The caller may still go on: nothing of it may be shown or kept.
    bool speculative = false;
    /// Answer it when its words are known (server_vad with create_response).
    bool wants_answer = false;
    std::optional<base::Result<engine::Transcript>> transcript;
    base::Duration busy{};
    TurnMarks marks;

    base::Duration length() const { return sound ? sound->duration() : listen::duration_between(from, to); }
};

/// What the caller has said so far, looked at while they speak on.
struct Glimpse {
    base::TurnId turn{};
    base::Time asked{};
};

}  // namespace antiphon::call
