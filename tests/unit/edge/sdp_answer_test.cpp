#include "edge/sdp_answer.hpp"
#include "sdp_offer_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

constexpr const char* kOurFingerprint =
    "AA:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";

SdpAnswer our_side() {
    SdpAnswer answer;
    answer.ice_user = "antI";
    answer.ice_password = "phonphonphonphonphonphon";
    answer.fingerprint = kOurFingerprint;
    answer.ssrc = 4711;
    answer.cname = "antiphon";
    answer.candidates = {{"1", 2130706431, "198.51.100.7", 10000, "host"}};
    return answer;
}

std::string answer_to(const std::string& text) {
    const auto offer = read_offer(text);
    EXPECT_TRUE(offer) << offer.error().text;
    return offer ? write_answer(*offer, our_side()) : std::string();
}

bool has(const std::string& text, const std::string& line) { return text.find(line + "\r\n") != std::string::npos; }

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

TEST(SdpAnswer, MirrorsOrderMidsAndBundle) {
    const auto answer = answer_to(std::string(kPlainOffer));
    EXPECT_TRUE(has(answer, "a=group:BUNDLE 0 1"));
    EXPECT_LT(answer.find("a=mid:0"), answer.find("a=mid:1"));
    EXPECT_EQ(count(answer, "a=setup:active"), 2U);
    EXPECT_EQ(count(answer, kOurFingerprint), 2U);
    EXPECT_EQ(count(answer, "a=candidate:"), 1U);
    EXPECT_EQ(count(answer, "a=end-of-candidates"), 1U);
    EXPECT_EQ(count(answer, "ice-lite"), 0U);
    EXPECT_TRUE(has(answer, "a=rtcp-fb:111 nack"));
    EXPECT_TRUE(has(answer, "m=audio 10000 UDP/TLS/RTP/SAVPF 111"));
}

TEST(SdpAnswer, DataFirstStaysFirst) {
    auto text = std::string(kPlainOffer);
    const auto audio = text.find("m=audio");
    const auto data = text.find("m=application");
    const auto answer = answer_to(with(text.substr(0, audio) + text.substr(data) + text.substr(audio, data - audio), "BUNDLE 0 1", "BUNDLE 1 0"));
    EXPECT_TRUE(has(answer, "a=group:BUNDLE 1 0"));
    EXPECT_LT(answer.find("m=application"), answer.find("m=audio"));
    EXPECT_LT(answer.find("a=candidate:"), answer.find("m=audio"));  // with the first in the bundle
}

TEST(SdpAnswer, NoBundleIsAnsweredWithNone) {
    const auto answer = answer_to(with(sound_alone(), "a=group:BUNDLE 0\r\n", ""));
    EXPECT_EQ(count(answer, "BUNDLE"), 0U);
    EXPECT_EQ(count(answer, "a=candidate:"), 1U);
    EXPECT_EQ(count(answer, "m=application"), 0U);
}

TEST(SdpAnswer, RejectedLinesStayRejectedAtTheirPlace) {
    const auto answer = answer_to(with("m=audio 9", "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:7\r\nm=audio 9"));
    EXPECT_TRUE(has(answer, "m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:7\r\na=inactive"));
    EXPECT_LT(answer.find("m=video"), answer.find("m=audio"));
    EXPECT_TRUE(has(answer, "a=group:BUNDLE 0 1"));
}

TEST(SdpAnswer, IsActiveUnlessTheClientIs) {
    EXPECT_EQ(count(answer_to(with("actpass", "passive")), "a=setup:active"), 2U);
    EXPECT_EQ(count(answer_to(with("actpass", "active")), "a=setup:passive"), 2U);
}

TEST(SdpAnswer, TheDirectionIsTheOtherWayRound) {
    EXPECT_TRUE(has(answer_to(with("a=sendrecv", "a=recvonly")), "a=sendonly"));
    const auto listening = answer_to(with("a=sendrecv", "a=sendonly"));
    EXPECT_TRUE(has(listening, "a=recvonly"));
    EXPECT_EQ(count(listening, "a=ssrc"), 0U);
    EXPECT_EQ(count(listening, "a=msid:"), 0U);
    EXPECT_TRUE(has(answer_to(with("a=sendrecv", "a=inactive")), "a=inactive"));
}

TEST(SdpAnswer, OffersNoNackOrExtensionUnasked) {
    auto text = with("a=rtcp-fb:111 nack\r\n", "");
    text = with(text, "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n", "");
    text = with(text, "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n", "");
    const auto answer = answer_to(text);
    EXPECT_EQ(count(answer, "nack"), 0U);
    EXPECT_EQ(count(answer, "extmap"), 0U);
}

TEST(SdpAnswer, WithoutCandidatesItNamesNoAddress) {
    auto ours = our_side();
    ours.candidates.clear();
    const auto answer = write_answer(*read_offer(kPlainOffer), ours);
    EXPECT_TRUE(has(answer, "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0"));
}

TEST(SdpAnswer, NoByteOfTheClientsFreeTextComesBack) {
    auto text = with("bWKBFsb9r52TvNx4", "secret");
    text = with(text, "s=-", "s=secret");
    text = with(text, "a=sendrecv\r\n", "a=sendrecv\r\na=msid:secret secret\r\na=secret:secret\r\n");
    EXPECT_EQ(count(answer_to(text), "secret"), 0U);
    EXPECT_EQ(count(write_offer(*read_offer(text)), "secret"), 0U);
}

TEST(LocalDescription, ReadsWhatTheLibraryWrites) {
    const std::string text =
        "v=0\r\no=rtc 1144455346 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=ice-options:ice2,trickle\r\n"
        "a=fingerprint:sha-256 " + std::string(kOurFingerprint) + "\r\n"
        "m=audio 48995 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 192.0.2.2\r\na=mid:0\r\na=ssrc:7 cname:antiphon\r\na=rtcp-mux\r\n"
        "a=setup:passive\r\na=ice-ufrag:l55R\r\na=ice-pwd:WHc1b2ZHSuaDNS50SdGQOA\r\n"
        "a=candidate:2 1 UDP 2130706175 fd00::2 48995 typ host\r\na=candidate:1 1 UDP 2122317823 192.0.2.2 48995 typ host\r\n";
    const auto read = read_local_description(text);
    ASSERT_TRUE(read) << read.error().text;
    EXPECT_EQ(read->ice_user, "l55R");
    EXPECT_EQ(read->ice_password, "WHc1b2ZHSuaDNS50SdGQOA");
    EXPECT_EQ(read->fingerprint, kOurFingerprint);
    EXPECT_EQ(read->ssrc, 7U);
    EXPECT_EQ(read->cname, "antiphon");
    EXPECT_EQ(read->session_id, 1144455346U);
    EXPECT_EQ(read->candidates.size(), 2U);

    EXPECT_EQ(read_local_description(with(text, "a=ice-pwd:WHc1b2ZHSuaDNS50SdGQOA\r\n", "")).error().text,
              "the WebRTC library's description has no ICE user and password");
    EXPECT_EQ(read_local_description(with(text, "sha-256", "sha-1")).error().text,
              "the WebRTC library's description has no sha-256 fingerprint");
    EXPECT_EQ(read_local_description("").error().code, base::Errc::engine);
    EXPECT_EQ(read_local_description(with(text, "typ host", "typ")).error().code, base::Errc::engine);
}

const SdpCandidate kFour{"1", 2122317823, "10.0.0.5", 10000, "host"};
const SdpCandidate kSix{"2", 2122317567, "2001:db8::5", 10000, "host"};
const SdpCandidate kLoopback{"3", 2122317311, "127.0.0.1", 10000, "host"};
const SdpCandidate kLink{"4", 2122317055, "fe80::5", 10000, "host"};
const SdpCandidate kMapped{"5", 1677729535, "198.51.100.9", 30000, "srflx"};

TEST(Advertised, LeavesOutWhatIsOnlyNear) {
    EXPECT_EQ(advertised({kLink, kFour, kLoopback, kSix}, "", false), (std::vector<SdpCandidate>{kFour, kSix}));
    EXPECT_EQ(advertised({kLoopback, kLink}, "", false), (std::vector<SdpCandidate>{kLoopback, kLink}));
    EXPECT_TRUE(advertised({}, "198.51.100.7", true).empty());
}

TEST(Advertised, ThePublicAddressComesFirst) {
    const auto all = advertised({kSix, kFour, kLoopback, kMapped}, "198.51.100.7", false);
    ASSERT_EQ(all.size(), 4U);
    EXPECT_EQ(all[0].address, "198.51.100.7");
    EXPECT_EQ(all[0].port, 10000);
    EXPECT_EQ(all[0].type, "host");
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_GT(all[0].priority, all[i].priority);
    EXPECT_TRUE(read_candidate(write_candidate(all[0])));
}

TEST(Advertised, OnlyThePublicAddress) {
    auto second = kFour;
    second.port = 10001;
    const auto all = advertised({kFour, kSix, second, kMapped}, "198.51.100.7", true);
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].port, 10000);
    EXPECT_EQ(all[1].port, 10001);
    EXPECT_NE(all[0].foundation, all[1].foundation);
    EXPECT_EQ(advertised({kSix}, "198.51.100.7", true).front().address, "198.51.100.7");  // one socket for both families
    EXPECT_EQ(advertised({kFour, kSix}, "2001:db8::77", true).size(), 1U);
}

TEST(Advertised, ThePublicAddressThatIsGatheredToo) {
    EXPECT_EQ(advertised({kFour}, kFour.address, false).size(), 1U);
    EXPECT_EQ(advertised({kFour}, "not an address", true), std::vector<SdpCandidate>{kFour});
    EXPECT_EQ(advertised({kLoopback}, "198.51.100.7", false).size(), 2U);
}

}  // namespace
}  // namespace antiphon::edge
