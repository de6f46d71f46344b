#include "base/base64.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <random>

namespace antiphon::base {
namespace {

std::vector<std::uint8_t> bytes(std::string_view text) { return {text.begin(), text.end()}; }

TEST(Base64, TheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(base64_encode(bytes(plain)), encoded);
        const auto decoded = base64_decode(encoded);
        ASSERT_TRUE(decoded) << encoded;
        EXPECT_EQ(*decoded, bytes(plain));
    }
}

TEST(Base64, EveryByteAndEveryLengthComesBack) {
    std::mt19937 random(1);
    for (std::size_t length = 0; length < 300; ++length) {
        std::vector<std::uint8_t> plain(length);
        for (auto& byte : plain) byte = static_cast<std::uint8_t>(random());
        const auto decoded = base64_decode(base64_encode(plain));
        ASSERT_TRUE(decoded);
        ASSERT_EQ(*decoded, plain);
    }
}

TEST(Base64, AppendsToWhatIsThere) {
    std::string text = "=x";
    append_base64(text, bytes("foob"));
    append_base64(text, bytes(""));
    EXPECT_EQ(text, "=xZm9vYg==");
}

TEST(Base64, RefusesACharacterAtEveryPlace) {
    const std::string good = base64_encode(bytes("twelve bytes"));
    for (std::size_t at = 0; at < good.size(); ++at)
        for (int c = 0; c < 256; ++c) {
            std::string text = good;
            text[at] = static_cast<char>(c);
            const bool known = std::isalnum(c) != 0 || c == '+' || c == '/';
            const bool padding = c == '=' && at + 1 == good.size();  // may be right there, if no bit is lost
            if (padding) continue;
            EXPECT_EQ(base64_decode(text).has_value(), known) << at << ' ' << c;
        }
}

TEST(Base64, RefusesWhatIsNot) {
    for (const std::string_view text : {"Z", "Zg", "Zg=", "Zm9v=", "====", "=", "Zg==Zg==", "Z===", "Zm9v\n", "Zm 9",
                                        "Zm9-", "Zm9_", "Z=9v", "\xFF\xFF\xFF\xFF", "Zg=a"}) {
        const auto decoded = base64_decode(text);
        ASSERT_FALSE(decoded) << text;
        EXPECT_EQ(decoded.error().code, Errc::invalid);
    }
    EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)));
}

TEST(Base64, RefusesBitsThatNoEncoderWrites) {
    // RFC 4648, section 3.5: the unused bits before the padding are zero, so each text has one encoding.
    EXPECT_FALSE(base64_decode("Zh=="));
    EXPECT_FALSE(base64_decode("Zm9="));
}

TEST(Base64, GarbageIsRefusedOrComesBackTheSame) {
    std::mt19937 random(2);
    constexpr std::string_view kNearMisses = "ABab09+/==- \n\xC3";
    for (int round = 0; round < 20'000; ++round) {
        std::string text(random() % 13, ' ');
        for (char& c : text) c = kNearMisses[random() % kNearMisses.size()];
        if (const auto decoded = base64_decode(text)) {
            ASSERT_EQ(base64_encode(*decoded), text);
        }
    }
}

}  // namespace
}  // namespace antiphon::base
