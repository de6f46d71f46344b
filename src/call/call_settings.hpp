// The settings of the conversation, one part per room.
//
// pure.
#pragma once

#include "base/clock.hpp"
#include "listen/listen_settings.hpp"
#include "speak/speak_settings.hpp"
#include "think/think_settings.hpp"

namespace antiphon::call {

struct CallSettings {
    listen::ListenSettings listen;
    think::ThinkSettings think;
    speak::SpeakSettings speak;

    /// Begin to recognize, think and speak behind a closed gate at the first hint of a pause.
    bool speculate = true;

    /// How long a call whose client has vanished is kept for it to come back, where the client has asked for that.
    base::milliseconds resume_within{25'000};
};

}  // namespace antiphon::call
