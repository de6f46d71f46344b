// From the network's logits to findings.
//
// pure.
#pragma once

#include "engine/language_detector.hpp"

#include <span>
#include <string>
#include <vector>

namespace antiphon::engine::mms_lid {

inline constexpr std::size_t kMostFindings = 10;

/// The softmax of the logits; those of labels that are one language ("nob", "nno") added up; the likeliest ten,
/// falling, equal ones by their names. `languages` has the BCP 47 language of each logit.
std::vector<LanguageDetector::Finding> rank(std::span<const float> logits, std::span<const std::string> languages);

}  // namespace antiphon::engine::mms_lid
