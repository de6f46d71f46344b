#include "listen/language_vote.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace antiphon::listen {

void LanguageVote::fix(std::string language) { fixed_ = std::move(language); }

bool LanguageVote::hear(std::span<const Candidate> candidates, base::Duration speech) {
    const auto allowed = [this](const Candidate& candidate) {
        return std::isfinite(candidate.confidence) && candidate.confidence > 0.0F && !candidate.language.empty() &&
               (settings_.allowed.empty() || std::find(settings_.allowed.begin(), settings_.allowed.end(),
                                                       candidate.language) != settings_.allowed.end());
    };
    agreed_ = false;
    Candidate best;
    float left_out = 0.0F;
    for (const Candidate& candidate : candidates) {
        if (!allowed(candidate)) left_out += std::isfinite(candidate.confidence) ? candidate.confidence : 0.0F;
        else if (candidate.confidence > best.confidence) best = candidate;
    }
    if (best.language.empty()) return false;
    best.confidence = std::min(best.confidence / std::max(1.0F - left_out, best.confidence), 1.0F);
    if (best.confidence < settings_.likely || speech < settings_.shortest) return false;

    const std::string before = language();
    if (best.language == decided_) {
        agreed_ = true;
        confidence_ = best.confidence;
        rival_.clear();
        return false;
    }
    const bool again = best.language == rival_;
    const float surest = again ? std::max(best.confidence, rival_confidence_) : best.confidence;
    const bool decides = decided_.empty()
                             ? again || (best.confidence >= settings_.sure && speech >= settings_.deciding)
                             : (again && surest >= settings_.sure) ||
                                   (best.confidence >= settings_.very_sure && speech >= settings_.switching);
    if (decides) {
        switched_ = switched_ || !decided_.empty();
        agreed_ = true;
        decided_ = best.language;
        confidence_ = best.confidence;
        rival_.clear();
    } else {
        rival_ = best.language;
        rival_confidence_ = surest;
    }
    return language() != before;
}

}  // namespace antiphon::listen
