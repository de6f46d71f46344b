// Voice detection with Silero VAD (version 5 and 6 models) by ONNX Runtime on the CPU.
//
// The model takes `input` [1, 64 + 512] (the last 64 samples before the window, then the window),
// `state` [2, 1, 128] and `sr`, and gives `output` [1, 1] and `stateN` [2, 1, 128]. A stream carries its
// own 64 samples and state between windows; the session with the weights is shared.
#pragma once

#include "engine/voice_detector.hpp"

#include <filesystem>
#include <memory>

namespace antiphon::engine::silero {

class Model;

/// thread-safe. One thread per window, which never spins: a hundred calls share the machine.
class SileroVoiceDetector final : public VoiceDetector {
public:
    /// Loads silero_vad.onnx. Fails with
    ///   unavailable  no such file, or not readable
    ///   engine       damaged, or a model of another kind
    static base::Result<std::unique_ptr<SileroVoiceDetector>> open(const std::filesystem::path& model);

    std::unique_ptr<VoiceStream> start() override;
    std::size_t window() const noexcept override;

private:
    explicit SileroVoiceDetector(std::shared_ptr<Model> model) : model_(std::move(model)) {}

    std::shared_ptr<Model> model_;
};

}  // namespace antiphon::engine::silero
