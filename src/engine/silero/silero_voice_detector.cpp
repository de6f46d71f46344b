#include "engine/silero/silero_voice_detector.hpp"

#include "audio/pcm.hpp"
#include "base/log.hpp"

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <string>

namespace antiphon::engine::silero {
namespace {

constexpr std::size_t kWindow = 512;
constexpr std::size_t kContext = 64;
constexpr std::int64_t kSampleRate = 16000;
constexpr std::array<std::int64_t, 2> kInputShape{1, kContext + kWindow};
constexpr std::array<std::int64_t, 3> kStateShape{2, 1, 128};
constexpr std::array<std::int64_t, 2> kOutputShape{1, 1};
constexpr std::array<const char*, 3> kInputs{"input", "state", "sr"};
constexpr std::array<const char*, 2> kOutputs{"output", "stateN"};

using State = std::array<float, 2 * 1 * 128>;

void ORT_API_CALL log_line(void*, OrtLoggingLevel, const char*, const char*, const char*, const char* message) {
    base::log::debug("onnxruntime", {{"engine", "silero"}, {"line", message}});
}

Ort::SessionOptions session_options() {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(1);
    options.SetInterOpNumThreads(1);
    options.SetExecutionMode(ExecutionMode::ORT_SEQUENTIAL);
    options.SetGraphOptimizationLevel(GraphOptimizationLevel::ORT_ENABLE_ALL);
    options.AddConfigEntry("session.intra_op.allow_spinning", "0");
    options.AddConfigEntry("session.inter_op.allow_spinning", "0");
    return options;
}

}  // namespace

/// The loaded weights. thread-safe: ONNX Runtime's Run is.
class Model {
public:
    explicit Model(const std::filesystem::path& path)
        : environment_(ORT_LOGGING_LEVEL_WARNING, "silero", log_line, nullptr),
          session_(environment_, path.c_str(), session_options()),
          memory_(Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault)) {}

    /// The names of what goes in and out, so that another model is refused when it is opened.
    bool is_silero() const {
        Ort::AllocatorWithDefaultOptions allocator;
        std::vector<std::string> inputs;
        std::vector<std::string> outputs;
        for (std::size_t i = 0; i < session_.GetInputCount(); ++i)
            inputs.emplace_back(session_.GetInputNameAllocated(i, allocator).get());
        for (std::size_t i = 0; i < session_.GetOutputCount(); ++i)
            outputs.emplace_back(session_.GetOutputNameAllocated(i, allocator).get());
        const auto has = [](const auto& names, const char* name) {
            return std::find(names.begin(), names.end(), name) != names.end();
        };
        return inputs.size() == kInputs.size() && outputs.size() == kOutputs.size() &&
               std::all_of(kInputs.begin(), kInputs.end(), [&](const char* name) { return has(inputs, name); }) &&
               std::all_of(kOutputs.begin(), kOutputs.end(), [&](const char* name) { return has(outputs, name); });
    }

    /// One window. Throws what ONNX Runtime throws.
    float run(std::array<float, kContext + kWindow>& sound, State& state, State& next) {
        std::int64_t rate = kSampleRate;
        float probability = 0.0F;
        const std::array<Ort::Value, 3> inputs{
            Ort::Value::CreateTensor<float>(memory_, sound.data(), sound.size(), kInputShape.data(), kInputShape.size()),
            Ort::Value::CreateTensor<float>(memory_, state.data(), state.size(), kStateShape.data(), kStateShape.size()),
            Ort::Value::CreateTensor<std::int64_t>(memory_, &rate, 1, nullptr, 0)};
        std::array<Ort::Value, 2> outputs{
            Ort::Value::CreateTensor<float>(memory_, &probability, 1, kOutputShape.data(), kOutputShape.size()),
            Ort::Value::CreateTensor<float>(memory_, next.data(), next.size(), kStateShape.data(), kStateShape.size())};
        session_.Run(Ort::RunOptions{nullptr}, kInputs.data(), inputs.data(), inputs.size(), kOutputs.data(),
                     outputs.data(), outputs.size());
        return probability;
    }

private:
    Ort::Env environment_;
    Ort::Session session_;
    Ort::MemoryInfo memory_;
};

namespace {

class SileroVoiceStream final : public VoiceStream {
public:
    explicit SileroVoiceStream(std::shared_ptr<Model> model) : model_(std::move(model)) {}

    base::Result<float> push(std::span<const float> window) override {
        if (window.size() != kWindow)
            return base::error(base::Errc::invalid, "a window has " + std::to_string(window.size()) + " samples, not " +
                                                        std::to_string(kWindow));
        if (!audio::all_finite(window))
            return base::error(base::Errc::invalid, "the window holds samples that are not finite numbers");
        std::array<float, kContext + kWindow> sound{};
        std::copy(context_.begin(), context_.end(), sound.begin());
        std::copy(window.begin(), window.end(), sound.begin() + kContext);
        State next{};
        float probability = 0.0F;
        try {
            probability = model_->run(sound, state_, next);
        } catch (const std::exception& failure) {
            return base::error(base::Errc::engine, std::string("voice detection failed: ") + failure.what());
        }
        if (!std::isfinite(probability) || !audio::all_finite(next))
            return base::error(base::Errc::engine, "the voice detection model gave no number");
        // Only now, so that a window that failed leaves no trace.
        state_ = next;
        std::copy(sound.end() - kContext, sound.end(), context_.begin());
        return std::clamp(probability, 0.0F, 1.0F);
    }

    void reset() override {
        context_.fill(0.0F);
        state_.fill(0.0F);
    }

private:
    std::shared_ptr<Model> model_;
    std::array<float, kContext> context_{};
    State state_{};
};

}  // namespace

base::Result<std::unique_ptr<SileroVoiceDetector>> SileroVoiceDetector::open(const std::filesystem::path& model) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(model, ignored) || !std::ifstream(model, std::ios::binary))
        return base::error(base::Errc::unavailable, "cannot read the voice detection model " + model.string());
    try {
        auto loaded = std::make_shared<Model>(model);
        if (!loaded->is_silero())
            return base::error(base::Errc::engine, model.string() + " is not a Silero voice detection model");
        std::unique_ptr<SileroVoiceDetector> detector(new SileroVoiceDetector(std::move(loaded)));
        // The first window allocates and tells whether the shapes fit.
        const std::array<float, kWindow> silence{};
        if (const auto probe = detector->start()->push(silence); !probe)
            return base::error(base::Errc::engine, model.string() + ": " + probe.error().text);
        return detector;
    } catch (const std::exception& failure) {
        return base::error(base::Errc::engine,
                           "the voice detection model " + model.string() + " cannot be loaded: " + failure.what());
    }
}

std::unique_ptr<VoiceStream> SileroVoiceDetector::start() { return std::make_unique<SileroVoiceStream>(model_); }

std::size_t SileroVoiceDetector::window() const noexcept { return kWindow; }

}  // namespace antiphon::engine::silero
