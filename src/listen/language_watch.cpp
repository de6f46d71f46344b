#include "listen/language_watch.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::listen {
namespace {

constexpr Position kFirstLook = kSampleRate;
constexpr int kMostLooks = 4;  // at 1, 2, 4 and 8 s of speech

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
    settled_ = false;
}

void LanguageWatch::listen(Position to) {
    if (detector_ == nullptr || workers_ == nullptr || vote_.fixed()) return;
    if (!watching_ || looking_ || settled_ || looks_ == kMostLooks) return;
    if (to - speech_ < (kFirstLook << looks_)) return;
    ++looks_;
    const auto longest = static_cast<Position>(base::seconds(detector_->max_duration()) * kSampleRate);
    auto sound = sound_of_(std::max(from_, to - longest), to);
    const base::Duration speech = duration_between(speech_, to);
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
    if (!findings) {
        if (!std::exchange(failure_told_, true))
            base::log::warning("language.not_detected", {{"reason", findings.error().text}});
        return;
    }
    std::vector<LanguageVote::Candidate> candidates;
    for (const auto& finding : *findings) candidates.push_back({finding.language, finding.confidence});
    const bool changed = vote_.hear(candidates, speech);
    settled_ = vote_.agreed();
    if (changed) changed_();
}

void LanguageWatch::heard(const std::string& language, float confidence, base::Duration speech) {
    if (detector_ == nullptr || vote_.fixed()) return;
    const LanguageVote::Candidate candidate{language, confidence};
    if (vote_.hear({&candidate, 1}, speech)) changed_();
}

void LanguageWatch::close() {
    watching_ = false;
    stop_.request_stop();
    anchor_.drop();
}

}  // namespace antiphon::listen
