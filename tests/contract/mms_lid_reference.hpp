// The small model of MMS-LID's architecture and what transformers makes of it (tests/golden/mms_lid, written by
// `models/export_mms_lid.py --tiny --seed 1`).
#pragma once

#include "audio/pcm.hpp"
#include "base/base64.hpp"
#include "source_folder.hpp"

#include <boost/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

namespace antiphon::contract {

inline std::filesystem::path tiny_mms_lid() {
    return std::filesystem::path(ANTIPHON_SOURCE_DIR) / "tests" / "golden" / "mms_lid";
}

inline std::string bytes_of(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

struct MmsLidReference {
    std::string name;
    std::vector<float> samples;  ///< 16 kHz
    std::vector<double> logits;  ///< transformers' own
};

inline std::vector<MmsLidReference> mms_lid_references() {
    std::vector<MmsLidReference> references;
    const auto list = boost::json::parse(bytes_of(tiny_mms_lid() / "reference.json"));
    for (const auto& entry : list.as_array()) {
        const auto bytes = base::base64_decode(std::string_view(entry.at("s16le").as_string()));
        if (!bytes) throw std::runtime_error(bytes.error().text);
        references.push_back({std::string(entry.at("name").as_string()), audio::from_s16le(*bytes),
                              boost::json::value_to<std::vector<double>>(entry.at("logits"))});
    }
    return references;
}

}  // namespace antiphon::contract
