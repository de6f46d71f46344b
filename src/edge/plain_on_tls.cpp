#include "edge/plain_on_tls.hpp"

#include "base/utf8.hpp"
#include "edge/reply.hpp"

#include <algorithm>
#include <cctype>

namespace antiphon::edge {
namespace {

constexpr std::string_view kSentence = "this port speaks TLS: the address begins with https:// (or wss://)";
constexpr std::size_t kLongestHost = 262;  // a name, a colon, a port

bool is_host(std::string_view text) {
    return !text.empty() && text.size() <= kLongestHost && std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
    });
}

bool is_target(std::string_view text) {
    return text.starts_with('/') && !text.starts_with("//") &&
           std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return c > 0x20 && c < 0x7F && c != '"' && c != '\\'; });
}

std::string_view line_of(std::string_view& rest) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::string_view host_in(std::string_view headers) {
    constexpr std::string_view kName = "host:";
    while (!headers.empty()) {
        const std::string_view line = line_of(headers);
        if (line.size() > kName.size() && std::equal(kName.begin(), kName.end(), line.begin(), [](char a, char b) {
                return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
            }))
            return base::trimmed(line.substr(kName.size()));
    }
    return {};
}

std::string written(std::string_view status, const std::string& header, const Reply& reply) {
    return "HTTP/1.1 " + std::string(status) +
           "\r\nServer: antiphon\r\nConnection: close\r\nContent-Type: " + reply.content_type +
           "\r\nContent-Length: " + std::to_string(reply.body.size()) + "\r\n" + header + "\r\n" + reply.body;
}

}  // namespace

std::string answer_to_plain_http(std::string_view head) {
    std::string_view rest = head;
    const std::string_view line = line_of(rest);
    const auto target_begin = line.find(' ');
    const auto target_end = line.rfind(' ');
    if (target_begin == std::string_view::npos || target_end <= target_begin ||
        !line.substr(target_end + 1).starts_with("HTTP/1."))
        return {};
    const std::string_view method = line.substr(0, target_begin);
    const std::string_view target = line.substr(target_begin + 1, target_end - target_begin - 1);
    const std::string_view host = host_in(rest);
    Reply reply = error_reply(400, "tls_required", kSentence);
    const bool head_only = method == "HEAD";
    if ((method != "GET" && !head_only) || !is_host(host) || !is_target(target))
        return written("400 Bad Request", "", reply);
    const std::string location = "Location: https://" + std::string(host) + std::string(target) + "\r\n";
    std::string answer = written("307 Temporary Redirect", location, reply);
    if (head_only) answer.resize(answer.find("\r\n\r\n") + 4);
    return answer;
}

}  // namespace antiphon::edge
