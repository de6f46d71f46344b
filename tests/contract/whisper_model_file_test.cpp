#include "engine/whisper/whisper_recognizer.hpp"

#include "engine/whisper/model_file.hpp"
#include "fakes/test_models.hpp"
#include "fakes/scratch_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace antiphon::engine::whisper {
namespace {

class ScratchFile : public fakes::ScratchFile {
public:
    explicit ScratchFile(std::string_view content) : fakes::ScratchFile("whisper_", ".bin", content) {}
};

const std::string& whole_model() {
    static const std::string bytes = [] {
        std::ifstream in(fakes::model_file("whisper-tiny.en", "ggml-tiny.en.bin"), std::ios::binary);
        return std::string{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    }();
    return bytes;
}

void expect_refused(const std::filesystem::path& path, base::Errc code) {
    const auto recognizer = WhisperRecognizer::open({.model = path});
    ASSERT_FALSE(recognizer);
    EXPECT_EQ(recognizer.error().code, code) << recognizer.error().text;
    EXPECT_NE(recognizer.error().text.find(path.string()), std::string::npos) << recognizer.error().text;
}

TEST(WhisperModelFile, TheModelsInUseAreGood) {
    EXPECT_TRUE(check_model_file(fakes::model_file("whisper-tiny.en", "ggml-tiny.en.bin")));
    EXPECT_TRUE(check_model_file(fakes::model_file("whisper-base", "ggml-base.bin")));
}

TEST(WhisperModelFile, AMissingFileIsUnavailable) {
    expect_refused("no/such/ggml-base.bin", base::Errc::unavailable);
    expect_refused(testing::TempDir(), base::Errc::unavailable);
}

TEST(WhisperModelFile, GarbageIsRefused) {
    for (const std::string& content : {std::string(), std::string("lm"), std::string("this is no model at all"),
                                      std::string(200000, '\xA5'), std::string(200000, '\0')})
        expect_refused(ScratchFile(content).path(), base::Errc::engine);
}

TEST(WhisperModelFile, ATruncatedModelIsRefused) {
    const std::string& whole = whole_model();
    for (const std::size_t size : {std::size_t{3}, std::size_t{4}, std::size_t{30}, std::size_t{48}, std::size_t{5000},
                                   std::size_t{300000}, std::size_t{1000000}, whole.size() / 2, whole.size() - 1})
        expect_refused(ScratchFile(std::string_view(whole).substr(0, size)).path(), base::Errc::engine);
}

TEST(WhisperModelFile, ATailThatIsNoTensorIsRefused) {
    expect_refused(ScratchFile(whole_model() + "more").path(), base::Errc::engine);
}

TEST(WhisperModelFile, ADamagedHeaderIsRefused) {
    const std::size_t numbers = 12;  // magic and eleven dimensions
    for (std::size_t i = 0; i < numbers; ++i) {
        std::string damaged = whole_model();
        damaged.replace(i * 4, 4, "\xFF\xFF\xFF\x7F");
        expect_refused(ScratchFile(damaged).path(), base::Errc::engine);
    }
}

}  // namespace
}  // namespace antiphon::engine::whisper
