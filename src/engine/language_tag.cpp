#include "engine/language_tag.hpp"

#include <algorithm>

namespace antiphon::engine {

std::string primary_language(std::string_view tag) {
    std::string primary(tag.substr(0, tag.find_first_of("-_")));
    std::transform(primary.begin(), primary.end(), primary.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    // Piper and espeak-ng use older or narrower names for these.
    if (primary == "nb" || primary == "nn") return "no";
    if (primary == "cmn") return "zh";
    return primary;
}

bool speaks(std::string_view voice, std::string_view wanted) {
    return wanted.empty() || primary_language(voice) == primary_language(wanted);
}

}  // namespace antiphon::engine
