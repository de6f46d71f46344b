#include "edge/sdp_lines.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::string_view kLineTypes = "vosiuepcbtrzkam";
constexpr std::size_t kMaxMediaWord = 32;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_printable(char c) { return c >= ' ' && c <= '~'; }

const SdpAttribute* find_in(const SdpAttributes& attributes, std::string_view name) {
    const auto named = [&](const SdpAttribute& one) { return one.name == name; };
    const auto found = std::find_if(attributes.begin(), attributes.end(), named);
    return found == attributes.end() ? nullptr : &*found;
}

base::Result<SdpSection> read_media_line(std::string_view value, std::size_t line) {
    auto words = sdp_words(value);
    if (words.size() < 4) return sdp_fault(line, "an m-line needs a medium, a port, a protocol and a format");
    SdpSection section;
    section.line = line;
    section.media = words[0];
    section.protocol = words[2];
    const auto port = sdp_number(words[1], 65535);
    if (!port) return sdp_fault(line, "the m-line's port is not a number from 0 to 65535");
    section.port = static_cast<std::uint16_t>(*port);
    section.formats.assign(words.begin() + 3, words.end());
    const auto well_formed = [](std::string_view protocol) {
        const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '/'; };
        return protocol.size() <= kMaxMediaWord && std::all_of(protocol.begin(), protocol.end(), fits);
    };
    if (!is_sdp_token(section.media, kMaxMediaWord)) return sdp_fault(line, "the m-line's medium is malformed");
    if (!well_formed(section.protocol)) return sdp_fault(line, "the m-line's protocol is malformed");
    for (const auto format : section.formats)
        if (!is_sdp_token(format, kMaxMediaWord)) return sdp_fault(line, "the m-line's format is malformed");
    return section;
}

base::Result<SdpAttribute> read_attribute(std::string_view value, std::size_t line) {
    const auto colon = value.find(':');
    SdpAttribute attribute{value.substr(0, colon), {}, line};
    if (colon != std::string_view::npos) attribute.value = value.substr(colon + 1);
    if (!is_sdp_token(attribute.name, kMaxSdpLine)) return sdp_fault(line, "an attribute has no name");
    return attribute;
}

base::Error not_sdp(std::string_view text) {
    const std::string hint = text.starts_with('{') ? "; this looks like JSON: send the text of its \"sdp\" alone" : "";
    return base::error(base::Errc::invalid, "an SDP offer begins with the line v=0" + hint);
}

/// "v=0o=- 1 2 IN IP4 ...", as `curl --data @file` sends it.
base::Error first_line(std::string_view line) {
    if (!line.starts_with("v=0")) return not_sdp(line);
    if (line.find("o=") == std::string_view::npos) return sdp_fault(1, "the version is not 0");
    return sdp_fault(1, "the line breaks of the SDP were lost (curl keeps them with --data-binary)");
}

}  // namespace

base::Error sdp_fault(std::size_t line, std::string why) {
    return base::error(base::Errc::invalid, "line " + std::to_string(line) + " of the SDP: " + std::move(why));
}

const SdpAttribute* SdpSection::find(std::string_view name) const { return find_in(attributes, name); }
const SdpAttribute* SdpText::find(std::string_view name) const { return find_in(attributes, name); }

std::vector<std::string_view> sdp_words(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        if (text.empty()) return words;
        words.push_back(text.substr(0, text.find(' ')));
        text.remove_prefix(words.back().size());
    }
}

std::optional<std::uint64_t> sdp_number(std::string_view text, std::uint64_t largest) {
    std::uint64_t number = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    const bool whole = !text.empty() && failure == std::errc() && end == text.data() + text.size();
    return whole && number <= largest ? std::optional(number) : std::nullopt;
}

bool sdp_same(std::string_view a, std::string_view b) {
    const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return small(x) == small(y); });
}

bool is_ice_text(std::string_view text, std::size_t least, std::size_t most) {
    const auto fits = [](char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '/'; };
    return text.size() >= least && text.size() <= most && std::all_of(text.begin(), text.end(), fits);
}

bool is_sdp_token(std::string_view text, std::size_t most) {
    constexpr std::string_view kOthers = "!#$%&'*+-.^_`{|}~";
    return !text.empty() && text.size() <= most && std::all_of(text.begin(), text.end(), [&](char c) {
        return is_letter(c) || is_digit(c) || kOthers.find(c) != std::string_view::npos;
    });
}

base::Result<SdpText> read_sdp_lines(std::string_view text) {
    SdpText read;
    if (!text.starts_with("v=")) return not_sdp(text);
    std::size_t number = 0;
    while (text.find_first_not_of("\r\n") != std::string_view::npos) {  // what is left is more than line breaks
        ++number;
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.size() > kMaxSdpLine)
            return sdp_fault(number, "it is longer than " + std::to_string(kMaxSdpLine) + " bytes");
        if (!std::all_of(line.begin(), line.end(), is_printable))
            return sdp_fault(number, "it holds a byte that is not printable ASCII");
        if (number == 1 && line != "v=0") return first_line(line);
        if (line.size() < 2 || line[1] != '=' || kLineTypes.find(line[0]) == std::string_view::npos)
            return sdp_fault(number, "it is not of the form x=... with a letter of SDP");
        const auto value = line.substr(2);
        if (line[0] == 'o' && read.origin.empty()) read.origin = value;
        if (line[0] == 'm') {
            if (read.sections.size() == kMaxSdpMedia)
                return sdp_fault(number, "there are more than " + std::to_string(kMaxSdpMedia) + " m-lines");
            auto section = read_media_line(value, number);
            if (!section) return section.error();
            read.sections.push_back(std::move(*section));
        }
        if (line[0] == 'a') {
            const auto attribute = read_attribute(value, number);
            if (!attribute) return attribute.error();
            (read.sections.empty() ? read.attributes : read.sections.back().attributes).push_back(*attribute);
        }
    }
    if (read.origin.empty()) return base::error(base::Errc::invalid, "the SDP has no o= line");
    return read;
}

}  // namespace antiphon::edge
