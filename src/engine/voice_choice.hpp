// Several synthesizers as one: each utterance is spoken by the first that has a voice for it.
//
// thread-safe. Owns the synthesizers. One that fails is left alone for a while, so that a service that cannot be
// reached costs one utterance its time, and not each.
#pragma once

#include "base/clock.hpp"
#include "engine/synthesizer.hpp"

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::engine {

class VoiceChoice final : public Synthesizer {
public:
    struct NamedVoice {
        std::string name;      ///< what Utterance::voice may say
        std::string language;  ///< BCP 47
    };
    struct Source {
        std::string name;  ///< for the log
        std::unique_ptr<Synthesizer> synthesizer;
        std::vector<NamedVoice> voices;  ///< to choose from: names that are in its voices()
    };
    struct Settings {
        /// The voice of a language, by its primary subtag (language_tag.hpp).
        std::map<std::string, std::string> voice_of_language;
        base::Duration rest_after_failure = std::chrono::seconds(30);
        std::function<base::Time()> clock = &base::Clock::now;
    };

    /// `sources` in the order in which they are to be preferred; utterances that name neither voice nor language are
    /// the first's. Fails with `invalid` when there is none, and when the settings name a voice that none of them has.
    static base::Result<std::unique_ptr<VoiceChoice>> open(std::vector<Source> sources, Settings settings);

    /// As the contract says, at the first source's sample rate. The voice that the utterance names goes first; without
    /// a name, the voice that the settings give its language; then every source in order. The next is asked when one
    /// says `unsupported`, or fails before it gave a sound; that is logged as speak.voice_failed. A voice that does not
    /// speak the utterance's language is passed over, and so is a name that another source has. The failure of the
    /// last one is told. Sources that failed are asked only when no other has a voice, until their rest is over.
    base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) override;

    std::vector<std::string> voices() const override;
    int sample_rate() const noexcept override { return sample_rate_; }

    /// Of all sources, in their order.
    std::vector<NamedVoice> named_voices() const;

private:
    struct Kept {
        Source source;
        std::atomic<base::Duration::rep> rests_until{0};  ///< on the settings' clock; 0: it does not
    };
    struct Attempt {
        Kept* kept;
        std::string voice;
    };

    VoiceChoice(std::deque<Kept> sources, Settings settings, int sample_rate);

    Kept* source_of(const std::string& voice);
    bool rests(const Kept& kept) const;
    std::vector<Attempt> attempts(const Utterance& utterance);
    base::Result<void> speak(Kept& kept, const Utterance& utterance, const Sink& sink, const std::stop_token& stop,
                             bool& sounded) const;

    std::deque<Kept> sources_;
    Settings settings_;
    int sample_rate_;
};

}  // namespace antiphon::engine
