#include "speak/grouped_numbers_text.hpp"

namespace antiphon::speak {

int value_of(std::u32string_view digits) {
    int value = 0;
    for (const char32_t digit : digits) value = value * 10 + static_cast<int>(digit - U'0');
    return value;
}

std::u32string grouped_cardinal(std::u32string_view digits, std::span<const std::u32string_view> small,
                                std::size_t most_groups, const GroupWords& add) {
    std::u32string words;
    if (digits.size() > 3 * most_groups || (digits.size() > 1 && digits.front() == U'0')) {
        for (const char32_t digit : digits) words.append(words.empty() ? U"" : U" ").append(small[digit - U'0']);
        return words;
    }
    for (std::size_t group = (digits.size() + 2) / 3; group-- > 0;) {
        const std::size_t end = digits.size() - 3 * group;
        const std::size_t begin = end > 3 ? end - 3 : 0;
        const int value = value_of(digits.substr(begin, end - begin));
        if (value != 0) add(words, value, group);
    }
    return words.empty() ? std::u32string(small[0]) : words;
}

}  // namespace antiphon::speak
