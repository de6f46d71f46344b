#include "engine/mms_lid/ranking.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace antiphon::engine::mms_lid {

std::vector<LanguageDetector::Finding> rank(std::span<const float> logits, std::span<const std::string> languages) {
    if (logits.empty() || logits.size() != languages.size()) return {};
    const double highest = *std::max_element(logits.begin(), logits.end());
    std::map<std::string, double> weights;
    double sum = 0.0;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        const double weight = std::exp(logits[i] - highest);
        weights[languages[i]] += weight;
        sum += weight;
    }
    std::vector<LanguageDetector::Finding> findings;
    for (const auto& [language, weight] : weights) findings.push_back({language, static_cast<float>(weight / sum)});
    std::stable_sort(findings.begin(), findings.end(),
                     [](const auto& a, const auto& b) { return a.confidence > b.confidence; });
    if (findings.size() > kMostFindings) findings.resize(kMostFindings);
    return findings;
}

}  // namespace antiphon::engine::mms_lid
