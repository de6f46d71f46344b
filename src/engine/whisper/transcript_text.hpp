// Takes out of Whisper's text what nobody said.
//
// pure.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::engine::whisper {

/// The words alone: without noises in brackets of any kind ("[MUSIC]", "(coughs)", "*laughs*"), music
/// notes and speaker marks (">>"), with single spaces, trimmed; empty when no letter or digit is left.
/// Malformed UTF-8 (a token cut inside a character) becomes U+FFFD and is dropped.
std::string spoken_words(std::string_view text);

/// Whether the text is one of the sentences that Whisper writes under sound without speech, learnt from
/// subtitles ("Thanks for watching!", "Untertitel der Amara.org-Community"). Case and punctuation do
/// not count. People say some of them too, so this alone does not condemn a text.
bool is_subtitle_phrase(std::string_view text);

}  // namespace antiphon::engine::whisper
