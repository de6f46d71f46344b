// Between the house's language names (BCP 47) and Whisper's.
//
// pure. Whisper's are ISO 639-1 codes with a few of its own ("jw" for Javanese, "no" for all Norwegian).
#pragma once

#include <string>
#include <string_view>

namespace antiphon::engine::whisper {

/// "pt-BR" -> "pt", "nb" -> "no"; the text as it is (in lower case) when nothing is known about it.
std::string whisper_language(std::string_view bcp47);

/// "jw" -> "jv"; the others are the same.
std::string bcp47_language(std::string_view whisper_code);

/// Whisper's own name for a language as English writes it: "haitian creole" -> "Haitian Creole", and "Burmese"
/// for its "myanmar".
std::string english_name(std::string_view whisper_name);

}  // namespace antiphon::engine::whisper
