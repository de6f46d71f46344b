// The network of MMS-LID in ONNX Runtime: a normalised sound goes in, one logit for each label comes out.
//
// thread-safe: ONNX Runtime's Run is. Input `input_values` [1, samples], output `logits` [1, labels].
#pragma once

#include "base/result.hpp"

#include <onnxruntime_cxx_api.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace antiphon::engine::mms_lid {

/// What one frame of 25 ms takes.
inline constexpr std::size_t kLeastSamples = 400;

class Network {
public:
    /// Loads it and runs it once on a second of faint noise, which also allocates. `threads` of one run. Fails with
    /// `engine`: damaged, of another kind, or with another number of logits than `labels`.
    static base::Result<std::unique_ptr<Network>> open(const std::filesystem::path& file, std::size_t labels, int threads);

    /// At least kLeastSamples. Another thread may end the run by `options.SetTerminate()`, before it or in it: ONNX
    /// Runtime looks at that between two operators. Fails with `engine`, also when it was ended.
    base::Result<std::vector<float>> logits(std::vector<float> waveform, const Ort::RunOptions& options);

private:
    Network(const std::filesystem::path& file, std::size_t labels, int threads);

    base::Result<void> check();

    Ort::Env environment_;
    Ort::Session session_;
    Ort::MemoryInfo memory_;
    std::size_t labels_;
};

}  // namespace antiphon::engine::mms_lid
