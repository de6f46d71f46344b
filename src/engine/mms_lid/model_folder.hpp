// What models/export_mms_lid.py writes: the network, its labels, and how its input is prepared.
//
// pure, but for reading the files.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace antiphon::engine::mms_lid {

struct ModelFolder {
    std::filesystem::path network;    ///< model.onnx
    std::vector<std::string> labels;  ///< labels.json: ISO 639-3, in the order of the logits; at least two, each once
    bool normalise = true;            ///< preprocessor_config.json: do_normalize
};

/// Fails with
///   unavailable  no such folder, or one of the three files is missing
///   engine       labels.json or preprocessor_config.json is damaged, or the model does not take one channel at
///                16 kHz; the network itself is not read here
base::Result<ModelFolder> read_model_folder(const std::filesystem::path& folder);

}  // namespace antiphon::engine::mms_lid
