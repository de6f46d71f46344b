#include "engine/edge_tts/edge_protocol.hpp"

#include "base/utf8.hpp"
#include "engine/edge_tts/edge_voices.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace antiphon::engine::edge_tts {
namespace {

// What every such browser says of itself; the service turns away versions that are too old.
constexpr std::string_view kClientToken = "6A5AA1D4EAFF4E9FB37E23D68491D6F4";
constexpr std::string_view kVersion = "143.0.3650.75";
constexpr std::string_view kMajorVersion = "143";
constexpr std::int64_t kSecondsFrom1601To1970 = 11'644'473'600;
constexpr std::int64_t kTokenStep = 300;
constexpr float kSlowest = 0.5F;
constexpr float kFastest = 2.0F;

base::Error not_understood(const std::string& what) {
    return base::error(base::Errc::engine, "the Edge service answered what is not understood: " + what);
}

/// "Thu Nov 06 2025 08:49:37 GMT+0000 (Coordinated Universal Time)"
std::string date_text(std::int64_t unix_seconds) {
    const std::time_t time = static_cast<std::time_t>(unix_seconds);
    std::tm parts{};
    gmtime_r(&time, &parts);
    constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::array<char, 96> text{};
    std::snprintf(text.data(), text.size(), "%s %s %02d %d %02d:%02d:%02d GMT+0000 (Coordinated Universal Time)",
                  kDays[static_cast<std::size_t>(parts.tm_wday)], kMonths[static_cast<std::size_t>(parts.tm_mon)],
                  parts.tm_mday, parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    return text.data();
}

std::string escaped(char32_t point) {
    switch (point) {
        case U'&': return "&amp;";
        case U'<': return "&lt;";
        case U'>': return "&gt;";
        case U'"': return "&quot;";
        case U'\'': return "&apos;";
        default: break;
    }
    if (point < 0x20 || point == 0x7F || point == 0xFFFE || point == 0xFFFF) return " ";
    std::string text;
    base::append_utf8(text, point);
    return text;
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char32_t point : base::code_points(text)) out += escaped(point);
    return out;
}

/// What the service calls a voice: "Microsoft Server Speech Text to Speech Voice (sv-SE, SofieNeural)".
std::string full_name(std::string_view voice) {
    const std::string language = language_of(voice);
    if (language.empty()) return std::string(voice);
    return "Microsoft Server Speech Text to Speech Voice (" + language + ", " +
           std::string(voice.substr(language.size() + 1)) + ")";
}

/// The value of one of the header lines; empty if there is none.
std::string_view header(std::string_view lines, std::string_view name) {
    while (!lines.empty()) {
        const auto end = lines.find("\r\n");
        const std::string_view line = lines.substr(0, end);
        lines = end == std::string_view::npos ? std::string_view{} : lines.substr(end + 2);
        if (const auto colon = line.find(':'); colon != std::string_view::npos && line.substr(0, colon) == name)
            return base::trimmed(line.substr(colon + 1));
    }
    return {};
}

}  // namespace

base::Result<Endpoint> Endpoint::parse(std::string_view url) {
    const auto refuse = [&] {
        return base::error(base::Errc::invalid, "\"" + std::string(url) + "\" is no address such as wss://host/path", "url");
    };
    Endpoint endpoint;
    endpoint.tls = url.starts_with("wss://");
    if (!endpoint.tls && !url.starts_with("ws://")) return refuse();
    std::string_view rest = url.substr(url.find("//") + 2);
    const auto slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    endpoint.path = slash == std::string_view::npos ? "/" : std::string(rest.substr(slash));
    endpoint.port = endpoint.tls ? "443" : "80";
    if (const auto colon = authority.rfind(':'); colon != std::string_view::npos && authority.back() != ']') {
        endpoint.port = std::string(authority.substr(colon + 1));
        authority = authority.substr(0, colon);
        if (endpoint.port.empty() || endpoint.port.size() > 5 ||
            !std::all_of(endpoint.port.begin(), endpoint.port.end(), [](char c) { return c >= '0' && c <= '9'; }))
            return refuse();
    }
    if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
    const auto bad = [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == '@' || c == '?' || c == '#'; };
    if (authority.empty() || std::any_of(url.begin(), url.end(), bad)) return refuse();
    endpoint.host = std::string(authority);
    return endpoint;
}

std::string security_token(std::int64_t unix_seconds) {
    std::int64_t seconds = unix_seconds + kSecondsFrom1601To1970;
    seconds -= seconds % kTokenStep;
    const std::string text = std::to_string(seconds * 10'000'000) + std::string(kClientToken);
    std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    std::string token;
    for (const unsigned char byte : digest) {
        token += "0123456789ABCDEF"[byte >> 4];
        token += "0123456789ABCDEF"[byte & 15];
    }
    return token;
}

std::string request_target(const Endpoint& endpoint, const std::string& connection, std::int64_t unix_seconds) {
    return endpoint.path + "?TrustedClientToken=" + std::string(kClientToken) + "&ConnectionId=" + connection +
           "&Sec-MS-GEC=" + security_token(unix_seconds) + "&Sec-MS-GEC-Version=1-" + std::string(kVersion);
}

std::vector<std::pair<std::string, std::string>> request_headers(const std::string& machine) {
    const std::string major(kMajorVersion);
    return {{"Pragma", "no-cache"},
            {"Cache-Control", "no-cache"},
            {"Origin", "chrome-extension://jdiccldimpdaibmpdkjnbmckianbfold"},
            {"User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/" +
                               major + ".0.0.0 Safari/537.36 Edg/" + major + ".0.0.0"},
            {"Accept-Encoding", "gzip, deflate, br, zstd"},
            {"Accept-Language", "en-US,en;q=0.9"},
            {"Cookie", "muid=" + machine + ";"}};
}

std::string config_message(std::int64_t unix_seconds) {
    return "X-Timestamp:" + date_text(unix_seconds) +
           "\r\nContent-Type:application/json; charset=utf-8\r\nPath:speech.config\r\n\r\n"
           R"({"context":{"synthesis":{"audio":{"metadataoptions":{)"
           R"("sentenceBoundaryEnabled":"true","wordBoundaryEnabled":"false"},)"
           R"("outputFormat":"audio-24khz-48kbitrate-mono-mp3"}}}})"
           "\r\n";
}

std::string speech_message(const std::string& request, std::int64_t unix_seconds, std::string_view voice, float speed,
                           std::string_view text) {
    const long percent = std::lround((std::clamp(speed, kSlowest, kFastest) - 1.0F) * 100.0F);
    const std::string rate = (percent < 0 ? "" : "+") + std::to_string(percent) + "%";
    return "X-RequestId:" + request + "\r\nContent-Type:application/ssml+xml\r\nX-Timestamp:" + date_text(unix_seconds) +
           "Z\r\nPath:ssml\r\n\r\n"  // the browser, too, writes both "GMT" and "Z"
           "<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='en-US'><voice name='" +
           escaped(full_name(voice)) + "'><prosody pitch='+0Hz' rate='" + rate + "' volume='+0%'>" + escaped(text) +
           "</prosody></voice></speak>";
}

std::vector<std::string> request_parts(std::string_view text) {
    std::vector<std::string> parts;
    std::string part;
    std::size_t escaped_size = 0;
    std::size_t space = std::string::npos;  // the last one in `part`
    for (const char32_t point : base::code_points(text)) {
        const std::size_t size = escaped(point).size();
        if (escaped_size + size > kMostTextBytes) {
            std::string tail;
            if (space != std::string::npos) {
                tail = part.substr(space + 1);
                part.resize(space);
            }
            parts.push_back(std::move(part));
            part = std::move(tail);
            escaped_size = escaped(part).size();
            space = std::string::npos;
        }
        if (point == U' ' || point == U'\n') space = part.size();
        base::append_utf8(part, point);
        escaped_size += size;
    }
    if (!base::trimmed(part).empty()) parts.push_back(std::move(part));
    return parts;
}

base::Result<Message> read_text_message(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    const std::string_view path = header(bytes.substr(0, end), "Path");
    if (path.empty()) return not_understood("a message without a path");
    Message message;
    if (path == "turn.end") message.kind = Message::Kind::end;
    return message;
}

base::Result<Message> read_binary_message(std::string_view bytes) {
    if (bytes.size() < 2) return not_understood("sound without a header");
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8U |
                               static_cast<unsigned char>(bytes[1]);
    if (length + 2 > bytes.size()) return not_understood("sound whose header is longer than the message");
    const std::string_view headers = bytes.substr(2, length);
    const std::string_view body = bytes.substr(2 + length);
    if (header(headers, "Path") != "audio") return not_understood("a binary message that is no sound");
    const std::string_view type = header(headers, "Content-Type");
    if (type.empty() && body.empty()) return Message{};  // the sound's end
    if (type != "audio/mpeg") return not_understood("sound that is no MP3");
    return Message{Message::Kind::sound, body};
}

std::optional<std::int64_t> unix_seconds_of(const std::string& http_date) {
    std::tm parts{};
    const char* end = strptime(http_date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    if (end == nullptr || *end != '\0') return std::nullopt;
    return static_cast<std::int64_t>(timegm(&parts));
}

}  // namespace antiphon::engine::edge_tts
