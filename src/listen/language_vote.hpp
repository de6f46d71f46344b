// Keeps the language of a call steady while findings of doubtful quality come in.
//
// pure. One value per call, and only numbers in: who finds out, and when, is language_watch's matter.
//
// The rules, with the numbers below: a finding counts if it is likely and rests on some sound. The first one that rests
// on a second of speech and is rather sure decides, or the second of two in a row that agree. Afterwards another
// language takes over when two findings in a row name it, at least one of them rather sure, or when one that is very
// sure rests on two seconds. One short or doubtful finding never does.
#pragma once

#include "base/clock.hpp"

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::listen {

struct LanguageVoteSettings {
    /// Primary languages ("pt", not "pt-BR") that can be decided; empty: all.
    std::vector<std::string> allowed;

    float likely = 0.5F;     ///< confidence below which a finding does not count
    float sure = 0.7F;       ///< with this one may decide a call, or confirm a switch
    float very_sure = 0.8F;  ///< with this one alone may switch, if it is long
    base::milliseconds shortest{500};   ///< speech below which a finding does not count
    base::milliseconds deciding{1'000}; ///< speech upon which one finding may decide a call
    base::milliseconds switching{2'000};  ///< speech upon which one finding may switch it
};

class LanguageVote {
public:
    struct Candidate {
        std::string language;  ///< primary language
        float confidence = 0.0F;
    };

    explicit LanguageVote(LanguageVoteSettings settings) : settings_(std::move(settings)) {}

    /// This language it is, whatever is found; empty: findings decide again, from what they had decided before. A fixed
    /// language keeps the form that it was given ("pt-BR"), and needs not be among the allowed.
    void fix(std::string language);

    /// What somebody found in so much speech, in any order. Candidates that are not allowed are left out, and their
    /// confidence goes to the others in proportion. Returns whether language() is another now.
    bool hear(std::span<const Candidate> candidates, base::Duration speech);

    bool fixed() const { return !fixed_.empty(); }

    /// The call's language; empty while it is not decided.
    const std::string& language() const { return fixed() ? fixed_ : decided_; }
    /// Of the finding that decided it or last agreed with it, 0..1; 1 when it is fixed, 0 while it is not decided.
    float confidence() const { return fixed() ? 1.0F : confidence_; }

    /// The last finding that counted names another language than the decided one: which, the next will tell.
    bool doubted() const { return !fixed() && !rival_.empty(); }

    /// The last call of hear() brought a finding that counted, and of the decided language.
    bool agreed() const { return agreed_; }

    /// Whether the findings have ever led from one language to another.
    bool switched() const { return switched_; }

private:
    LanguageVoteSettings settings_;
    std::string fixed_;
    std::string decided_;
    float confidence_ = 0.0F;
    std::string rival_;              ///< named by the last finding, and not decided
    float rival_confidence_ = 0.0F;
    bool agreed_ = false;
    bool switched_ = false;
};

}  // namespace antiphon::listen
