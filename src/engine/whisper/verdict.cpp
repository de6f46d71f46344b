#include "engine/whisper/verdict.hpp"

#include "engine/whisper/transcript_text.hpp"

namespace antiphon::engine::whisper {
namespace {

constexpr float kNoSpeech = 0.6F;             // OpenAI's no_speech_threshold
constexpr float kGuessed = -1.0F;             // OpenAI's logprob_threshold
constexpr float kNoSpeechForPhrases = 0.2F;
constexpr float kSureOfPhrase = 0.6F;

}  // namespace

bool nobody_spoke(const Heard& heard, std::string_view words) {
    if (words.empty()) return true;
    if (heard.no_speech > kNoSpeech && heard.mean_log_probability < kGuessed) return true;
    return is_subtitle_phrase(words) &&
           (heard.no_speech > kNoSpeechForPhrases || heard.mean_probability < kSureOfPhrase);
}

bool needs_wider_window(const Heard& heard) {
    return heard.ending != Ending::finished || (heard.mean_log_probability < kGuessed && heard.no_speech < kNoSpeech);
}

}  // namespace antiphon::engine::whisper
