// What every Embedder must hold, run on the real backends and on the fake.
//
// A test program includes this once and names its backend:
//     INSTANTIATE_TEST_SUITE_P(Llama, EmbedderContract, testing::Values(EmbedderCase{...}));
#pragma once

#include "engine/embedder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <memory>
#include <ostream>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::engine {

struct EmbedderCase {
    std::string name;
    std::function<std::unique_ptr<Embedder>()> open;
};
inline void PrintTo(const EmbedderCase& of, std::ostream* out) { *out << of.name; }

inline float dot(const std::vector<float>& a, const std::vector<float>& b) {
    float sum = 0.0F;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

class EmbedderContract : public testing::TestWithParam<EmbedderCase> {
protected:
    void SetUp() override { embedder = GetParam().open(); }
    std::vector<std::vector<float>> vectors(const std::vector<std::string>& texts) {
        auto result = embedder->embed(texts, {});
        EXPECT_TRUE(result) << result.error().text;
        return result ? std::move(result->vectors) : std::vector<std::vector<float>>(texts.size());
    }
    void expect_refused(const std::vector<std::string>& texts, const std::string& param) {
        const auto result = embedder->embed(texts, {});
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().code, base::Errc::invalid);
        EXPECT_EQ(result.error().param, param);
    }
    std::unique_ptr<Embedder> embedder;
};

TEST_P(EmbedderContract, AVectorOfLengthOneForEachText) {
    const auto result = embedder->embed({"A cat sleeps.", "The stock market fell."}, {});
    ASSERT_TRUE(result) << result.error().text;
    ASSERT_EQ(result->vectors.size(), 2U);
    EXPECT_GE(result->tokens, 7U);
    for (const auto& vector : result->vectors) {
        ASSERT_EQ(vector.size(), embedder->dimensions());
        EXPECT_NEAR(std::sqrt(dot(vector, vector)), 1.0F, 1e-4F);
    }
}

TEST_P(EmbedderContract, NearerIsMoreAlike) {
    const auto all = vectors({"The cat sat on the mat.", "A cat sat on a mat.", "Quarterly profits fell by six percent."});
    EXPECT_GT(dot(all[0], all[1]), dot(all[0], all[2]) + 0.1F);
}

TEST_P(EmbedderContract, WhatStandsBesideATextChangesNothing) {
    const auto alone = vectors({"Good morning."});
    const auto among = vectors({"Something much longer stands before it in this list of texts.", "Good morning.", "End"});
    EXPECT_GT(dot(alone[0], among[1]), 0.999F);
}

TEST_P(EmbedderContract, RefusesWhatIsNoText) {
    expect_refused({}, "input");
    expect_refused({"good", ""}, "input[1]");
    expect_refused({"\xff\xfe"}, "input[0]");
    std::string long_text;
    for (std::size_t i = 0; i <= embedder->context_tokens(); ++i) long_text += "word ";
    expect_refused({"good", "good", long_text}, "input[2]");
    EXPECT_EQ(vectors({"good"}).size(), 1U) << "it stays usable";
}

TEST_P(EmbedderContract, StopsWhenTold) {
    std::stop_source stop;
    stop.request_stop();
    const auto result = embedder->embed({"good"}, stop.get_token());
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, base::Errc::cancelled);
}

TEST_P(EmbedderContract, ServesSeveralThreads) {
    const auto expected = vectors({"One text."});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 5; ++i) {
                const auto result = embedder->embed({"One text."}, {});
                ASSERT_TRUE(result) << result.error().text;
                EXPECT_GT(dot(result->vectors[0], expected[0]), 0.999F);
            }
        });
    for (auto& thread : threads) thread.join();
}

}  // namespace antiphon::engine
