#include "app/engines_languages.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

class MmsLidFolder : public testing::Test {
protected:
    MmsLidFolder() {
        std::string pattern = (fs::temp_directory_path() / "antiphon-languages-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        models_ = pattern;
    }
    ~MmsLidFolder() override { fs::remove_all(models_); }

    void install() {
        const fs::path small = fs::path(ANTIPHON_SOURCE_DIR) / "tests" / "golden" / "mms_lid";
        fs::copy(small, models_ / "mms-lid-126");
    }

    fs::path models_;
};

TEST_F(MmsLidFolder, AutoTakesItWhenItIsThere) {
    EXPECT_EQ(mms_lid_folder("auto", "", models_), fs::path());
    install();
    EXPECT_EQ(mms_lid_folder("auto", "", models_), models_ / "mms-lid-126");
}

TEST_F(MmsLidFolder, TheSettingsHaveTheirWay) {
    install();
    EXPECT_EQ(mms_lid_folder("whisper", "", models_), fs::path());
    EXPECT_EQ(mms_lid_folder("off", "elsewhere", models_), fs::path());
    EXPECT_EQ(mms_lid_folder("auto", "elsewhere", models_), fs::path("elsewhere"));
    EXPECT_EQ(mms_lid_folder("mms_lid", "elsewhere", models_), fs::path("elsewhere"));
}

TEST_F(MmsLidFolder, OneThatIsAskedForAndMissingIsNamed) {
    const auto folder = mms_lid_folder("mms_lid", "", models_);
    const auto detector = open_mms_lid(folder, 1);
    ASSERT_FALSE(detector);
    EXPECT_EQ(detector.error().code, base::Errc::unavailable);
    EXPECT_NE(detector.error().text.find((models_ / "mms-lid-126" / "model.onnx").string()), std::string::npos)
        << detector.error().text;
    EXPECT_NE(detector.error().text.find("docs/mms-lid.md"), std::string::npos) << detector.error().text;
}

TEST_F(MmsLidFolder, OneThatIsThereIsOpened) {
    install();
    const auto detector = open_mms_lid(mms_lid_folder("auto", "", models_), 1);
    ASSERT_TRUE(detector) << detector.error().text;
    EXPECT_EQ((*detector)->languages().size(), 11U);
}

}  // namespace
}  // namespace antiphon::app
