// The offers of real clients and what becomes of them: tests/golden/sdp/README.md.
#include "edge/sdp_answer.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace antiphon::edge {
namespace {

const std::filesystem::path kFolder = ANTIPHON_SOURCE_DIR "/tests/golden/sdp";

std::string content(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

void expect_golden(const std::string& name, const std::string& text) {
    if (std::getenv("ANTIPHON_WRITE_GOLDEN") != nullptr) std::ofstream(kFolder / name, std::ios::binary) << text;
    EXPECT_EQ(text, content(kFolder / name)) << name;
}

SdpAnswer our_side() {
    SdpAnswer answer;
    answer.ice_user = "antI";
    answer.ice_password = "phonphonphonphonphonphon";
    answer.fingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
    answer.ssrc = 4711;
    answer.cname = "antiphon";
    answer.candidates = {{"1", 2130706431, "2001:db8::7", 10000, "host"}, {"2", 2122317823, "198.51.100.7", 10000, "host"}};
    answer.session_id = 1234567890123456789;
    return answer;
}

/// What write_offer() leaves out or settles.
SdpOffer for_library(SdpOffer offer) {
    offer.setup = answers_as_active(offer) ? SdpSetup::passive : SdpSetup::active;
    const auto named = [](const SdpCandidate& one) { return one.is_name(); };
    offer.candidates.erase(std::remove_if(offer.candidates.begin(), offer.candidates.end(), named), offer.candidates.end());
    return offer;
}

TEST(SdpGolden, OffersOfRealClients) {
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
        const auto file = entry.path().filename().string();
        constexpr std::string_view kEnding = ".offer.sdp";
        if (!file.ends_with(kEnding)) continue;
        const auto name = file.substr(0, file.size() - kEnding.size());
        SCOPED_TRACE(name);
        const auto offer = read_offer(content(entry.path()));
        ASSERT_TRUE(offer) << offer.error().text;
        EXPECT_TRUE(offer->client_sends && offer->client_receives);
        EXPECT_TRUE(offer->client_ssrc && offer->data_mid);
        expect_golden(name + ".answer.sdp", write_answer(*offer, our_side()));
        const auto again = write_offer(*offer);
        expect_golden(name + ".library.sdp", again);
        const auto read_again = read_offer(again);
        ASSERT_TRUE(read_again) << read_again.error().text;
        EXPECT_EQ(*read_again, for_library(*offer));
        ++seen;
    }
    EXPECT_GE(seen, 9);
}

SdpOffer golden_offer(const std::string& name) {
    auto offer = read_offer(content(kFolder / (name + ".offer.sdp")));
    EXPECT_TRUE(offer) << offer.error().text;
    return offer ? *offer : SdpOffer{};
}

TEST(SdpGolden, ChromiumBeforeGathering) {
    const auto offer = golden_offer("chromium_156_before_gathering");
    EXPECT_EQ(offer.opus_payload, 111);
    EXPECT_TRUE(offer.trickle);
    EXPECT_TRUE(offer.candidates.empty());
    EXPECT_EQ(offer.setup, SdpSetup::actpass);
    EXPECT_EQ(offer.audio_level_extension, 1);
    EXPECT_EQ(offer.mid_extension, 4);
    EXPECT_EQ(offer.max_message_size, 262144U);
    EXPECT_EQ(offer.bundle, (std::vector<std::string>{"0", "1"}));
}

TEST(SdpGolden, ChromiumWithNames) {
    const auto offer = golden_offer("chromium_156_mdns");
    ASSERT_EQ(offer.candidates.size(), 2U);  // the TCP ones and those of the data channel's own ports are left out
    EXPECT_TRUE(offer.candidates[0].is_name());
    EXPECT_EQ(write_offer(offer).find(".local"), std::string::npos);
}

TEST(SdpGolden, FirefoxGivesTheFingerprintForTheSession) {
    const auto offer = golden_offer("firefox_153_mdns");
    EXPECT_EQ(offer.opus_payload, 109);
    EXPECT_EQ(offer.fingerprint.substr(0, 6), "61:7B:");
    EXPECT_EQ(offer.candidates.size(), 2U);  // component 1 and UDP alone
    EXPECT_EQ(offer.max_message_size, 1073741823U);
    EXPECT_TRUE(offer.opus_stereo);
}

TEST(SdpGolden, AiortcGivesThreeFingerprints) {
    const auto offer = golden_offer("aiortc_1_16");
    EXPECT_EQ(offer.opus_payload, 96);
    EXPECT_EQ(offer.fingerprint.substr(0, 6), "98:65:");
    EXPECT_FALSE(offer.trickle);
    EXPECT_FALSE(offer.opus_in_band_fec);
    EXPECT_EQ(offer.mid_extension, 1);
}

TEST(SdpGolden, LibdatachannelDividesOptionsByCommas) {
    const auto offer = golden_offer("libdatachannel_0_23");
    EXPECT_TRUE(offer.trickle);
    EXPECT_EQ(offer.client_ssrc, 42U);
    EXPECT_EQ(offer.opus_max_bitrate, 96000);
    EXPECT_EQ(offer.candidates.size(), 2U);
}

}  // namespace
}  // namespace antiphon::edge
