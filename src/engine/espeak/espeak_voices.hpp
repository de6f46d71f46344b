// Which languages espeak-ng speaks.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine::espeak {

/// One language of one of espeak-ng's voices.
struct VoiceLanguage {
    std::string tag;   ///< BCP 47 as espeak-ng writes it, small: "en-us"
    int priority = 0;  ///< the lower, the more it is the voice for that language
};

/// One voice as its data file describes it.
struct InstalledVoice {
    std::string name;                      ///< its first language, "en-gb"
    std::string file;                      ///< what HeldEspeak::use_voice() takes: not each can be set by its language
    std::vector<VoiceLanguage> languages;  ///< at least one
};

/// What is installed, in espeak-ng's order. Thread-safe; `unavailable` when its data files are missing.
base::Result<std::vector<InstalledVoice>> installed_voices();

/// The voice that speaks `language` (BCP 47, any case, '_' allowed for '-') best: one of that very tag; else, of
/// those of the same primary language, the one with the lowest priority for it, the first of equals. Null if
/// there is none. pure.
const InstalledVoice* voice_for(const std::vector<InstalledVoice>& voices, std::string_view language);

}  // namespace antiphon::engine::espeak
