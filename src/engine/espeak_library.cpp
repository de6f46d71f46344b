#include "engine/espeak_library.hpp"

#include <espeak-ng/speak_lib.h>

namespace antiphon::engine {
namespace {

/// Guards every call into espeak-ng.
std::mutex& espeak_mutex() {
    static std::mutex mutex;
    return mutex;
}

}  // namespace

base::Result<HeldEspeak> HeldEspeak::take() {
    std::unique_lock lock(espeak_mutex());
    // It is never terminated: other voices of the process may still use it.
    static const int sample_rate =
        espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, nullptr, espeakINITIALIZE_DONT_EXIT);
    if (sample_rate <= 0)
        return base::error(base::Errc::unavailable, "espeak-ng does not start: its data files are missing");
    return HeldEspeak(std::move(lock), sample_rate);
}

bool HeldEspeak::use_voice(const std::string& voice) {
    // Not when it is the current one already: espeak-ng 1.51 leaks about 1.3 KB each time it sets a voice.
    static std::string current;
    if (!voice.empty() && voice == current) return true;
    current.clear();
    if (voice.empty() || espeak_SetVoiceByName(voice.c_str()) != EE_OK) return false;
    current = voice;
    return true;
}

}  // namespace antiphon::engine
