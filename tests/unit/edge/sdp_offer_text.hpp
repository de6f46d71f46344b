// An offer as a browser gives it, to be spoiled in one place for each test.
#pragma once

#include <string>
#include <string_view>

namespace antiphon::edge {

inline constexpr std::string_view kPlainOffer =
    "v=0\r\n"
    "o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n"
    "s=-\r\n"
    "t=0 0\r\n"
    "a=group:BUNDLE 0 1\r\n"
    "a=msid-semantic: WMS\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=candidate:1 1 udp 2122194687 192.0.2.9 50000 typ host generation 0\r\n"
    "a=ice-ufrag:EaeR\r\n"
    "a=ice-pwd:n5lV8BszpLNQgFhSZsxP+ey3\r\n"
    "a=ice-options:trickle\r\n"
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:aa:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\n"
    "a=mid:0\r\n"
    "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n"
    "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
    "a=sendrecv\r\n"
    "a=rtcp-mux\r\n"
    "a=rtpmap:111 opus/48000/2\r\n"
    "a=rtcp-fb:111 nack\r\n"
    "a=fmtp:111 minptime=10;useinbandfec=1\r\n"
    "a=ssrc:4254735335 cname:bWKBFsb9r52TvNx4\r\n"
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n"
    "c=IN IP4 0.0.0.0\r\n"
    "a=ice-ufrag:EaeR\r\n"
    "a=ice-pwd:n5lV8BszpLNQgFhSZsxP+ey3\r\n"
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:aa:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n"
    "a=setup:actpass\r\n"
    "a=mid:1\r\n"
    "a=sctp-port:5000\r\n"
    "a=max-message-size:262144\r\n";

/// Without the data channel.
inline std::string sound_alone() {
    std::string text(kPlainOffer.substr(0, kPlainOffer.find("m=application")));
    return text.replace(text.find("BUNDLE 0 1"), 10, "BUNDLE 0");
}

/// With every `from` replaced; it has to be there.
inline std::string with(std::string text, std::string_view from, std::string_view to) {
    const auto first = text.find(from);
    if (first == std::string::npos) return {};
    for (auto at = first; at != std::string::npos; at = text.find(from, at + to.size())) text.replace(at, from.size(), to);
    return text;
}

inline std::string with(std::string_view from, std::string_view to) { return with(std::string(kPlainOffer), from, to); }

}  // namespace antiphon::edge
