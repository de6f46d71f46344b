#include "app/self_signed.hpp"

#include "edge/tls_certificates.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace antiphon::app {
namespace {

using std::chrono::days;
using std::chrono::system_clock;
using ::testing::Contains;

class SelfSignedTest : public ::testing::Test {
protected:
    SelfSignedTest() {
        std::string name = ::testing::TempDir() + "antiphon-self-signed-XXXXXX";
        root_ = mkdtemp(name.data());
        folder_ = root_ / "made" / "here";
    }
    ~SelfSignedTest() override { std::filesystem::remove_all(root_); }

    static std::string contents(const std::filesystem::path& file) {
        std::ifstream in(file);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static mode_t mode_of(const std::filesystem::path& file) {
        struct ::stat there {};
        EXPECT_EQ(::stat(file.c_str(), &there), 0);
        return there.st_mode & 0777U;
    }

    std::filesystem::path root_;
    std::filesystem::path folder_;
    const std::vector<std::string> names_{"localhost", "box.example", "127.0.0.1", "::1"};
    const system_clock::time_point now_ = system_clock::now();
};

TEST_F(SelfSignedTest, IsMadeOnceAndIsItsOwnersAlone) {
    const auto files = keep_self_signed(folder_, names_, now_);
    ASSERT_TRUE(files) << files.error().text;
    EXPECT_EQ(mode_of(files->private_key), 0600U);
    EXPECT_EQ(mode_of(files->certificate), 0600U);
    EXPECT_EQ(mode_of(folder_), 0700U);
    const auto opened = edge::TlsCertificates::open(files->certificate, files->private_key);
    ASSERT_TRUE(opened) << opened.error().text;
    const auto life = (*opened)->facts().expires - now_;
    EXPECT_LE(life, days(365));
    EXPECT_GT(life, days(364));
    const auto first = contents(files->certificate);
    ASSERT_TRUE(keep_self_signed(folder_, names_, now_ + days(300)));
    EXPECT_EQ(contents(files->certificate), first);
}

TEST_F(SelfSignedTest, IsRenewedInTimeWithTheSameKey) {
    const auto files = keep_self_signed(folder_, names_, now_);
    const auto before = edge::read_certificate(files->certificate);
    ASSERT_TRUE(keep_self_signed(folder_, names_, now_ + days(336)));
    const auto after = edge::read_certificate(files->certificate);
    EXPECT_NE(after->fingerprint, before->fingerprint);
    EXPECT_EQ(after->pin, before->pin);
}

TEST_F(SelfSignedTest, ANewNameOfTheMachineNeedsANewOne) {
    const auto files = keep_self_signed(folder_, names_, now_);
    const auto first = contents(files->certificate);
    const std::vector<std::string> fewer{"localhost"};
    ASSERT_TRUE(keep_self_signed(folder_, fewer, now_));
    EXPECT_EQ(contents(files->certificate), first);
    const std::vector<std::string> more{"localhost", "192.0.2.77"};
    ASSERT_TRUE(keep_self_signed(folder_, more, now_));
    EXPECT_NE(contents(files->certificate), first);
}

TEST_F(SelfSignedTest, DamagedFilesAreMadeAnew) {
    const auto files = keep_self_signed(folder_, names_, now_);
    std::ofstream(files->certificate) << "nothing";
    ASSERT_TRUE(keep_self_signed(folder_, names_, now_));
    std::ofstream(files->private_key) << "nothing";
    ASSERT_TRUE(keep_self_signed(folder_, names_, now_));
    EXPECT_TRUE(edge::TlsCertificates::open(files->certificate, files->private_key));
}

TEST_F(SelfSignedTest, AFolderThatCannotBeIsSaid) {
    std::ofstream(root_ / "file") << "x";
    const auto files = keep_self_signed(root_ / "file" / "below", names_, now_);
    ASSERT_FALSE(files);
    EXPECT_EQ(files.error().code, base::Errc::unavailable);
}

TEST(NamesOfThisMachine, HaveItsAddressesAndTheHostOfTheSettings) {
    const auto names = names_of_this_machine("box.example");
    EXPECT_THAT(names, Contains("localhost"));
    EXPECT_THAT(names, Contains("127.0.0.1"));
    EXPECT_THAT(names, Contains("box.example"));
    EXPECT_THAT(names_of_this_machine("0.0.0.0"), ::testing::Not(Contains("0.0.0.0")));
    EXPECT_THAT(names_of_this_machine("bad name,IP:1.2.3.4"), ::testing::Not(Contains(::testing::HasSubstr(","))));
}

}  // namespace
}  // namespace antiphon::app
