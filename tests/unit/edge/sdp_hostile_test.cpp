// Offers that are refused, each with the sentence that it gets.
#include "edge/sdp_answer.hpp"
#include "sdp_offer_text.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace antiphon::edge {
namespace {

struct Refusal {
    std::string name;
    std::string offer;
    base::Errc code;
    std::string sentence;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.name; }

constexpr auto kInvalid = base::Errc::invalid;
constexpr auto kUnsupported = base::Errc::unsupported;
constexpr std::string_view kVideo = "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=rtpmap:96 VP8/90000\r\n";
constexpr std::string_view kAudioLine = "m=audio 9 UDP/TLS/RTP/SAVPF 111 0\r\n";
constexpr std::string_view kDataLine = "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n";
constexpr std::string_view kFingerprint =
    "a=fingerprint:sha-256 00:11:22:33:44:55:66:77:88:99:aa:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF\r\n";

std::string plain() { return std::string(kPlainOffer); }
std::string times(int count, const std::string& text) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
}
std::string after_audio(std::string_view line) { return with(kAudioLine, std::string(kAudioLine) + std::string(line)); }

const std::vector<Refusal> kForm{
    {"Empty", "", kInvalid, "an SDP offer begins with the line v=0"},
    {"Json", "{\"type\":\"offer\",\"sdp\":\"v=0\"}", kInvalid,
     "an SDP offer begins with the line v=0; this looks like JSON: send the text of its \"sdp\" alone"},
    {"LineBreaksLost", with("\r\n", ""), kInvalid, "line 1 of the SDP: the line breaks of the SDP were lost (curl keeps them with --data-binary)"},
    {"VersionOne", with("v=0", "v=1"), kInvalid, "an SDP offer begins with the line v=0"},
    {"TooLarge", plain() + times(700, "a=x:" + std::string(100, 'x') + "\r\n"), kInvalid, "the SDP is larger than 65536 bytes"},
    {"LineTooLong", after_audio("a=x:" + std::string(2045, 'x') + "\r\n"), kInvalid, "line 8 of the SDP: it is longer than 2048 bytes"},
    {"ZeroByte", with("a=mid:0", std::string("a=mid:\0", 7)), kInvalid, "line 15 of the SDP: it holds a byte that is not printable ASCII"},
    {"LoneCarriageReturn", with("a=mid:0", "a=mid:0\ra=mid:1"), kInvalid, "line 15 of the SDP: it holds a byte that is not printable ASCII"},
    {"EscapeSequence", with("s=-", "s=\x1b[2J"), kInvalid, "line 3 of the SDP: it holds a byte that is not printable ASCII"},
    {"NotAscii", with("s=-", "s=r\xc3\xa4ksm\xc3\xb6rg\xc3\xa5s"), kInvalid, "line 3 of the SDP: it holds a byte that is not printable ASCII"},
    {"EmptyLineWithin", with("s=-\r\n", "s=-\r\n\r\n"), kInvalid, "line 4 of the SDP: it is not of the form x=... with a letter of SDP"},
    {"UnknownLetter", with("s=-", "q=-"), kInvalid, "line 3 of the SDP: it is not of the form x=... with a letter of SDP"},
    {"NoOrigin", with("o=- 4611731400430051336 2 IN IP4 127.0.0.1\r\n", ""), kInvalid, "the SDP has no o= line"},
    {"AttributeWithoutName", with("a=sendrecv", "a=:sendrecv"), kInvalid, "line 18 of the SDP: an attribute has no name"},
    {"MediaLineCutShort", with("m=audio 9 UDP/TLS/RTP/SAVPF 111 0", "m=audio 9 UDP/TLS/RTP/SAVPF"), kInvalid,
     "line 7 of the SDP: an m-line needs a medium, a port, a protocol and a format"},
    {"PortTooLarge", with("m=audio 9 ", "m=audio 65536 "), kInvalid, "line 7 of the SDP: the m-line's port is not a number from 0 to 65535"},
    {"PortWithCount", with("m=audio 9 ", "m=audio 9/2 "), kInvalid, "line 7 of the SDP: the m-line's port is not a number from 0 to 65535"},
    {"ProtocolWithQuote", with("m=audio 9 UDP/TLS/RTP/SAVPF", "m=audio 9 UDP\"TLS"), kInvalid, "line 7 of the SDP: the m-line's protocol is malformed"},
    {"ManyMediaLines", plain() + times(20, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\n"), kInvalid, "line 47 of the SDP: there are more than 16 m-lines"},
};

const std::vector<Refusal> kMedia{
    {"NoMedia", plain().substr(0, plain().find("a=group")), kUnsupported, "the offer has no audio m-line in use, and exactly one is answered"},
    {"DataAlone", plain().substr(0, plain().find("a=group")) + plain().substr(plain().find("m=application")), kUnsupported,
     "the offer has no audio m-line in use, and exactly one is answered"},
    {"AudioRejected", with("m=audio 9 ", "m=audio 0 "), kUnsupported, "the offer has no audio m-line in use, and exactly one is answered"},
    {"Video", plain() + std::string(kVideo), kUnsupported,
     "the offer has a video m-line, and only sound and a data channel are answered: leave it out"},
    {"SecondAudio", plain() + "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:2\r\n", kUnsupported,
     "the offer has a second audio m-line, and exactly one is answered"},
    {"SecondData", plain() + std::string(kDataLine) + "a=mid:2\r\n", kUnsupported,
     "the offer has a second data m-line, and at most one is answered"},
    {"Text", plain() + "m=text 9 RTP/AVP 98\r\n", kUnsupported,
     "the offer has an m-line of text, and only sound and a data channel are answered"},
    {"NoEncryption", with("UDP/TLS/RTP/SAVPF", "RTP/AVP"), kUnsupported,
     "the audio's protocol is RTP/AVP, and only UDP/TLS/RTP/SAVPF (DTLS-SRTP) is answered"},
    {"OldDataChannel", with("UDP/DTLS/SCTP webrtc-datachannel", "DTLS/SCTP 5000"), kUnsupported,
     "the application m-line is no data channel: only UDP/DTLS/SCTP webrtc-datachannel is answered"},
    {"NoMid", with("a=mid:0\r\n", ""), kInvalid, "line 7 of the SDP: the m-line has no a=mid"},
    {"MidTwice", with("a=mid:0\r\n", "a=mid:0\r\na=mid:0\r\n"), kInvalid, "line 16 of the SDP: a=mid is there twice"},
    {"SameMids", with("a=mid:1", "a=mid:0"), kInvalid, "line 24 of the SDP: two m-lines have the same a=mid"},
    {"MidTooLong", with("a=mid:0", "a=mid:01234567890123456"), kInvalid, "line 15 of the SDP: a=mid is not a word of 1 to 16 characters"},
    {"MidWithSpace", with("a=mid:0", "a=mid:0 1"), kInvalid, "line 15 of the SDP: a=mid is not a word of 1 to 16 characters"},
    {"NoBundle", with("a=group:BUNDLE 0 1\r\n", ""), kUnsupported,
     "sound and data channel have to share one transport: the offer needs a=group:BUNDLE with both mids"},
    {"BundleOfOne", with("BUNDLE 0 1", "BUNDLE 0"), kUnsupported,
     "sound and data channel have to share one transport: the offer needs a=group:BUNDLE with both mids"},
    {"BundleOfStranger", with("BUNDLE 0 1", "BUNDLE 0 1 7"), kInvalid, "line 5 of the SDP: BUNDLE names a mid that no m-line has"},
    {"BundleTwiceTheSame", with("BUNDLE 0 1", "BUNDLE 0 1 0"), kInvalid, "line 5 of the SDP: BUNDLE names a mid twice"},
    {"TwoBundles", with("BUNDLE 0 1", "BUNDLE 0\r\na=group:BUNDLE 1"), kUnsupported, "the offer has two groups of BUNDLE, and one is answered"},
    {"NoRtcpMux", with("a=rtcp-mux\r\n", ""), kUnsupported,
     "the offer's audio m-line has no a=rtcp-mux, and RTCP has no port of its own here"},
    {"SctpPortZero", with("sctp-port:5000", "sctp-port:0"), kInvalid, "line 31 of the SDP: a=sctp-port is not a number from 1 to 65535"},
    {"MessageSizeNegative", with("size:262144", "size:-1"), kInvalid, "line 32 of the SDP: a=max-message-size is not a number"},
    {"MessageSizeBeyondNumbers", with("size:262144", "size:99999999999999999999"), kInvalid,
     "line 32 of the SDP: a=max-message-size is not a number"},
};

const std::vector<Refusal> kCodec{
    {"NoOpus", with("opus/48000/2", "PCMU/8000"), kUnsupported, "the offer's audio m-line has no Opus (a=rtpmap with opus/48000/2)"},
    {"OpusMono", with("opus/48000/2", "opus/48000"), kUnsupported, "the offer's audio m-line has no Opus (a=rtpmap with opus/48000/2)"},
    {"OpusNotInTheMediaLine", with("SAVPF 111 0", "SAVPF 110 0"), kUnsupported,
     "the offer's audio m-line has no Opus (a=rtpmap with opus/48000/2)"},
    {"OpusWhereRtcpIs", with("111", "72"), kInvalid, "line 7 of the SDP: Opus has a payload type that is not dynamic (96 to 127 or 35 to 63)"},
    {"OpusAsPcmu", with(with("SAVPF 111 0", "SAVPF 0"), "a=rtpmap:111", "a=rtpmap:0"), kInvalid,
     "line 7 of the SDP: Opus has a payload type that is not dynamic (96 to 127 or 35 to 63)"},
    {"PayloadTooLarge", with("a=rtpmap:111", "a=rtpmap:128"), kInvalid, "line 20 of the SDP: a=rtpmap needs a payload type from 0 to 127 and a codec"},
    {"PayloadTwice", with("a=rtpmap:111 opus/48000/2\r\n", "a=rtpmap:111 opus/48000/2\r\na=rtpmap:111 PCMU/8000\r\n"), kInvalid,
     "line 21 of the SDP: two a=rtpmap give the same payload type a codec"},
    {"FormatNoNumber", with("SAVPF 111 0", "SAVPF x 111"), kInvalid, "line 7 of the SDP: the audio's formats are not payload types from 0 to 127"},
    {"TwoDirections", with("a=sendrecv\r\n", "a=sendrecv\r\na=inactive\r\n"), kInvalid, "line 19 of the SDP: the audio m-line has two directions"},
    {"ExtensionZero", with("a=extmap:1 ", "a=extmap:0 "), kInvalid, "line 16 of the SDP: a=extmap does not begin with a number"},
    {"ExtensionsOfTheSameNumber", with("a=extmap:4 ", "a=extmap:1 "), kInvalid, "line 17 of the SDP: a=extmap gives two extensions the same number"},
    {"ExtensionTwice", with("sdes:mid", "ssrc-audio-level"), kInvalid, "line 17 of the SDP: a=extmap gives the same extension two numbers"},
    {"ExtensionWithoutName", with("a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid", "a=extmap:4"), kInvalid,
     "line 17 of the SDP: a=extmap needs a number and a name"},
    {"SourceNoNumber", with("a=ssrc:4254735335", "a=ssrc:4294967296"), kInvalid, "line 23 of the SDP: a=ssrc does not begin with a number"},
};

const std::vector<Refusal> kTransport{
    {"NoIce", with("a=ice-ufrag:EaeR\r\n", ""), kInvalid, "the SDP has no a=ice-ufrag and a=ice-pwd for its transport"},
    {"ShortUser", with("a=ice-ufrag:EaeR", "a=ice-ufrag:Eae"), kInvalid, "line 10 of the SDP: a=ice-ufrag is not 4 to 256 letters, digits, + or /"},
    {"UserWithColon", with("a=ice-ufrag:EaeR", "a=ice-ufrag:Eae:R"), kInvalid, "line 10 of the SDP: a=ice-ufrag is not 4 to 256 letters, digits, + or /"},
    {"UserTwice", with("a=ice-ufrag:EaeR", "a=ice-ufrag:EaeR\r\na=ice-ufrag:XXXX"), kInvalid, "line 11 of the SDP: a=ice-ufrag is there twice"},
    {"ShortPassword", with("n5lV8BszpLNQgFhSZsxP+ey3", "n5lV8BszpLNQgFhSZsxP+"), kInvalid,
     "line 11 of the SDP: a=ice-pwd is not 22 to 256 letters, digits, + or /"},
    {"LongPassword", with("n5lV8BszpLNQgFhSZsxP+ey3", std::string(257, 'p')), kInvalid,
     "line 11 of the SDP: a=ice-pwd is not 22 to 256 letters, digits, + or /"},
    {"IceLite", with("s=-\r\n", "s=-\r\na=ice-lite\r\n"), kUnsupported, "the offer is of an ICE-lite client, which cannot find the way to us"},
    {"NoFingerprint", with(kFingerprint, ""), kUnsupported, "the offer has no a=fingerprint, and without one the media cannot be encrypted"},
    {"OtherHash", with("sha-256", "sha-512"), kUnsupported, "the offer's certificate has no sha-256 fingerprint, and only that one is checked"},
    {"FingerprintCutShort", with(":EE:FF\r\n", ":EE\r\n"), kInvalid,
     "line 13 of the SDP: the sha-256 fingerprint is not 32 bytes in hexadecimal with colons"},
    {"FingerprintNoHexadecimal", with("00:11:22", "0g:11:22"), kInvalid,
     "line 13 of the SDP: the sha-256 fingerprint is not 32 bytes in hexadecimal with colons"},
    {"FingerprintWithoutHash", with("a=fingerprint:sha-256 ", "a=fingerprint:"), kInvalid,
     "line 13 of the SDP: a=fingerprint needs a hash function and a value"},
    {"TwoFingerprints", with(kFingerprint, std::string(kFingerprint) + with(std::string(kFingerprint), "00:11:22", "FF:11:22")), kInvalid,
     "line 14 of the SDP: there are two sha-256 fingerprints"},
    {"HoldConnection", with("a=setup:actpass", "a=setup:holdconn"), kInvalid, "line 14 of the SDP: a=setup is not actpass, active or passive"},
    {"CandidateCutShort", with("typ host generation 0", "typ"), kInvalid,
     "line 9 of the SDP: the candidate is malformed: it needs a foundation, component, transport, priority, address, port and typ"},
    {"CandidateOfNoAddress", with("192.0.2.9", "192.0.2.9;reboot"), kInvalid,
     "line 9 of the SDP: the candidate is malformed: its address is neither IPv4, IPv6 nor a name"},
    {"CandidatePortTooLarge", with("192.0.2.9 50000", "192.0.2.9 65536"), kInvalid,
     "line 9 of the SDP: the candidate is malformed: its port is not a number from 0 to 65535"},
    {"CandidatePriorityTooLarge", with("2122194687", "2147483648"), kInvalid,
     "line 9 of the SDP: the candidate is malformed: its priority is not a number from 1 to 2147483647"},
};

class HostileOffer : public testing::TestWithParam<Refusal> {};

TEST_P(HostileOffer, IsRefused) {
    ASSERT_TRUE(GetParam().name == "Empty" || !GetParam().offer.empty()) << "what the test spoils is not in the offer";
    const auto offer = read_offer(GetParam().offer);
    ASSERT_FALSE(offer);
    EXPECT_EQ(offer.error().text, GetParam().sentence);
    EXPECT_EQ(offer.error().code, GetParam().code);
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Form, HostileOffer, testing::ValuesIn(kForm), kName);
INSTANTIATE_TEST_SUITE_P(Media, HostileOffer, testing::ValuesIn(kMedia), kName);
INSTANTIATE_TEST_SUITE_P(Codec, HostileOffer, testing::ValuesIn(kCodec), kName);
INSTANTIATE_TEST_SUITE_P(Transport, HostileOffer, testing::ValuesIn(kTransport), kName);

}  // namespace
}  // namespace antiphon::edge
