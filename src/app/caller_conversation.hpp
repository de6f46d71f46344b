// The terminal caller's account of a call: what was asked, what was answered, and how soon.
//
// pure. All times are since the call's first sample, on the caller's clock. One turn at a time: begin it,
// take the server's events until answered(), finish() it.
//
// Voice to voice is the time from the last sample of speech in the sent sound to the first audible sample
// of the answer as it is played (caller_latency.hpp has both rules, caller_playout.hpp the player). Only an
// answer that began after the speech had ended counts; one that began before it is a cut-in, and is counted.
#pragma once

#include "app/caller_event.hpp"
#include "app/caller_playout.hpp"
#include "base/clock.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace antiphon::app {

struct CallerTurn {
    std::string question;  ///< the file, or the typed text
    bool spoken = false;
    std::string heard;  ///< the server's caption of the caller's words
    std::string answer;
    int cut_ins = 0;  ///< answers that began while the caller still spoke
    base::Duration speech_end{};
    std::optional<base::Duration> answer_begin;    ///< of the sound; none: no sound, or only a cut-in
    std::optional<base::Duration> voice_to_voice;  ///< spoken turns with an answer_begin only
    std::vector<std::string> remarks;              ///< the server's own events, as JSON
};

class CallerConversation {
public:
    explicit CallerConversation(int sample_rate) : playout_(sample_rate) {}

    /// The speech's last sample is sent at `speech_end`, which lies ahead.
    void begin_spoken(std::string question, base::Duration speech_end);
    void begin_typed(std::string text, base::Duration now);

    void take(const CallerEvent& event, base::Duration at);

    /// 20 ms of a media line, heard at this time: sound or silence, whichever answer's.
    void hear(std::span<const float> samples, base::Duration at);

    /// The call goes on another way: what was not heard of an answer comes soon, if anything.
    void way_changed(base::Duration at);

    /// Whether an answer has ended well, all of it was played, and nothing more is under way.
    bool answered(base::Duration now) const;

    /// Whether some of an answer has come as sound.
    bool sounds() const { return !sound_begins_.empty(); }

    /// The last sign that an answer is coming: the end of the speech, or what came of an answer since.
    base::Duration last_progress() const { return last_progress_; }
    /// Why the last answer that ended was not completed; empty when none or when it was.
    const std::string& trouble() const { return trouble_; }

    CallerTurn finish();

    const CallerPlayout& playout() const { return playout_; }

private:
    void begin(CallerTurn turn);
    void progress(base::Duration at);
    void end_answer(const AnswerEnds& end);

    CallerPlayout playout_;
    CallerTurn turn_;
    std::set<std::string> under_way_;                  ///< answers that have begun and not ended
    std::map<std::string, std::size_t> sound_begins_;  ///< by answer, in samples of the playout
    std::set<std::string> cut_ins_;
    std::set<std::string> interrupted_;  ///< answers whose later sound is not played any more
    std::set<std::string> playing_;      ///< answers whose sound the line still plays
    std::optional<std::size_t> line_voice_;  ///< where what the line says now, without a pause, began
    std::size_t line_voice_end_ = 0;
    base::Duration queued_until_{};      ///< what came in messages is played by then
    base::Duration settled_at_{};        ///< before this more may come of an answer that has ended
    bool caller_speaks_ = false;         ///< by the server's opinion
    bool answer_expected_ = false;       ///< the server heard the end of a turn and has not begun to answer
    bool completed_ = false;
    base::Duration last_progress_{};
    std::string trouble_;
};

}  // namespace antiphon::app
