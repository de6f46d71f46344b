// The way from samples to probabilities, step by step, against transformers.
#include "contract/mms_lid_reference.hpp"
#include "engine/mms_lid/language_code.hpp"
#include "engine/mms_lid/mms_lid_detector.hpp"
#include "engine/mms_lid/model_folder.hpp"
#include "engine/mms_lid/network.hpp"
#include "engine/mms_lid/waveform.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace antiphon::engine::mms_lid {
namespace {

constexpr double kTolerance = 1e-3;

class MmsLidNumbers : public testing::TestWithParam<int> {
protected:
    void SetUp() override {
        auto read = read_model_folder(contract::tiny_mms_lid());
        ASSERT_TRUE(read) << read.error().text;
        folder_ = *read;
        auto opened = Network::open(folder_.network, folder_.labels.size(), GetParam());
        ASSERT_TRUE(opened) << opened.error().text;
        network_ = std::move(*opened);
    }

    double difference(const std::vector<float>& waveform, const std::vector<double>& expected) {
        const auto logits = network_->logits(waveform, Ort::RunOptions());
        if (!logits || logits->size() != expected.size()) return HUGE_VAL;
        double worst = 0.0;
        for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, std::abs((*logits)[i] - expected[i]));
        return worst;
    }

    ModelFolder folder_;
    std::unique_ptr<Network> network_;
};
INSTANTIATE_TEST_SUITE_P(Threads, MmsLidNumbers, testing::Values(1, 2), testing::PrintToStringParamName());

TEST_P(MmsLidNumbers, TheLogitsAreThoseOfTransformersAtEveryLength) {
    const auto references = contract::mms_lid_references();
    std::set<std::size_t> lengths;
    for (const auto& reference : references) {
        lengths.insert(reference.samples.size());
        EXPECT_LE(difference(normalised(reference.samples), reference.logits), kTolerance) << reference.name;
    }
    EXPECT_GE(lengths.size(), 4U);
    EXPECT_EQ(*lengths.begin(), kLeastSamples);
}

TEST_P(MmsLidNumbers, AWrongStepWouldShow) {
    // Otherwise the comparison above would prove little: each is a mistake that such code can have.
    const auto reference = contract::mms_lid_references().back();
    const auto right = normalised(reference.samples);
    EXPECT_GT(difference(reference.samples, reference.logits), 10 * kTolerance) << "not normalised";
    auto louder = right;
    for (float& sample : louder) sample *= 1.1F;
    EXPECT_GT(difference(louder, reference.logits), kTolerance) << "another variance";
    EXPECT_GT(difference({right.begin() + 320, right.end()}, reference.logits), kTolerance) << "a frame less";
    EXPECT_GT(difference({right.begin() + 1, right.end()}, reference.logits), kTolerance) << "a sample less";
}

TEST_P(MmsLidNumbers, TheDetectorGivesTheSoftmaxOfTheReference) {
    auto detector = MmsLidDetector::open({.folder = contract::tiny_mms_lid(), .threads = GetParam()});
    ASSERT_TRUE(detector) << detector.error().text;
    int looked_at = 0;
    for (const auto& reference : contract::mms_lid_references()) {
        if (reference.samples.size() < 8000) continue;  // shorter than min_duration()
        double sum = 0.0;
        std::map<std::string, double> expected;
        for (std::size_t i = 0; i < reference.logits.size(); ++i) {
            expected[bcp47_of(folder_.labels[i])] += std::exp(reference.logits[i]);
            sum += std::exp(reference.logits[i]);
        }
        const auto findings = (*detector)->detect(reference.samples, {});
        ASSERT_TRUE(findings) << findings.error().text;
        ASSERT_EQ(findings->size(), std::min<std::size_t>(expected.size(), 10)) << reference.name;
        double together = 0.0;
        for (const auto& finding : *findings) {
            EXPECT_NEAR(finding.confidence, expected[finding.language] / sum, kTolerance) << finding.language;
            together += finding.confidence;
        }
        EXPECT_LE(together, 1.0 + 1e-5);
        const auto likeliest = std::max_element(expected.begin(), expected.end(),
                                                [](const auto& a, const auto& b) { return a.second < b.second; });
        EXPECT_EQ(findings->front().language, likeliest->first) << reference.name;
        ++looked_at;
    }
    EXPECT_EQ(looked_at, 3);
}

}  // namespace
}  // namespace antiphon::engine::mms_lid
