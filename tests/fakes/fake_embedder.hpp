// An embedder that counts letters: texts of the same letters are near each other.
//
// thread-safe.
#pragma once

#include "base/utf8.hpp"
#include "engine/embedder.hpp"

#include <array>
#include <cmath>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::fakes {

class FakeEmbedder final : public engine::Embedder {
public:
    base::Result<engine::Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) override {
        if (texts.empty()) return base::error(base::Errc::invalid, "there are no texts", "input");
        for (std::size_t i = 0; i < texts.size(); ++i) {
            const std::string place = "input[" + std::to_string(i) + "]";
            if (texts[i].empty()) return base::error(base::Errc::invalid, "a text is empty", place);
            if (!base::is_utf8(texts[i])) return base::error(base::Errc::invalid, "a text is not UTF-8", place);
            if (words(texts[i]) > context_tokens()) return base::error(base::Errc::invalid, "a text is too long", place);
        }
        engine::Embeddings result;
        for (const auto& text : texts) {
            if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the embedding was stopped");
            result.vectors.push_back(vector_of(text));
            result.tokens += words(text);
        }
        return result;
    }
    std::size_t dimensions() const noexcept override { return kDimensions; }
    std::size_t context_tokens() const noexcept override { return 256; }

private:
    static constexpr std::size_t kDimensions = 27;

    static std::size_t words(const std::string& text) {
        std::size_t count = 1;
        for (const char c : text) count += c == ' ' ? 1U : 0U;
        return count;
    }
    static std::vector<float> vector_of(const std::string& text) {
        std::vector<float> vector(kDimensions, 0.0F);
        vector.back() = 1.0F;
        for (const char c : text) {
            const char letter = static_cast<char>(c | 0x20);
            if (letter >= 'a' && letter <= 'z') vector[static_cast<std::size_t>(letter - 'a')] += 1.0F;
        }
        float sum = 0.0F;
        for (const float number : vector) sum += number * number;
        for (float& number : vector) number /= std::sqrt(sum);
        return vector;
    }
};

}  // namespace antiphon::fakes
