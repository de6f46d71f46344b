// What is said between a client and the service behind Microsoft Edge's "read aloud".
//
// pure. The service documents nothing; this follows the open-source client edge-tts 7.2.7 (rany2/edge-tts:
// constants.py, drm.py, communicate.py). A request is two text messages, speech.config and ssml; the answer is
// turn.start, response, sound (binary) and metadata in any order, and turn.end. A text message is header lines, an
// empty line and a body; a binary one is the headers' length in two bytes (big end first), the headers and the body.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::engine::edge_tts {

constexpr int kSampleRate = 24'000;               ///< of the sound that is asked for: MP3, one channel, 48 kbit/s
constexpr std::size_t kMostTextBytes = 4096;      ///< of one request, escaped
constexpr std::string_view kDefaultUrl =
    "wss://speech.platform.bing.com/consumer/speech/synthesize/readaloud/edge/v1";

/// Where the service is.
struct Endpoint {
    bool tls = true;
    std::string host;
    std::string port;
    std::string path;  ///< begins with '/'

    /// "wss://host[:port]/path" or "ws://..."; `invalid` for anything else.
    static base::Result<Endpoint> parse(std::string_view url);
};

/// The value of Sec-MS-GEC: SHA-256 of the time, in steps of five minutes as 100 ns since 1601, and the client token.
std::string security_token(std::int64_t unix_seconds);

/// The path and query of the WebSocket's address. `connection` and later `request` are 32 hexadecimal digits.
std::string request_target(const Endpoint& endpoint, const std::string& connection, std::int64_t unix_seconds);

/// The header lines of the WebSocket's request, as that browser sends them. `machine` is 32 hexadecimal digits.
std::vector<std::pair<std::string, std::string>> request_headers(const std::string& machine);

/// The two messages of a request. `voice` is its short name, "sv-SE-SofieNeural". `text` is plain; what XML cannot
/// hold becomes spaces. `speed` is held to what the service is known to take: 0.5 to 2.
std::string config_message(std::int64_t unix_seconds);
std::string speech_message(const std::string& request, std::int64_t unix_seconds, std::string_view voice, float speed,
                           std::string_view text);

/// The text in parts of at most kMostTextBytes each once they are escaped, cut between words where there are any.
std::vector<std::string> request_parts(std::string_view text);

struct Message {
    enum class Kind { sound, end, other };
    Kind kind = Kind::other;
    std::string_view sound;  ///< MP3, into the message's bytes
};

/// Reads a message of the service. `engine` if it is none.
base::Result<Message> read_text_message(std::string_view bytes);
base::Result<Message> read_binary_message(std::string_view bytes);

/// Seconds since 1970 of an HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT"); none if it is not one.
std::optional<std::int64_t> unix_seconds_of(const std::string& http_date);

}  // namespace antiphon::engine::edge_tts
