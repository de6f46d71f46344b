#include "edge/multipart.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

const std::string kType = "multipart/form-data; boundary=xyz";

std::string part(const std::string& disposition, const std::string& content) {
    return "--xyz\r\nContent-Disposition: form-data; " + disposition + "\r\n\r\n" + content + "\r\n";
}

TEST(Multipart, GivesEachPart) {
    const std::string sound("RI\0F\r\n--xy", 11);
    const std::string body = part("name=\"model\"", "whisper-1") +
                             "--xyz\r\ncontent-type: audio/wav\r\nCONTENT-DISPOSITION: form-data; filename=\"a \\\"b\\\".wav\"; name=file\r\n\r\n" +
                             sound + "\r\n" + part("name=\"prompt\"", "") + "--xyz--\r\nrest";
    const auto parts = parse_multipart("Multipart/Form-Data; charset=utf-8; boundary=\"xyz\"", body);
    ASSERT_TRUE(parts) << parts.error().text;
    ASSERT_EQ(parts->size(), 3U);
    EXPECT_EQ((*parts)[0].name, "model");
    EXPECT_EQ((*parts)[0].content, "whisper-1");
    EXPECT_FALSE((*parts)[0].is_file);
    EXPECT_EQ((*parts)[1].name, "file");
    EXPECT_TRUE((*parts)[1].is_file);
    EXPECT_EQ((*parts)[1].filename, "a \"b\".wav");
    EXPECT_EQ((*parts)[1].content, sound);
    EXPECT_EQ((*parts)[2].content, "");
}

TEST(Multipart, TakesAPreambleAndPaddedBoundaries) {
    const auto parts = parse_multipart(kType, "before\r\n--xyz \t\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--xyzq\r\n--xyz--");
    ASSERT_TRUE(parts) << parts.error().text;
    ASSERT_EQ(parts->size(), 1U);
    EXPECT_EQ(parts->front().content, "1\r\n--xyzq") << "a longer word is no boundary";
}

TEST(Multipart, TakesNoParts) {
    const auto parts = parse_multipart(kType, "--xyz--\r\n");
    ASSERT_TRUE(parts);
    EXPECT_TRUE(parts->empty());
}

void expect_refused(const std::string& type, const std::string& body, const std::string& words) {
    const auto parts = parse_multipart(type, body);
    ASSERT_FALSE(parts) << words;
    EXPECT_EQ(parts.error().code, base::Errc::invalid);
    EXPECT_NE(parts.error().text.find(words), std::string::npos) << parts.error().text;
}

TEST(Multipart, RefusesWhatIsMalformed) {
    const std::string good = part("name=a", "1");
    expect_refused("application/json", "{}", "must be multipart/form-data");
    expect_refused("multipart/form-data", good, "names no boundary");
    expect_refused("multipart/form-data; boundary=", good, "names no boundary");
    expect_refused("multipart/form-data; boundary=" + std::string(71, 'b'), good, "longer than 70");
    expect_refused(kType, "", "does not come up");
    expect_refused(kType, "--other\r\n\r\n--other--", "does not come up");
    expect_refused(kType, good, "closing boundary is missing");
    expect_refused(kType, "--xyz\r\nContent-Disposition: form-data\r\n\r\n1\r\n--xyz--", "has no name");
    expect_refused(kType, "--xyz\r\n\r\n1\r\n--xyz--", "has no name");
    expect_refused(kType, "--xyz\r\nno colon\r\n\r\n1\r\n--xyz--", "without a colon");
    expect_refused(kType, "--xyz\r\nA: b\r\n--xyz--", "has no end");
    expect_refused(kType, "--xyz\r\n--xyz--", "has no end");
    expect_refused(kType, part("name=\"\xff\"", "1") + "--xyz--", "not UTF-8");
}

TEST(Multipart, BoundsHeadersAndParts) {
    expect_refused(kType, "--xyz\r\nX: " + std::string(1 << 20, 'x') + "\r\n\r\n1\r\n--xyz--", "larger than 8192");
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += part("name=a", "1");
    expect_refused(kType, many + "--xyz--", "more than 64 parts");
}

}  // namespace
}  // namespace antiphon::edge
