// The settings of the conversation, one part per room.
//
// pure.
#pragma once

#include "base/clock.hpp"
#include "listen/listen_settings.hpp"
#include "speak/speak_settings.hpp"
#include "think/think_settings.hpp"

#include <string>
#include <vector>

namespace antiphon::call {

struct CallSettings {
    listen::ListenSettings listen;
    think::ThinkSettings think;
    speak::SpeakSettings speak;

    /// Languages (BCP 47) that a call can be found to be in; empty, or none that the engines tell: all that these tell.
    std::vector<std::string> languages;

    /// Begin to recognize, think and speak behind a closed gate at the first hint of a pause.
    bool speculate = true;

    /// How long a call whose client has vanished is kept for it to come back, where the client has asked for that.
    base::milliseconds resume_within{25'000};
};

}  // namespace antiphon::call
