#include "edge/multipart.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::size_t kMaxBoundary = 70;

base::Error refused(std::string why) {
    return base::error(base::Errc::invalid, "the multipart body is malformed: " + std::move(why));
}

char small(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return small(x) == small(y); });
}

std::string_view without_space(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    return first == std::string_view::npos ? std::string_view() : text.substr(first, text.find_last_not_of(" \t") + 1 - first);
}

/// "value; name=token; name=\"quoted\"", as Content-Type and Content-Disposition are written.
struct HeaderValue {
    std::string_view value;
    std::vector<std::pair<std::string_view, std::string>> parameters;

    const std::string* find(std::string_view name) const {
        for (const auto& [key, text] : parameters)
            if (same(key, name)) return &text;
        return nullptr;
    }
};

/// Browsers write a quote inside of quotes as %22, other clients as \"; a lone backslash stays, since some
/// write whole Windows paths.
std::string unquoted(std::string_view& rest) {
    std::string text;
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
        if (rest.front() == '\\' && rest.size() > 1 && (rest[1] == '"' || rest[1] == '\\')) rest.remove_prefix(1);
        text += rest.front();
        rest.remove_prefix(1);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return text;
}

HeaderValue header_value(std::string_view text) {
    HeaderValue parsed;
    parsed.value = without_space(text.substr(0, text.find(';')));
    text.remove_prefix(std::min(text.size(), text.find(';')));
    while (!text.empty() && text.front() == ';') {
        text.remove_prefix(1);
        const auto name_end = text.find_first_of("=;");
        const auto name = without_space(text.substr(0, name_end));
        text.remove_prefix(std::min(text.size(), name_end));
        std::string value;
        if (!text.empty() && text.front() == '=') {
            text = without_space(text.substr(1));
            if (!text.empty() && text.front() == '"') {
                value = unquoted(text);
                text.remove_prefix(std::min(text.size(), text.find(';')));
            } else {
                value = without_space(text.substr(0, text.find(';')));
                text.remove_prefix(std::min(text.size(), text.find(';')));
            }
        }
        parsed.parameters.emplace_back(name, std::move(value));
    }
    return parsed;
}

base::Result<std::string> boundary_of(std::string_view content_type) {
    const HeaderValue type = header_value(content_type);
    if (!same(type.value, "multipart/form-data"))
        return base::error(base::Errc::invalid, "the request's Content-Type must be multipart/form-data");
    const std::string* boundary = type.find("boundary");
    if (boundary == nullptr || boundary->empty()) return refused("its Content-Type names no boundary");
    if (boundary->size() > kMaxBoundary) return refused("its boundary is longer than 70 characters");
    return *boundary;
}

/// The next boundary at the beginning of a line, from `at` on; where its line break begins and where it ends.
struct Found {
    std::size_t begin;
    std::size_t end;
    bool last;
};

std::optional<Found> find_boundary(std::string_view body, std::string_view mark, std::size_t at) {
    for (;;) {
        const auto found = body.find(mark, at);
        if (found == std::string_view::npos) return std::nullopt;
        at = found + 1;
        const bool first_line = found == 0;
        if (!first_line && (found < 2 || body.substr(found - 2, 2) != "\r\n")) continue;
        auto rest = body.substr(found + mark.size());
        const bool last = rest.starts_with("--");
        if (last) return Found{first_line ? 0 : found - 2, found + mark.size() + 2, true};
        const auto padding = std::min(rest.find_first_not_of(" \t"), rest.size());
        if (rest.substr(padding, 2) != "\r\n") continue;  // a longer word that begins like the boundary
        return Found{first_line ? 0 : found - 2, found + mark.size() + padding + 2, false};
    }
}

base::Result<Part> read_part(std::string_view part) {
    Part parsed;
    bool named = false;
    const auto head_end = part.starts_with("\r\n") ? 0 : part.substr(0, kMaxPartHeader + 4).find("\r\n\r\n");
    if (head_end == std::string_view::npos)
        return refused(part.size() > kMaxPartHeader ? "a part's header is larger than 8192 bytes" : "a part's header has no end");
    auto head = part.substr(0, head_end);
    parsed.content = part.substr(head_end == 0 ? 2 : head_end + 4);
    while (!head.empty()) {
        const auto line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(std::min(head.size(), line.size() + 2));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return refused("a part's header has a line without a colon");
        if (!same(without_space(line.substr(0, colon)), "content-disposition")) continue;
        const HeaderValue disposition = header_value(line.substr(colon + 1));
        const std::string* name = disposition.find("name");
        if (!same(disposition.value, "form-data") || name == nullptr) continue;
        named = true;
        parsed.name = *name;
        if (const std::string* filename = disposition.find("filename")) {
            parsed.is_file = true;
            parsed.filename = base::to_utf8(*filename);
        }
    }
    if (!named) return refused("a part has no name");
    if (!base::is_utf8(parsed.name)) return refused("a part's name is not UTF-8");
    return parsed;
}

}  // namespace

base::Result<std::vector<Part>> parse_multipart(std::string_view content_type, std::string_view body) {
    const auto boundary = boundary_of(content_type);
    if (!boundary) return boundary.error();
    const std::string mark = "--" + *boundary;
    auto found = find_boundary(body, mark, 0);
    if (!found) return refused("the boundary that its Content-Type names does not come up in it");
    std::vector<Part> parts;
    while (!found->last) {
        if (parts.size() == kMaxParts) return refused("it has more than " + std::to_string(kMaxParts) + " parts");
        // From two bytes back: the line break of this boundary is also that of an empty part's.
        const auto next = find_boundary(body, mark, found->end - 2);
        if (!next) return refused("the closing boundary is missing");
        const auto size = next->begin > found->end ? next->begin - found->end : 0;
        auto part = read_part(body.substr(found->end, size));
        if (!part) return part.error();
        parts.push_back(std::move(*part));
        found = next;
    }
    return parts;
}

}  // namespace antiphon::edge
