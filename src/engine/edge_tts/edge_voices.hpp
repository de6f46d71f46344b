// The voices of the service behind Microsoft Edge's "read aloud".
//
// pure. The service has some 300, and their list can be had from it only; here is one for each language and region,
// as it listed them in 2023. Others can be named by the settings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace antiphon::engine::edge_tts {

/// The language of a voice, which its name begins with: "sv-SE" of "sv-SE-SofieNeural". Empty for what cannot be the
/// name of one.
std::string language_of(std::string_view name);

/// The first of a language is its default.
std::vector<std::string> known_voices();

/// The first of `voices` for this very language and region, else for the language; null if there is none.
const std::string* voice_for(const std::vector<std::string>& voices, std::string_view language);

}  // namespace antiphon::engine::edge_tts
