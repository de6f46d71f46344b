// The common rules for what is a name more than a number: addresses, versions, telephone numbers, tags,
// abbreviations, and the signs between words.
#include "speak/text_reading.hpp"

#include <algorithm>
#include <array>

namespace antiphon::speak {
namespace {

using Text = std::u32string;
using View = std::u32string_view;

/// How long an address may be; keeps the work linear.
constexpr std::size_t kAddressReach = 200;

bool is_ascii_letter(char32_t point) { return (point >= U'a' && point <= U'z') || (point >= U'A' && point <= U'Z'); }
bool is_name_character(char32_t point) {
    return is_digit(point) || is_ascii_letter(point) || is_one_of(point, U"._-+");
}

constexpr std::array<View, 52> kDomains{
    U"com", U"org",  U"net",  U"edu",  U"gov", U"mil", U"int", U"info", U"biz", U"app", U"dev", U"shop", U"blog",
    U"xyz", U"tech", U"site", U"live", U"io",  U"ai",  U"uk",  U"de",   U"se",  U"eu",  U"fr",  U"ch",   U"tv",
    U"nl",  U"dk",   U"au",   U"nz",   U"jp",  U"cn",  U"br",  U"ru",   U"pl",  U"cz",  U"gg",  U"fm",   U"es",
    U"ie",  U"fi",   U"ca",   U"us",   U"co",  U"me",  U"be",  U"at",   U"no",  U"it",  U"in",  U"gle",  U"page"};
/// Said letter by letter though they have vowels.
constexpr std::array<View, 14> kSpelled{U"io", U"ai", U"uk", U"de", U"se", U"eu",  U"au",
                                        U"es", U"ie", U"fi", U"ca", U"us", U"exe", U"py"};
/// What has a version behind it with two parts: "Python 3.11" is no decimal number.
constexpr std::array<View, 24> kVersioned{U"version", U"release", U"python",  U"java", U"ubuntu", U"debian",
                                          U"linux",   U"kernel",  U"android", U"ios",  U"macos",  U"windows",
                                          U"node",    U"php",     U"ruby",    U"rust", U"cuda",   U"firefox",
                                          U"chrome",  U"llama",   U"qwen",    U"http", U"tls",    U"go"};

}  // namespace

/// One word of an address or the ending of a file's name.
Text Reading::label_words(View label) const {
    const Text small_label = small(label);
    const bool vowelless = label.size() <= 4 && small_label.find_first_of(U"aeiouy") == Text::npos;
    return holds(kSpelled, small_label) || vowelless ? spelled_letters(label) : Text(label);
}

/// The words of an address's part: runs of letters and digits, its signs by name.
Text Reading::address_words(View name) const {
    Text out;
    const auto add = [&](View word) {
        if (!out.empty()) out += U' ';
        out += word;
    };
    for (std::size_t i = 0; i < name.size();) {
        std::size_t end = i + 1;
        if (is_digit(name[i])) {
            while (end < name.size() && is_digit(name[end])) ++end;
            const View run = name.substr(i, end - i);
            add(run.size() <= 2 ? cardinal(run) : digits(run));
        } else if (is_letter(name[i])) {
            while (end < name.size() && is_letter(name[end])) ++end;
            add(name.substr(i, end - i));
        } else if (name[i] == U'.') {
            add(words_.dot);
        } else if (name[i] == U'-') {
            add(words_.dash);
        } else if (name[i] == U'_') {
            add(words_.underscore);
        } else if (name[i] == U'+') {
            add(words_.plus);
        }
        i = end;
    }
    return out;
}

Text Reading::domain_words(View domain) const {
    Text out;
    while (!domain.empty()) {
        const std::size_t end = std::min(domain.find(U'.'), domain.size());
        const View label = domain.substr(0, end);
        if (!out.empty()) out += U" " + Text(words_.dot) + U" ";
        const bool letters = std::all_of(label.begin(), label.end(), is_letter);
        out += letters && !out.empty() ? label_words(label)
               : label == U"www"       ? spelled_letters(label)
                                       : address_words(label);
        domain.remove_prefix(std::min(end + 1, domain.size()));
    }
    return out;
}

/// "ann@example.com", "example.com/docs". A web address with its scheme was cut to its host before.
bool Reading::address() {
    const auto name_end = [&](std::size_t from) {
        std::size_t end = from;
        while (end < from + kAddressReach && is_name_character(at(text_, end))) ++end;
        while (end > from && is_one_of(text_[end - 1], U"._-+")) --end;
        return end;
    };
    std::size_t end = name_end(at_);
    if (end == at_) return false;
    const View name = text_.substr(at_, end - at_);
    if (at(text_, end) == U'@' && is_alphanumeric(at(text_, end + 1))) {
        const std::size_t host_end = name_end(end + 1);
        const View host = text_.substr(end + 1, host_end - end - 1);
        if (host.find(U'.') == View::npos) return false;
        put(address_words(name) + U" " + Text(words_.at) + U" " + domain_words(host), host_end);
        return true;
    }
    const auto last = name.rfind(U'.');
    if (last == View::npos || name.find(U'_') != View::npos || !holds(kDomains, name.substr(last + 1))) return false;
    Text words = domain_words(name);
    while (at(text_, end) == U'/' && is_alphanumeric(at(text_, end + 1))) {
        const std::size_t part_end = name_end(end + 1);
        if (part_end == end + 1) break;
        words += U" " + Text(words_.slash) + U" " + address_words(text_.substr(end + 1, part_end - end - 1));
        end = part_end;
    }
    put(words, end);
    return true;
}

/// "2.3.1", "Python 3.11", and IP addresses.
bool Reading::version() {
    if (before(text_, at_) == U'.') return false;
    std::size_t end = digits_end(at_);
    std::size_t dots = 0;
    bool threes = end <= at_ + 3;
    while (at(text_, end) == U'.' && is_digit(at(text_, end + 1))) {
        const std::size_t next = digits_end(end + 1);
        threes = threes && next == end + 4;
        end = next;
        ++dots;
    }
    const bool marked = is_one_of(before(text_, at_), U"vV") || holds(kVersioned, small_word_before(at_));
    if (dots < 1 || (dots < 2 && !marked)) return false;
    if (dots >= 2 && threes && is_one_of(U'.', words_.group_marks)) return false;
    const bool internet = dots == 3;
    const View point = internet || words_.decimal_mark != U'.' ? words_.dot : words_.decimal;
    Text words;
    for (std::size_t from = at_; from < end;) {
        const std::size_t part = digits_end(from);
        if (!words.empty()) words += U" " + Text(point) + U" ";
        const View run = text_.substr(from, part - from);
        words += internet ? digits(run) : cardinal(run);
        from = part + 1;
    }
    put(words, end);
    return true;
}

/// "v2.1"
bool Reading::version_mark() {
    if (!is_one_of(here(), U"vV") || !is_digit(here(1))) return false;
    put(words_.version, at_ + 1);
    if (!version()) number();
    return true;
}

/// "+1 (555) 123-4567", "555-123-4567", "030 1234567": digit by digit, with a pause between groups.
bool Reading::phone() {
    const bool plus_first = here() == U'+' && is_digit(here(1));
    const bool bracket_first = here() == U'(' && digits_end(at_ + 1) == at_ + 4 && here(4) == U')';
    if (!(plus_first || bracket_first || is_digit(here())) || !begins()) return false;
    if (is_one_of(before(text_, at_), U"-./$€£:,") && !plus_first) return false;
    constexpr std::size_t kMaxGroups = 8;
    std::array<View, kMaxGroups> groups;
    std::size_t count = 0, total = 0, end = at_ + (plus_first ? 1 : 0);
    Text marks;  // between the groups
    for (std::size_t next = end; count < kMaxGroups;) {
        const bool open = at(text_, next) == U'(';
        const std::size_t from = next + (open ? 1 : 0);
        const std::size_t to = digits_end(from);
        if (to == from || (open && at(text_, to) != U')') || total + (to - from) > 15) break;
        if (count > 0) marks += before(text_, from);
        groups[count++] = text_.substr(from, to - from);
        total += to - from;
        end = to + (open ? 1 : 0);
        next = end;
        if (open && is_space(at(text_, next)))
            ++next;
        else if (!open && is_one_of(at(text_, next), U" -.\u00A0\u202F") &&
                 !(is_space(at(text_, next)) && at(text_, next + 1) == U'(' && count == 0))
            ++next;
        else if (!open && at(text_, next) == U'/' && groups[0].front() == U'0' && count == 1)
            ++next;
        else if (!open)
            break;
    }
    if (count == 0 || is_alphanumeric(at(text_, end))) return false;
    const auto shape = [&](std::initializer_list<std::size_t> sizes) {
        return count == sizes.size() && std::equal(sizes.begin(), sizes.end(), groups.begin(),
                                                   [](std::size_t size, View group) { return group.size() == size; });
    };
    const bool dashed = marks.find(U' ') == Text::npos || plus_first || bracket_first;
    const bool domestic = groups[0].front() == U'0' && count >= 2 && total >= 8 &&
                          (total >= 9 || groups[0].size() >= 3) &&
                          !std::any_of(groups.begin(), groups.begin() + static_cast<std::ptrdiff_t>(count),
                                       [](View group) { return group.size() < 2; }) &&
                          marks.find(U'.') == Text::npos;
    const bool american = words_.decimal_mark == U'.' && dashed &&
                          (shape({3, 3, 4}) || shape({1, 3, 3, 4}) || (shape({3, 4}) && marks == U"-"));
    // "978-3-16-148410-0": no telephone, but read like one.
    const bool chain = count >= 4 && total >= 9 && marks.find_first_not_of(U'-') == Text::npos;
    if (!((plus_first && total >= 8) || american || domestic || chain)) return false;
    Text words = plus_first ? Text(words_.plus) + U" " : Text();
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) words += U", ";
        const bool hundreds =
            american && groups[i].size() == 3 && groups[i].ends_with(U"00") && groups[i].front() != U'0';
        words += hundreds ? cardinal(groups[i]) : digits(groups[i]);
    }
    put(words, end);
    return true;
}

bool Reading::word_behind_at_end(const Abbreviation& one, std::size_t end) const {
    const std::size_t next = after_spaces(end);
    if (next >= text_.size()) return one.stop != Abbreviation::Stop::dropped;
    return one.stop == Abbreviation::Stop::kept_at_end && next > end && is_upper(text_[next]);
}

bool Reading::abbreviation() {
    if (before(text_, at_) == U'.') return false;
    for (const Abbreviation& one : words_.abbreviations) {
        if (!matches(at_, one.small)) continue;
        const std::size_t end = at_ + one.small.size();
        if (is_alphanumeric(at(text_, end))) continue;
        // "EST." shortens something else than "est."; only initials are written in capitals.
        if (is_upper(here(1)) && one.small.size() > 2) continue;
        const std::size_t next = after_spaces(end);
        if (one.before_number && !(is_digit(at(text_, next)) && next > end)) continue;
        Text word(one.spoken);
        if (is_upper(here()) && is_lower(word.front()) && word.front() < 0x80) word.front() -= 32;
        const bool full_stop = one.small.back() == U'.' && word_behind_at_end(one, end);
        put(word, end);
        if (full_stop) {
            while (!out_.empty() && is_space(out_.back())) out_.pop_back();
            out_ += U'.';
        }
        return true;
    }
    return false;
}

/// "#1", "#MachineLearning", "@ann", "C#".
bool Reading::tag() {
    const char32_t left = before(text_, at_);
    if (here() == U'#') {
        if (is_digit(here(1)) && !is_alphanumeric(left)) {
            put(words_.number, at_ + 1);
            out_ += is_space(out_.back()) ? U"" : U" ";
            return true;
        }
        if ((left == U'C' || left == U'F') && !is_alphanumeric(here(1)) &&
            !is_alphanumeric(at_ >= 2 ? text_[at_ - 2] : U'\0')) {
            put(U"sharp", at_ + 1);
            return true;
        }
        if (!is_letter(here(1)) || is_alphanumeric(left)) return false;
        put(words_.hashtag, at_ + 1);
        const View word = word_at(at_);
        for (std::size_t i = 0; i < word.size(); ++i) {
            const bool begins_word = i > 0 && is_upper(word[i]) &&
                                     (is_lower(word[i - 1]) || (is_lower(at(word, i + 1)) && is_upper(word[i - 1])));
            if (begins_word) out_ += U' ';
            out_ += word[i];
        }
        at_ += word.size();
        return true;
    }
    if (here() != U'@' || !is_alphanumeric(here(1))) return false;
    put(words_.at, at_ + 1);
    return true;
}

bool Reading::power() {
    if (here() == U'²' || here() == U'³') {
        put(here() == U'²' ? words_.squared : words_.cubed, at_ + 1);
        return true;
    }
    if (here() != U'^' || !is_alphanumeric(before(text_, at_)) || !(is_alphanumeric(here(1)) || here(1) == U'-'))
        return false;
    const bool single = !is_alphanumeric(here(2)) && here(2) != U'.';
    if (single && (here(1) == U'2' || here(1) == U'3')) {
        put(here(1) == U'2' ? words_.squared : words_.cubed, at_ + 2);
    } else {
        put(words_.power, at_ + 1);
        if (here() == U'-') put(words_.minus, at_ + 1);
    }
    return true;
}

bool Reading::equals() {
    if (here() != U'=') return false;
    std::size_t end = at_;
    while (at(text_, end) == U'=') ++end;
    const bool arrow = at(text_, end) == U'>';
    const bool between = !out_.empty() && after_spaces(end) < text_.size() && end <= at_ + 2;
    if (arrow || !between) {
        at_ = end;
        out_ += U' ';
        return true;
    }
    put(words_.equals, end);
    return true;
}

bool Reading::compared() {
    if (here() != U'<' && here() != U'>') return false;
    const bool spaced = is_space(before(text_, at_)) && is_space(here(1));
    const bool number = (is_digit(here(1)) || is_one_of(here(1), U"$€£")) && !is_alphanumeric(before(text_, at_));
    if (!spaced && !number) return false;
    put(here() == U'<' ? words_.less : words_.greater, at_ + 1);
    if (number && !is_space(out_.back())) out_ += U' ';
    return true;
}

bool Reading::plus() {
    if (here() != U'+') return false;
    const bool term = is_alphanumeric(before(text_, at_)) || before(text_, at_) == U'+' || is_digit(here(1)) ||
                      (is_space(before(text_, at_)) && is_space(here(1)) && is_alphanumeric(at(text_, at_ + 2)));
    if (!term) return false;
    put(words_.plus, at_ + 1);
    return true;
}

bool Reading::sign() {
    if (number_in_word() || power() || equals() || compared() || plus() || say_fraction()) return true;
    if (here() == U'~' && is_digit(here(1))) {
        put(words_.about, at_ + 1);
        return true;
    }
    for (const Sign& one : words_.signs)
        if (here() == one.point) {
            put(one.spoken, at_ + 1);
            return true;
        }
    return false;
}

/// "Node.js" -> "Node dot J-S"; "said.Then" -> "said. Then". Initials stay.
bool Reading::dot() {
    if (here() != U'.' || !is_letter(here(1))) return false;
    const char32_t left = before(text_, at_);
    const View label = word_at(at_ + 1);
    const bool hidden = (is_space(left) || left == U'\0') && label.size() >= 2 && is_lower(label.front());
    if (!is_alphanumeric(left) && !hidden) return false;
    const bool single_before = at_ < 2 || !is_alphanumeric(text_[at_ - 2]);
    const bool single_behind = label.size() == 1 && !is_digit(here(2));
    if (!hidden && single_before && single_behind) return false;
    if (is_upper(label.front()) && is_lower(left) && is_lower(here(2))) {
        out_ += U". ";
        ++at_;
        return true;
    }
    put(words_.dot, at_ + 1);
    if (!is_space(out_.back())) out_ += U' ';
    out_ += label_words(label);
    at_ += label.size();
    return true;
}

/// "and/or" -> "and or". What numbers are to be had of a slash has been taken.
bool Reading::slash() {
    if (here() != U'/') return false;
    const bool spaced = is_space(before(text_, at_)) && is_space(here(1)) && is_digit(here(2));
    if (spaced && is_alphanumeric(before(text_, at_ - 1))) {
        for (const Sign& one : words_.signs)
            if (one.point == U'÷') put(one.spoken, at_ + 1);
    } else if (is_digit(before(text_, at_)) && is_digit(here(1))) {
        put(words_.slash, at_ + 1);
    } else {
        out_ += U' ';
        ++at_;
    }
    return true;
}

}  // namespace antiphon::speak
