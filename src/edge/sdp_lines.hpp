// The lines of an SDP text, without what they mean (RFC 8866 section 5).
//
// pure. Every view points into the text that was read.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

constexpr std::size_t kMaxSdpLine = 2048;  ///< bytes
constexpr std::size_t kMaxSdpMedia = 16;   ///< m-lines

/// "a=name:value" or "a=name".
struct SdpAttribute {
    std::string_view name;
    std::string_view value;   ///< empty if there is none
    std::size_t line = 0;     ///< counted from 1
};

using SdpAttributes = std::vector<SdpAttribute>;

/// "m=audio 9 UDP/TLS/RTP/SAVPF 111 0" and what follows up to the next one.
struct SdpSection {
    std::string_view media;
    std::uint16_t port = 0;
    std::string_view protocol;
    std::vector<std::string_view> formats;  ///< one at least
    SdpAttributes attributes;
    std::size_t line = 0;

    const SdpAttribute* find(std::string_view name) const;
};

struct SdpText {
    std::string_view origin;    ///< the o= line's value
    SdpAttributes attributes;   ///< those before the first m-line
    std::vector<SdpSection> sections;

    const SdpAttribute* find(std::string_view name) const;
};

/// Fails with `invalid` and a sentence that names the line for: a byte that is not printable ASCII, a line over its
/// bound or not of the form "x=...", a first line that is not v=0, no o= line, an attribute without a name, a
/// malformed m-line, too many of them. Lines end with LF or CRLF, the last one maybe with nothing. Types of line that
/// mean nothing here (s, t, c, b, ...) are passed over. Linear in time.
base::Result<SdpText> read_sdp_lines(std::string_view text);

/// "invalid" with "line 12 of the SDP: " before the reason.
base::Error sdp_fault(std::size_t line, std::string why);

/// The parts between single or repeated spaces.
std::vector<std::string_view> sdp_words(std::string_view text);

/// Digits only, and not over `largest`.
std::optional<std::uint64_t> sdp_number(std::string_view text, std::uint64_t largest);

/// The same but for upper and lower case.
bool sdp_same(std::string_view a, std::string_view b);

/// Whether all are letters, digits, '+' or '/' (RFC 8839), and there are so many.
bool is_ice_text(std::string_view text, std::size_t least, std::size_t most);

/// Whether all are token characters (RFC 8866), and there are 1 to `most`.
bool is_sdp_token(std::string_view text, std::size_t most);

}  // namespace antiphon::edge
