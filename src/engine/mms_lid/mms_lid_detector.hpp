// Language detection with MMS-LID (Meta's wav2vec2 classifiers for 126 and more languages) by ONNX Runtime on the CPU.
//
// The model is a folder that models/export_mms_lid.py makes from the checkpoint; docs/mms-lid.md.
#pragma once

#include "engine/language_detector.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace antiphon::engine::mms_lid {

struct MmsLidSettings {
    std::filesystem::path folder = {};  ///< with model.onnx, labels.json, preprocessor_config.json
    int threads = 2;                    ///< of one look, 1 to 64; they sleep between looks
    std::size_t parallel = 1;           ///< looks at the same time, 1 to 16
    base::Duration longest = std::chrono::seconds(10);  ///< what one look takes in, 1 to 30 s; its time grows with it
};

/// thread-safe. Its threads give way to everything else (nice 10).
class MmsLidDetector final : public LanguageDetector {
public:
    /// Loads the model and runs it once. Fails with
    ///   unavailable  the folder or one of its files is missing
    ///   invalid      a setting out of range
    ///   engine       damaged, or a model of another kind
    static base::Result<std::unique_ptr<MmsLidDetector>> open(const MmsLidSettings& settings);

    /// No detect() may be under way. Waits for a look that was left.
    ~MmsLidDetector() override;

    /// As the contract says. The stop is answered at once; the look ends at the network's next operator (for the model
    /// of a billion weights up to some tenths of a second later) and keeps its place until then.
    base::Result<std::vector<Finding>> detect(std::span<const float> samples_16khz, std::stop_token stop) override;

    std::vector<std::string> languages() const override;
    base::Duration min_duration() const noexcept override;
    base::Duration max_duration() const noexcept override;
    std::size_t parallel() const noexcept override;

private:
    struct Loaded;

    explicit MmsLidDetector(std::unique_ptr<Loaded> loaded);

    std::unique_ptr<Loaded> loaded_;
};

}  // namespace antiphon::engine::mms_lid
