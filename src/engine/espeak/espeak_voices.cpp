#include "engine/espeak/espeak_voices.hpp"

#include "engine/espeak_library.hpp"
#include "engine/language_tag.hpp"

#include <espeak-ng/speak_lib.h>

#include <algorithm>
#include <utility>

namespace antiphon::engine::espeak {
namespace {

/// Small letters, and '-' between the subtags.
std::string normal_form(std::string_view tag) {
    std::string text(tag);
    std::transform(text.begin(), text.end(), text.begin(), [](char c) {
        if (c == '_') return '-';
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return text;
}

}  // namespace

base::Result<std::vector<InstalledVoice>> installed_voices() {
    const auto espeak = HeldEspeak::take();
    if (!espeak) return espeak.error();
    std::vector<InstalledVoice> voices;
    for (const espeak_VOICE** voice = espeak_ListVoices(nullptr); *voice != nullptr; ++voice) {
        InstalledVoice installed;
        // A priority in one byte and a name, again and again; a zero byte ends them.
        for (const char* at = (*voice)->languages; *at != 0;) {
            const std::string name(at + 1);
            installed.languages.push_back({normal_form(name), static_cast<unsigned char>(*at)});
            at += name.size() + 2;
        }
        if (installed.languages.empty()) continue;
        installed.file = (*voice)->identifier;
        installed.name = installed.languages.front().tag;
        voices.push_back(std::move(installed));
    }
    return voices;
}

const InstalledVoice* voice_for(const std::vector<InstalledVoice>& voices, std::string_view language) {
    const std::string wanted = normal_form(language);
    if (wanted.empty()) return nullptr;
    const InstalledVoice* best = nullptr;
    std::pair<int, int> rank;
    for (const InstalledVoice& voice : voices)
        for (const VoiceLanguage& spoken : voice.languages) {
            if (primary_language(spoken.tag) != primary_language(wanted)) continue;
            // The very tag first, then one that names no region, then any.
            const int kind = spoken.tag == wanted ? 0 : spoken.tag.find('-') == std::string::npos ? 1 : 2;
            const std::pair<int, int> candidate{kind, spoken.priority};
            if (best == nullptr || candidate < rank) {
                best = &voice;
                rank = candidate;
            }
        }
    return best;
}

}  // namespace antiphon::engine::espeak
