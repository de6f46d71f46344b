#include "app/engines.hpp"

#include "fakes/test_models.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <future>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class EnginesTest : public ::testing::Test {
protected:
    EnginesTest() {
        std::string name = ::testing::TempDir() + "antiphon-engines-XXXXXX";
        directory_ = mkdtemp(name.data());
        std::ofstream(directory_ / "garbage") << std::string(100'000, 'x');
        models_.directory = directory_;
        models_.voice_detector.file = fakes::model_file("silero-vad", "silero_vad.onnx");
        models_.voice.file = fakes::model_file("piper-en_US-joe-medium", "en_US-joe-medium.onnx");
        models_.recognizer.file = fakes::model_file("whisper-tiny.en", "ggml-tiny.en.bin");
        models_.language_model.file = fakes::model_file("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    }
    ~EnginesTest() override { std::filesystem::remove_all(directory_); }

    /// Starts to load; `loaded_` gets the result.
    std::unique_ptr<Engines> start() {
        return std::make_unique<Engines>(
            Engines::Loading{settings_, models_, this_machine(), "Answer in one sentence."}, metrics_,
            [this](base::Result<void> result) { loaded_.set_value(std::move(result)); });
    }

    std::filesystem::path directory_;
    EngineSettings settings_;
    ModelChoice models_;
    base::Metrics metrics_;
    std::promise<base::Result<void>> loaded_;
};

TEST_F(EnginesTest, EachGarbageFileIsNamed) {
    for (ChosenModel ModelChoice::*part :
         {&ModelChoice::voice_detector, &ModelChoice::voice, &ModelChoice::recognizer, &ModelChoice::language_model}) {
        const ChosenModel good = models_.*part;
        models_.*part = {directory_ / "garbage", nullptr};
        if (part == &ModelChoice::voice)
            std::filesystem::copy_file(good.file.string() + ".json", directory_ / "garbage.json");
        loaded_ = {};
        const auto engines = start();
        const auto result = loaded_.get_future().get();
        ASSERT_FALSE(result);
        EXPECT_THAT(result.error().text, AllOf(HasSubstr("the model file " + (directory_ / "garbage").string()),
                                               HasSubstr("cannot be used")));
        EXPECT_EQ(engines->readiness().failure, result.error().text);
        EXPECT_FALSE(engines->readiness().ready);
        EXPECT_EQ(engines->engines(), nullptr);
        models_.*part = good;
    }
}

TEST_F(EnginesTest, AMissingFileIsNamed) {
    models_.recognizer = {directory_ / "none.bin", nullptr};
    const auto engines = start();
    const auto result = loaded_.get_future().get();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::unavailable);
    EXPECT_THAT(result.error().text, HasSubstr((directory_ / "none.bin").string()));
    EXPECT_TRUE(engines->readiness().tts_ready);  // what came before it is ready, and said so
    EXPECT_FALSE(engines->readiness().whisper_ready);
}

TEST_F(EnginesTest, AllPartsLoadAndAnEnglishOnlyRecognizerTellsNoLanguages) {
    settings_.recognizer_threads = 1;
    settings_.recognizer_parallel = 1;
    const auto engines = start();
    const auto result = loaded_.get_future().get();
    ASSERT_TRUE(result) << result.error().text;
    const auto readiness = engines->readiness();
    EXPECT_TRUE(readiness.ready && readiness.whisper_ready && readiness.llm_ready && readiness.tts_ready);
    EXPECT_FALSE(readiness.lid_ready);
    ASSERT_NE(engines->engines(), nullptr);
    EXPECT_EQ(engines->engines()->recognizer.parallel(), 1U);

    engines->close_workers();
    const auto refused = engines->engines()->synthesizer_workers.submit([] {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::overloaded);
}

TEST_F(EnginesTest, DestroyedWhileLoadingTheyStopInOrder) {
    auto engines = start();
    engines.reset();
    const auto result = loaded_.get_future().get();
    EXPECT_TRUE(result || result.error().code == base::Errc::cancelled);
}

}  // namespace
}  // namespace antiphon::app
