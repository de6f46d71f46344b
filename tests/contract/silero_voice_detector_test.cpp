#include "engine/silero/silero_voice_detector.hpp"

#include "contract/voice_detector_contract.hpp"
#include "fakes/test_models.hpp"
#include "fakes/scratch_file.hpp"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace antiphon::contract {
namespace {

using engine::silero::SileroVoiceDetector;

struct SileroBackend {
    static std::unique_ptr<engine::VoiceDetector> open() {
        auto detector = SileroVoiceDetector::open(fakes::model_file("silero-vad", "silero_vad.onnx"));
        return detector ? std::move(*detector) : nullptr;
    }
};
INSTANTIATE_TYPED_TEST_SUITE_P(Silero, VoiceDetectorContract, SileroBackend);

class ScratchFile : public fakes::ScratchFile {
public:
    explicit ScratchFile(std::string_view content) : fakes::ScratchFile("silero_", ".onnx", content) {}
};

std::string model_bytes() {
    std::ifstream in(fakes::model_file("silero-vad", "silero_vad.onnx"), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void expect_refused(const std::filesystem::path& path, base::Errc code) {
    const auto detector = SileroVoiceDetector::open(path);
    ASSERT_FALSE(detector);
    EXPECT_EQ(detector.error().code, code) << detector.error().text;
    EXPECT_NE(detector.error().text.find(path.string()), std::string::npos) << detector.error().text;
}

TEST(SileroVoiceDetector, AMissingFileIsUnavailable) {
    expect_refused("no/such/silero_vad.onnx", base::Errc::unavailable);
    expect_refused(testing::TempDir(), base::Errc::unavailable);
}

TEST(SileroVoiceDetector, GarbageIsRefused) {
    expect_refused(ScratchFile("").path(), base::Errc::engine);
    expect_refused(ScratchFile("this is no model").path(), base::Errc::engine);
    expect_refused(ScratchFile(std::string(100000, '\xA5')).path(), base::Errc::engine);
}

TEST(SileroVoiceDetector, ATruncatedModelIsRefused) {
    const std::string whole = model_bytes();
    for (const std::size_t size : {std::size_t{10}, std::size_t{1000}, whole.size() / 2, whole.size() - 1})
        expect_refused(ScratchFile(whole.substr(0, size)).path(), base::Errc::engine);
}

TEST(SileroVoiceDetector, AnotherModelIsRefused) {
    expect_refused(fakes::model_file("piper-en_US-joe-medium", "en_US-joe-medium.onnx"), base::Errc::engine);
}

TEST(SileroVoiceDetector, WindowsAre32Milliseconds) { EXPECT_EQ(SileroBackend::open()->window(), 512U); }

TEST(SileroVoiceDetector, LoudNoiseIsNoSpeech) {
    const auto detector = SileroBackend::open();
    for (const Noise kind : {Noise::white, Noise::pink, Noise::hum}) {
        const auto stream = detector->start();
        const auto sound = noise(kind, 4.0, -20.0F);
        int likely = 0;
        int windows = 0;
        for (std::size_t at = 0; at + 512 <= sound.samples.size(); at += 512, ++windows) {
            const auto probability = stream->push(std::span<const float>(sound.samples).subspan(at, 512));
            ASSERT_TRUE(probability);
            likely += *probability > 0.5F ? 1 : 0;
        }
        EXPECT_LT(likely, windows / 20) << static_cast<int>(kind);
    }
}

TEST(SileroVoiceDetector, AnEnormousSampleDoesNotBreakTheStream) {
    const auto stream = SileroBackend::open()->start();
    std::vector<float> window(512, 0.0F);
    window[100] = 1e30F;
    const auto strange = stream->push(window);
    if (strange) EXPECT_TRUE(std::isfinite(*strange));
    else EXPECT_EQ(strange.error().code, base::Errc::engine);
    EXPECT_TRUE(stream->push(std::vector<float>(512, 0.0F)));
}

}  // namespace
}  // namespace antiphon::contract
