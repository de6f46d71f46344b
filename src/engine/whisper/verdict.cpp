#include "engine/whisper/verdict.hpp"

#include "engine/whisper/transcript_text.hpp"

namespace antiphon::engine::whisper {
namespace {

constexpr float kNobodyInFullWindow = 0.5F;
constexpr float kNobodySaidPhrase = 0.25F;  // in the full window
constexpr float kPerhapsNobody = 0.35F;     // in a cut window
constexpr float kLikelyNobody = 0.65F;      // in a cut window, even for words that look certain
constexpr float kGuessed = -1.2F;
// A text below it is looked at again, which costs several times as much as the first look. Whole questions
// that base heard right lay down to -0.47 (and the full window was no surer of them), broken ones from -0.77.
constexpr float kDoubtful = -0.6F;

Verdict judge_full(const Heard& heard, std::string_view words) {
    const bool phrase = heard.no_speech > kNobodySaidPhrase && is_subtitle_phrase(words);
    return words.empty() || phrase || heard.no_speech > kNobodyInFullWindow ? Verdict::nobody : Verdict::spoken;
}

Verdict judge_cut(const Heard& heard, std::string_view words) {
    const bool perhaps_nobody = heard.no_speech > kPerhapsNobody;
    if (perhaps_nobody && (words.empty() || heard.mean_log_probability < kGuessed)) return Verdict::nobody;
    const bool clear_words = !words.empty() && heard.ending == Ending::finished && heard.mean_log_probability > kDoubtful;
    const bool somebody = !perhaps_nobody || (heard.no_speech < kLikelyNobody && !is_subtitle_phrase(words));
    return clear_words && somebody ? Verdict::spoken : Verdict::unsure;
}

}  // namespace

Verdict judge(const Heard& heard, std::string_view words, bool full_window) {
    return full_window ? judge_full(heard, words) : judge_cut(heard, words);
}

}  // namespace antiphon::engine::whisper
