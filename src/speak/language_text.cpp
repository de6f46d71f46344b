#include "speak/language_text.hpp"

#include "speak/english_text.hpp"
#include "speak/german_text.hpp"
#include "speak/swedish_text.hpp"

namespace antiphon::speak {
namespace {

/// Leaves everything to the synthesizer.
class PlainReader : public LanguageReader {
public:
    std::u32string read(std::u32string_view text, std::string_view) const override { return std::u32string(text); }
};

std::string small(std::string_view text) {
    std::string out(text);
    for (char& letter : out)
        if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + ('a' - 'A'));
    return out;
}

}  // namespace

const LanguageReader& language_reader_for(std::string_view language) {
    static const PlainReader plain;
    const std::string primary = small(language.substr(0, language.find_first_of("-_")));
    if (primary.empty() || primary == "en") return english_reader();
    if (primary == "de") return german_reader();
    if (primary == "sv") return swedish_reader();
    return plain;
}

std::string language_region(std::string_view language) {
    for (auto part = language.find_first_of("-_"); part != std::string_view::npos;) {
        language.remove_prefix(part + 1);
        part = language.find_first_of("-_");
        if (const auto name = language.substr(0, part); name.size() == 2) return small(name);
    }
    return {};
}

}  // namespace antiphon::speak
