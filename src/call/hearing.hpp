// Something the caller said, on its way to becoming words and an item of the history.
//
// strand. Belongs to the Conversation.
#pragma once

#include "base/ids.hpp"
#include "call/turn_marks.hpp"
#include "engine/recognizer.hpp"
#include "listen/sound_memory.hpp"

#include <optional>
#include <string>

namespace antiphon::call {

struct Hearing {
    base::TurnId turn{};
    std::string item_id;
    listen::Position from = 0;
    listen::Position to = 0;
    /// The caller may still go on: nothing of it may be shown or kept.
    bool speculative = false;
    /// Answer it when its words are known (server_vad with create_response).
    bool wants_answer = false;
    std::optional<base::Result<engine::Transcript>> transcript;
    base::Duration busy{};
    TurnMarks marks;
};

}  // namespace antiphon::call
