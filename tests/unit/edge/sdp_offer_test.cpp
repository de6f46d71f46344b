// Offers that are unusual and yet accepted.
#include "edge/sdp_offer.hpp"
#include "sdp_offer_text.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

SdpOffer accepted(const std::string& text) {
    auto offer = read_offer(text);
    EXPECT_TRUE(offer) << offer.error().text;
    return offer ? *offer : SdpOffer{};
}

TEST(SdpOffer, ReadsAllThatItNeeds) {
    const auto offer = accepted(std::string(kPlainOffer));
    EXPECT_EQ(offer.ice_user, "EaeR");
    EXPECT_EQ(offer.ice_password, "n5lV8BszpLNQgFhSZsxP+ey3");
    EXPECT_EQ(offer.fingerprint,
              "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
    EXPECT_TRUE(offer.trickle && offer.client_sends && offer.client_receives && offer.opus_in_band_fec && offer.nack);
    EXPECT_FALSE(offer.opus_stereo);
    EXPECT_EQ(offer.opus_payload, 111);
    EXPECT_EQ(offer.client_ssrc, 4254735335U);
    EXPECT_EQ(offer.audio_mid, "0");
    EXPECT_EQ(offer.data_mid, "1");
    EXPECT_EQ(offer.order.size(), 2U);
    ASSERT_EQ(offer.candidates.size(), 1U);
    EXPECT_EQ(offer.candidates[0], (SdpCandidate{"1", 2122194687, "192.0.2.9", 50000, "host"}));
}

TEST(SdpOffer, LinesMayEndWithLineFeedAlone) { EXPECT_EQ(accepted(with("\r\n", "\n")), accepted(std::string(kPlainOffer))); }

TEST(SdpOffer, TheLastLineBreakMayBeMissingOrDouble) {
    auto text = std::string(kPlainOffer);
    EXPECT_EQ(accepted(text + "\r\n\n"), accepted(text));
    text.resize(text.size() - 2);
    EXPECT_EQ(accepted(text), accepted(std::string(kPlainOffer)));
}

TEST(SdpOffer, UnknownAttributesAreIgnored) {
    EXPECT_EQ(accepted(with("a=sendrecv\r\n", "a=sendrecv\r\na=crypto:1 x\r\na=rtcp-rsize\r\na=x-of-tomorrow\r\nb=AS:64\r\n")),
              accepted(std::string(kPlainOffer)));
}

TEST(SdpOffer, SoundAloneNeedsNoBundle) {
    auto offer = accepted(sound_alone());
    EXPECT_EQ(offer.bundle, std::vector<std::string>{"0"});
    EXPECT_FALSE(offer.data_mid);
    offer = accepted(with(sound_alone(), "a=group:BUNDLE 0\r\n", ""));
    EXPECT_TRUE(offer.bundle.empty());
    EXPECT_EQ(offer.candidates.size(), 1U);
}

TEST(SdpOffer, KeysMayStandBeforeTheMedia) {
    auto text = with("a=ice-ufrag:EaeR\r\na=ice-pwd:n5lV8BszpLNQgFhSZsxP+ey3\r\n", "");
    text = with(text, "a=setup:actpass\r\n", "");
    text = with(text, "t=0 0\r\n", "t=0 0\r\na=ice-ufrag:EaeR\r\na=ice-pwd:n5lV8BszpLNQgFhSZsxP+ey3\r\na=setup:actpass\r\n");
    EXPECT_EQ(accepted(text), accepted(std::string(kPlainOffer)));
}

TEST(SdpOffer, TheMediaLinesKeysPrevail) {
    const auto text = with("t=0 0\r\n", "t=0 0\r\na=ice-ufrag:XXXX\r\na=ice-pwd:xxxxxxxxxxxxxxxxxxxxxxxx\r\na=setup:passive\r\n");
    EXPECT_EQ(accepted(text), accepted(std::string(kPlainOffer)));
}

TEST(SdpOffer, TheTransportIsThatOfTheFirstInTheBundle) {
    auto text = std::string(kPlainOffer);
    const auto data = text.find("m=application");
    text.replace(text.find("EaeR", data), 4, "Data");
    EXPECT_EQ(accepted(text).ice_user, "EaeR");
    const auto offer = accepted(with(text, "BUNDLE 0 1", "BUNDLE 1 0"));
    EXPECT_EQ(offer.ice_user, "Data");
    EXPECT_TRUE(offer.candidates.empty());  // the one there is belongs to the sound's own transport
    EXPECT_EQ(offer.order.front().kind, SdpOfferedLine::Kind::audio);
}

TEST(SdpOffer, BundleOnlyLinesOfPortZeroAreInUse) {
    const auto text = with("m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\n",
                           "m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\na=bundle-only\r\n");
    EXPECT_EQ(accepted(text).data_mid, "1");
}

TEST(SdpOffer, RejectedLinesAreKeptForTheAnswer) {
    const auto offer = accepted(std::string(kPlainOffer) + "m=video 0 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:2\r\nm=audio 0 RTP/AVP 0\r\n");
    ASSERT_EQ(offer.order.size(), 4U);
    EXPECT_EQ(offer.order[2], (SdpOfferedLine{SdpOfferedLine::Kind::rejected, "2", "video 0 UDP/TLS/RTP/SAVPF 96"}));
    EXPECT_EQ(offer.order[3].rejected, "audio 0 RTP/AVP 0");
    EXPECT_EQ(write_offer(offer).find("video"), std::string::npos);
}

TEST(SdpOffer, Directions) {
    struct Case {
        const char* name;
        bool sends;
        bool receives;
    };
    for (const auto& [name, sends, receives] :
         {Case{"sendrecv", true, true}, Case{"sendonly", true, false}, Case{"recvonly", false, true}, Case{"inactive", false, false}}) {
        const auto offer = accepted(with("a=sendrecv", "a=" + std::string(name)));
        EXPECT_EQ(offer.client_sends, sends) << name;
        EXPECT_EQ(offer.client_receives, receives) << name;
        const auto again = accepted(write_offer(offer));
        EXPECT_EQ(again.client_sends, sends) << name;
        EXPECT_EQ(again.client_receives, receives) << name;
    }
    EXPECT_FALSE(accepted(with(with("a=sendrecv\r\n", ""), "t=0 0\r\n", "t=0 0\r\na=recvonly\r\n")).client_sends);
    EXPECT_TRUE(accepted(with("a=sendrecv\r\n", "")).client_sends);
}

TEST(SdpOffer, TheFirstOpusOfTheMediaLineCounts) {
    const auto text = with(with("SAVPF 111 0", "SAVPF 63 96 111"), "a=rtpmap:111",
                           "a=rtpmap:63 red/48000/2\r\na=rtpmap:96 OPUS/48000/2\r\na=fmtp:96 stereo=1; maxaveragebitrate=20000\r\na=rtpmap:111");
    const auto offer = accepted(text);
    EXPECT_EQ(offer.opus_payload, 96);
    EXPECT_TRUE(offer.opus_stereo);
    EXPECT_FALSE(offer.opus_in_band_fec);  // that is the other one's
    EXPECT_FALSE(offer.nack);
    EXPECT_EQ(offer.opus_max_bitrate, 20000);
}

TEST(SdpOffer, FeedbackForAllPayloads) {
    EXPECT_TRUE(accepted(with("a=rtcp-fb:111 nack", "a=rtcp-fb:* nack")).nack);
    EXPECT_FALSE(accepted(with("a=rtcp-fb:111 nack", "a=rtcp-fb:111 nack pli")).nack);
    EXPECT_FALSE(accepted(with("a=rtcp-fb:111 nack", "a=rtcp-fb:111 transport-cc")).nack);
}

TEST(SdpOffer, ExtensionsWithDirection) {
    EXPECT_EQ(accepted(with("a=extmap:1 ", "a=extmap:1/sendonly ")).audio_level_extension, 1);
    EXPECT_FALSE(accepted(with("a=extmap:1 ", "a=extmap:15 ")).audio_level_extension);
}

TEST(SdpOffer, WhoSaysNothingIsActive) {
    const auto silent = accepted(with("a=setup:actpass\r\n", ""));
    EXPECT_EQ(silent.setup, SdpSetup::active);
    EXPECT_FALSE(answers_as_active(silent));
    EXPECT_TRUE(answers_as_active(accepted(std::string(kPlainOffer))));
    const auto passive = accepted(with("actpass", "passive"));
    EXPECT_TRUE(answers_as_active(passive));
    EXPECT_NE(write_offer(passive).find("a=setup:passive"), std::string::npos);
}

TEST(SdpOffer, AnyMessageSizeIsTheLargest) {
    EXPECT_EQ(accepted(with("size:262144", "size:0")).max_message_size, 1073741823U);
    EXPECT_EQ(accepted(with("size:262144", "size:4294967296")).max_message_size, 1073741823U);
    EXPECT_EQ(accepted(with("a=max-message-size:262144\r\n", "")).max_message_size, 65536U);
}

TEST(SdpOffer, CandidatesBeyondTheBoundAreLeftOut) {
    std::string many;
    for (int port = 20000; port < 20100; ++port)
        many += "a=candidate:1 1 udp 2122194687 192.0.2.9 " + std::to_string(port) + " typ host\r\n";
    const auto offer = accepted(with("a=sendrecv\r\n", many + "a=sendrecv\r\n"));
    EXPECT_EQ(offer.candidates.size(), kMaxOfferCandidates);
}

TEST(SdpOffer, CandidatesThatCannotBeUsedAreLeftOut) {
    const auto text = with("a=sendrecv\r\n",
                           "a=candidate:2 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active\r\n"
                           "a=candidate:3 2 udp 2122194686 192.0.2.2 4002 typ host\r\n"
                           "a=candidate:4 1 udp 2122194686 224.0.0.1 4002 typ host\r\n"
                           "a=candidate:5 1 udp 2122194686 caller.example 4002 typ host\r\n"
                           "a=sendrecv\r\n");
    EXPECT_EQ(accepted(text), accepted(std::string(kPlainOffer)));
}

}  // namespace
}  // namespace antiphon::edge
