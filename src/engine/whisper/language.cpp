#include "engine/whisper/language.hpp"

#include <array>

namespace antiphon::engine::whisper {
namespace {

struct Alias {
    std::string_view bcp47;
    std::string_view whisper;
};
constexpr std::array kAliases{Alias{"jv", "jw"},  Alias{"nb", "no"},  Alias{"fil", "tl"}, Alias{"iw", "he"},
                              Alias{"in", "id"},  Alias{"ji", "yi"},  Alias{"cmn", "zh"}, Alias{"arb", "ar"},
                              Alias{"swh", "sw"}, Alias{"mo", "ro"},  Alias{"sh", "sr"}};

}  // namespace

std::string whisper_language(std::string_view bcp47) {
    std::string primary;
    for (const char c : bcp47.substr(0, bcp47.find_first_of("-_")))
        primary += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (const Alias& alias : kAliases)
        if (alias.bcp47 == primary) return std::string(alias.whisper);
    return primary;
}

std::string bcp47_language(std::string_view whisper_code) {
    return std::string(whisper_code == "jw" ? std::string_view("jv") : whisper_code);
}

std::string english_name(std::string_view whisper_name) {
    if (whisper_name == "myanmar") return "Burmese";
    if (whisper_name == "nynorsk") return "Norwegian Nynorsk";
    std::string name;
    for (const char c : whisper_name) {
        const bool begins = name.empty() || name.back() == ' ';
        name += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name;
}

}  // namespace antiphon::engine::whisper
