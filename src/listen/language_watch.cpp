#include "listen/language_watch.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::listen {
namespace {

constexpr Position kFirstLook = kSampleRate;
constexpr int kMostLooks = 4;   // at 1, 2, 4 and 8 s of speech
constexpr int kMostPauses = 4;  // of an utterance that are looked at

}  // namespace

LanguageWatch::LanguageWatch(LanguageVoteSettings settings, std::shared_ptr<base::Strand> strand,
                             engine::LanguageDetector* detector, base::Workers* workers, SoundOf sound_of, Changed changed)
    : vote_(std::move(settings)),
      strand_(std::move(strand)),
      detector_(detector),
      workers_(workers),
      sound_of_(std::move(sound_of)),
      changed_(std::move(changed)),
      anchor_(this) {}

void LanguageWatch::begin_utterance(Position from, Position speech) {
    watching_ = true;
    from_ = from;
    speech_ = speech;
    looks_ = 0;
    pauses_ = 0;
    looked_ = 0;
    whole_ = Whole::unseen;
    settled_ = false;
}

void LanguageWatch::listen(Position to) {
    if (!wanted() || looks_ == kMostLooks || to - speech_ < (kFirstLook << looks_)) return;
    ++looks_;
    whole_ = Whole::unseen;
    look(to, to);
}

void LanguageWatch::pause(Position speech_end, Position to) {
    if (!wanted() || pauses_ == kMostPauses) return;
    const Position speech = speech_end - speech_;
    if (speech < kFirstLook || speech < looked_ + looked_ / 4) return;
    ++pauses_;
    whole_ = Whole::looking;
    look(speech_end, to);
    if (!looking_) whole_ = Whole::unseen;
}

bool LanguageWatch::wanted() const {
    return detector_ != nullptr && workers_ != nullptr && !vote_.fixed() && watching_ && !looking_ && !settled_;
}

void LanguageWatch::look(Position speech_end, Position to) {
    looked_ = speech_end - speech_;
    const auto longest = static_cast<Position>(base::seconds(detector_->max_duration()) * kSampleRate);
    auto sound = sound_of_(std::max(from_, to - longest), to);
    const base::Duration speech = duration_between(speech_, speech_end);
    auto job = [strand = strand_, anchor = anchor_.handle(), &detector = *detector_, sound = std::move(sound), speech,
                token = stop_.get_token()] {
        auto findings = detector.detect(sound, token);
        strand->post(anchor.tie([findings = std::move(findings), speech](LanguageWatch& watch) {
            watch.looking_ = false;
            watch.found(findings, speech);
        }));
    };
    // Refused: there is more to do than can be done, and the call knows its language well enough or will look again.
    if (workers_->submit(std::move(job))) looking_ = true;
}

void LanguageWatch::found(const Findings& findings, base::Duration speech) {
    const bool counts = whole_ != Whole::heard;
    if (whole_ == Whole::looking) whole_ = findings ? Whole::seen : Whole::unseen;
    if (!findings) {
        if (!std::exchange(failure_told_, true))
            base::log::warning("language.not_detected", {{"reason", findings.error().text}});
        return;
    }
    if (!counts) return;
    std::vector<LanguageVote::Candidate> candidates;
    for (const auto& finding : *findings) candidates.push_back({finding.language, finding.confidence});
    const bool changed = vote_.hear(candidates, speech);
    settled_ = vote_.agreed() && !changed;  // what was decided a moment ago is looked at once more
    if (changed) changed_();
}

void LanguageWatch::heard(const std::string& language, float confidence, base::Duration speech) {
    if (detector_ == nullptr || vote_.fixed() || whole_ == Whole::seen) return;
    if (whole_ == Whole::looking) whole_ = Whole::heard;
    const LanguageVote::Candidate candidate{language, confidence};
    if (vote_.hear({&candidate, 1}, speech)) changed_();
}

void LanguageWatch::close() {
    watching_ = false;
    stop_.request_stop();
    anchor_.drop();
}

}  // namespace antiphon::listen
