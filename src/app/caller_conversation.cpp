#include "app/caller_conversation.hpp"

#include "app/caller_latency.hpp"
#include "base/utf8.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::app {
namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

constexpr float kAudibleRms = 0.0056F;  ///< -45 dBFS, as caller_latency.hpp has it
constexpr base::milliseconds kPauseOfLine{300};
/// What was missed comes at once after a return.
constexpr base::milliseconds kSettling{1000};

void append_words(std::string& text, std::string_view more) {
    more = base::trimmed(more);
    if (!text.empty() && !more.empty()) text += ' ';
    text += more;
}

}  // namespace

void CallerConversation::begin_spoken(std::string question, base::Duration speech_end) {
    CallerTurn turn;
    turn.question = std::move(question);
    turn.spoken = true;
    turn.speech_end = speech_end;
    begin(std::move(turn));
}

void CallerConversation::begin_typed(std::string text, base::Duration now) {
    CallerTurn turn;
    turn.question = std::move(text);
    turn.speech_end = now;
    begin(std::move(turn));
    answer_expected_ = true;
}

void CallerConversation::begin(CallerTurn turn) {
    last_progress_ = turn.speech_end;
    turn_ = std::move(turn);
    sound_begins_.clear();
    cut_ins_.clear();
    answer_expected_ = false;
    completed_ = false;
    trouble_.clear();
}

void CallerConversation::progress(base::Duration at) { last_progress_ = std::max(last_progress_, at); }

void CallerConversation::take(const CallerEvent& event, base::Duration at) {
    std::visit(Overloaded{
                   [&](const CallerBeginsToSpeak&) {
                       caller_speaks_ = true;
                       // As a call page does: what is still to be played of the answer is dropped.
                       playout_.cut(at);
                       queued_until_ = std::min(queued_until_, at);
                       interrupted_ = under_way_;
                   },
                   [&](const CallerStopsSpeaking&) {
                       caller_speaks_ = false;
                       answer_expected_ = true;
                   },
                   [&](const CallerCaptionDone& caption) { append_words(turn_.heard, caption.text); },
                   [&](const AnswerBegins& answer) {
                       under_way_.insert(answer.response_id);
                       answer_expected_ = false;
                       progress(at);
                       if (!turn_.spoken || at >= turn_.speech_end) return;
                       cut_ins_.insert(answer.response_id);
                       ++turn_.cut_ins;
                   },
                   [&](const AnswerTextGrows& text) {
                       turn_.answer += text.text;
                       progress(at);
                   },
                   [&](const AnswerSoundGrows& sound) {
                       if (interrupted_.contains(sound.response_id)) return;
                       const std::size_t begin = playout_.take(sound.samples, at);
                       queued_until_ = playout_.end();
                       sound_begins_.try_emplace(sound.response_id, begin);
                       progress(at);
                   },
                   [&](const PlayingBegins& playing) {
                       playing_.insert(playing.response_id);
                       // The sound and this event travel apart: it may have begun before.
                       const int rate = playout_.played().sample_rate;
                       const std::size_t now = audio::samples_in(at, rate);
                       const bool earlier = line_voice_ && *line_voice_ >= audio::samples_in(turn_.speech_end, rate);
                       sound_begins_.try_emplace(playing.response_id, earlier ? *line_voice_ : now);
                       progress(at);
                   },
                   [&](const PlayingEnds& playing) {
                       playing_.erase(playing.response_id);
                       progress(at);
                   },
                   [&](const AnswerEnds& end) {
                       end_answer(end);
                       progress(at);
                   },
                   [&](const ServerRemark& remark) { turn_.remarks.push_back(remark.json); },
                   [](const auto&) {},
               },
               event);
}

void CallerConversation::hear(std::span<const float> samples, base::Duration at) {
    const std::size_t begin = playout_.take(samples, at);
    if (audio::rms(samples) < kAudibleRms) {
        const auto pause = audio::samples_in(kPauseOfLine, playout_.played().sample_rate);
        if (begin > line_voice_end_ + pause) line_voice_.reset();
        return;
    }
    if (!line_voice_) line_voice_ = begin;
    line_voice_end_ = begin + samples.size();
    if (!playing_.empty()) progress(at);
}

void CallerConversation::way_changed(base::Duration at) {
    playing_.clear();
    line_voice_.reset();
    settled_at_ = at + kSettling;
    progress(at);
}

void CallerConversation::end_answer(const AnswerEnds& end) {
    under_way_.erase(end.response_id);
    // "incomplete" is an answer that was cut at its allowed length: it was heard all the same.
    if (end.status == "completed" || end.status == "incomplete") {
        completed_ = true;
        trouble_.clear();
    } else {
        trouble_ = "the answer was " + end.status + (end.reason.empty() ? "" : " (" + end.reason + ")");
    }
}

bool CallerConversation::answered(base::Duration now) const {
    return completed_ && under_way_.empty() && playing_.empty() && now >= settled_at_ && !caller_speaks_ &&
           !answer_expected_ && now >= turn_.speech_end && now >= queued_until_;
}

CallerTurn CallerConversation::finish() {
    std::optional<std::size_t> from;
    for (const auto& [response_id, begin] : sound_begins_)
        if (!cut_ins_.contains(response_id)) from = std::min(from.value_or(begin), begin);
    if (from) {
        const audio::Pcm& played = playout_.played();
        if (const auto first = first_audible_sample(played, *from)) {
            turn_.answer_begin = audio::duration_of(*first, played.sample_rate);
            if (turn_.spoken) turn_.voice_to_voice = *turn_.answer_begin - turn_.speech_end;
        }
    }
    turn_.answer = base::trimmed(turn_.answer);
    return std::exchange(turn_, {});
}

}  // namespace antiphon::app
