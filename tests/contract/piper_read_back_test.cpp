// Piper's speech, heard by a real recognizer: what was said must be what is understood.
#include "audio/resampler.hpp"
#include "contract/synthesizer_contract.hpp"
#include "engine/piper/piper_synthesizer.hpp"
#include "engine/whisper/whisper_recognizer.hpp"
#include "fakes/test_models.hpp"

#include <algorithm>
#include <cctype>
#include <iostream>
#include <sstream>

namespace antiphon::engine {
namespace {

std::vector<std::string> words_of(const std::string& text) {
    std::string plain;
    for (const char c : text) {
        const auto letter = static_cast<unsigned char>(c);
        if (std::isalnum(letter))
            plain += static_cast<char>(std::tolower(letter));
        else if (c != '\'')
            plain += ' ';
    }
    std::istringstream in(plain);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

/// Fewest replaced, left out and added words, by the number of words that were said.
double word_error_rate(const std::string& said, const std::string& heard) {
    const auto a = words_of(said);
    const auto b = words_of(heard);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return static_cast<double>(row[b.size()]) / static_cast<double>(a.size());
}

class ReadBack : public testing::Test {
protected:
    static void SetUpTestSuite() {
        piper::PiperSettings voice;
        voice.model = fakes::model_file("piper-en_US-joe-medium", "en_US-joe-medium.onnx");
        voice.noise_scale = 0.0F;
        voice.noise_w = 0.0F;
        auto opened = piper::PiperSynthesizer::open(voice);
        if (!opened) throw std::runtime_error(opened.error().text);
        voice_ = std::move(*opened);
        whisper::WhisperSettings ears;
        ears.model = fakes::model_file("whisper-base", "ggml-base.bin");
        ears.threads = 1;  // two would wait for each other on a machine that builds at the same time
        ears.states = 1;
        auto listening = whisper::WhisperRecognizer::open(ears);
        if (!listening) throw std::runtime_error(listening.error().text);
        ears_ = std::move(*listening);
    }
    static void TearDownTestSuite() {
        ears_.reset();
        voice_.reset();
    }

    static std::string heard(const std::string& text) {
        const auto spoken = contract::speak(*voice_, {text, "en", "", 1.0F});
        if (!spoken.result) return "nothing was said: " + spoken.result.error().text;
        auto sound = audio::resample(spoken.samples(), voice_->sample_rate(), 16000);
        if (!sound) return "not resampled: " + sound.error().text;
        const auto transcript = ears_->transcribe({{std::move(*sound), 16000}, "en", ""}, {});
        return transcript ? transcript->text : "not heard: " + transcript.error().text;
    }

private:
    static inline std::unique_ptr<Synthesizer> voice_;
    static inline std::unique_ptr<Recognizer> ears_;
};

TEST_F(ReadBack, SentencesAreUnderstoodWordForWord) {
    for (const char* text :
         {"The quick brown fox jumps over the lazy dog near the old stone bridge.",
          "Sure, I can help you with that. What would you like to know about the weather tomorrow?",
          "Paris is the capital of France; it lies on both sides of a river, and a great many people live there.",
          "When the sun went down behind the old mill, the children ran home along the narrow path, and nobody "
          "saw the fox that had watched them since noon.",
          "Please take the second street on the left, then walk straight on until you see the church."}) {
        const std::string transcript = heard(text);
        std::cout << "said:  " << text << "\nheard: " << transcript << "\n";
        EXPECT_LE(word_error_rate(text, transcript), 0.10) << transcript;
    }
}

TEST_F(ReadBack, TheMeasureItselfTellsWrongWords) {
    EXPECT_EQ(word_error_rate("One two, three!", "one two three"), 0.0);
    EXPECT_NEAR(word_error_rate("one two three four", "one too three"), 0.5, 1e-9);
    EXPECT_GT(word_error_rate("Good evening, my friend.", heard("The train is late again.")), 0.5);
}

}  // namespace
}  // namespace antiphon::engine
