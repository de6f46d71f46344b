#include "listen/utterance_slices.hpp"

#include "audio/pcm.hpp"
#include "listen/sound_memory.hpp"

namespace antiphon::listen {

std::vector<std::span<const float>> slices(std::span<const float> sound, std::size_t longest) {
    constexpr std::size_t kWindow = kSampleRate / 10;
    std::vector<std::span<const float>> parts;
    while (sound.size() > longest && longest > kWindow) {
        std::size_t cut = longest;
        float quietest = 2.0F;
        for (std::size_t at = longest - longest / 4; at + kWindow <= longest; at += kWindow / 4) {
            const float level = audio::rms(sound.subspan(at, kWindow));
            if (level < quietest) {
                quietest = level;
                cut = at + kWindow / 2;
            }
        }
        parts.push_back(sound.first(cut));
        sound = sound.subspan(cut);
    }
    if (!sound.empty()) parts.push_back(sound);
    return parts;
}

}  // namespace antiphon::listen
