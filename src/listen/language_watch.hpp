// Finds out which language a call is in: looks at what is being said beside its recognition, and counts the findings.
//
// strand. The detector runs on its workers and comes back by a post to the strand; nobody ever waits for it. A finding
// that comes after the words were recognized serves the next turn. Without a detector it never looks, and nothing is
// decided.
#pragma once

#include "base/anchor.hpp"
#include "base/strand.hpp"
#include "base/workers.hpp"
#include "engine/language_detector.hpp"
#include "listen/language_vote.hpp"
#include "listen/sound_memory.hpp"

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::listen {

class LanguageWatch {
public:
    /// The sound from..to, as far as it is there.
    using SoundOf = std::function<std::vector<float>(Position from, Position to)>;
    /// Called on the strand when the call's language was found or has changed, from within heard() or a posted task.
    using Changed = std::function<void()>;

    /// `detector` and `workers` may both be null.
    LanguageWatch(LanguageVoteSettings settings, std::shared_ptr<base::Strand> strand, engine::LanguageDetector* detector,
                  base::Workers* workers, SoundOf sound_of, Changed changed);

    /// As LanguageVote::fix(). While it is fixed, nothing is looked at.
    void fix(std::string language) { vote_.fix(std::move(language)); }

    /// An utterance begins: its sound at `from`, its speech at `speech`.
    void begin_utterance(Position from, Position speech);
    void end_utterance() { watching_ = false; }

    /// The utterance's sound goes up to `to` by now: looks at it if it is time to, which is after the first second of
    /// speech, and, as long as the findings do not agree with what was decided before, each time it has become twice as long.
    void listen(Position to);

    /// The speech has paused at `speech_end`, and may go on: looks at the whole of it, up to `to`, as there may be no more
    /// to come, unless the last look took in most of it.
    void pause(Position speech_end, Position to);

    /// The recognizer was free to find out the language of so much speech, and found this. Counts only where there is a
    /// detector (a recognizer that knows one language finds nothing else) that has not told it of the same sound.
    void heard(const std::string& language, float confidence, base::Duration speech);

    const LanguageVote& vote() const { return vote_; }

    /// In which language to recognize what was said; empty: the recognizer is to find out.
    std::string expected() const { return vote_.doubted() ? std::string() : vote_.language(); }

    /// No Changed is called any more; what runs is stopped.
    void close();

private:
    using Findings = base::Result<std::vector<engine::LanguageDetector::Finding>>;

    /// Who counts for the sound up to a pause: the look or the recognizer, whichever comes first.
    enum class Whole { unseen, looking, seen, heard };

    bool wanted() const;
    void look(Position speech_end, Position to);
    void found(const Findings& findings, base::Duration speech);

    LanguageVote vote_;
    const std::shared_ptr<base::Strand> strand_;
    engine::LanguageDetector* const detector_;
    base::Workers* const workers_;
    const SoundOf sound_of_;
    const Changed changed_;

    bool watching_ = false;     ///< an utterance is going on
    Position from_ = 0;
    Position speech_ = 0;
    int looks_ = 0;             ///< at this utterance while it went on
    int pauses_ = 0;            ///< of it that were looked at
    Position looked_ = 0;       ///< the length of its speech at the last look
    Whole whole_ = Whole::unseen;
    bool looking_ = false;      ///< the detector works for us
    bool settled_ = false;      ///< a look at this utterance agreed with what was decided before
    bool failure_told_ = false;
    std::stop_source stop_;
    base::Anchor<LanguageWatch> anchor_;
};

}  // namespace antiphon::listen
