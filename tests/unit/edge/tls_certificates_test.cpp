#include "edge/tls_certificates.hpp"

#include "tls_fixture.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace antiphon::edge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

TEST(TlsCertificates, AreReadAndDescribed) {
    const TlsFiles files;
    const auto opened = TlsCertificates::open(files.certificate(), files.private_key());
    ASSERT_TRUE(opened) << opened.error().text;
    EXPECT_NE((*opened)->current(), nullptr);
    const auto facts = (*opened)->facts();
    EXPECT_THAT(facts.fingerprint, MatchesRegex("([0-9A-F][0-9A-F]:){31}[0-9A-F][0-9A-F]"));
    EXPECT_THAT(facts.pin, MatchesRegex("sha256//[A-Za-z0-9+/]{43}="));
    EXPECT_GT(facts.expires, std::chrono::system_clock::now());
}

TEST(TlsCertificates, ReadAgainTakesNewFilesAndKeepsTheOldWhenTheyAreBroken) {
    TlsFiles files;
    const auto opened = TlsCertificates::open(files.certificate(), files.private_key());
    const auto before = (*opened)->facts();
    const auto context = (*opened)->current();
    files.write("two");
    ASSERT_TRUE((*opened)->read_again());
    EXPECT_NE((*opened)->facts().pin, before.pin);
    EXPECT_NE((*opened)->current(), context);
    const auto good = (*opened)->facts();
    std::ofstream(files.certificate()) << "-----BEGIN CERTIFICATE-----\nnothing\n-----END CERTIFICATE-----\n";
    const auto broken = (*opened)->read_again();
    ASSERT_FALSE(broken);
    EXPECT_THAT(broken.error().text, HasSubstr("certificate.pem holds no certificate in PEM"));
    EXPECT_EQ((*opened)->facts().pin, good.pin);
}

TEST(TlsCertificates, EachFaultHasItsSentence) {
    const TlsFiles files;
    const TlsFiles others;
    const auto said = [](const auto& certificate, const auto& key) {
        const auto opened = TlsCertificates::open(certificate, key);
        return opened ? std::string() : opened.error().text;
    };
    EXPECT_THAT(said("/nowhere/c.pem", files.private_key()),
                AllOf(HasSubstr("/nowhere/c.pem"), HasSubstr("No such file")));
    EXPECT_THAT(said(files.certificate(), "/nowhere/k.pem"),
                AllOf(HasSubstr("/nowhere/k.pem"), HasSubstr("No such file")));
    EXPECT_THAT(said(files.certificate(), others.private_key()), HasSubstr("belongs to another certificate"));
    EXPECT_THAT(said(files.private_key(), files.private_key()), HasSubstr("holds no certificate"));
    EXPECT_THAT(said(files.certificate(), files.certificate()), HasSubstr("holds no private key"));
}

}  // namespace
}  // namespace antiphon::edge
