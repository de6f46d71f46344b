// The voices of Microsoft Edge's "read aloud", over the network. The text leaves the machine.
//
// thread-safe: each utterance has a connection of its own. Their protocol is undocumented and may change any day
// (edge_protocol.hpp); the first utterance is noted in the log as speak.text_leaves_the_machine.
#pragma once

#include "engine/edge_tts/edge_protocol.hpp"
#include "engine/edge_tts/name_lookup.hpp"
#include "engine/synthesizer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace antiphon::engine::edge_tts {

struct EdgeTtsSettings {
    std::string url{kDefaultUrl};
    std::vector<std::string> voices;      ///< "en-US-AvaMultilingualNeural": before the known ones for their languages
    std::vector<std::string> languages;   ///< BCP 47: no others are spoken; empty: all that there is a voice for
    std::string language = "en-US";       ///< of utterances that name none
    std::size_t max_characters = 4000;    ///< code points of one utterance
    float loudness_dbfs = -20.0F;         ///< of the voiced parts, -40 to -10; see speech_leveler.hpp
    base::milliseconds open_within{3000};  ///< for the name, the connection and its handshakes together
    base::milliseconds answer_within{5000};  ///< for the first sound, and between one piece and the next
    /// Seconds since 1970; the service refuses whoever's clock is off, and says its own time.
    std::function<std::int64_t()> clock;
};

class EdgeTtsSynthesizer final : public Synthesizer {
public:
    /// Reaches for nothing yet: the service is asked when something is to be said. Fails with
    ///   invalid      an address or a setting that is none
    ///   unsupported  there is no voice for one of the languages, or FFmpeg lacks its MP3 decoder
    static base::Result<std::unique_ptr<EdgeTtsSynthesizer>> open(const EdgeTtsSettings& settings);

    /// As the contract says; sound is given as it comes in. A stop request closes the connection and ends this within
    /// milliseconds. Speeds beyond 0.5 to 2 sound like these. `engine` says what is wrong with the service.
    base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) override;

    std::vector<std::string> voices() const override { return voices_; }
    int sample_rate() const noexcept override { return kSampleRate; }

private:
    EdgeTtsSynthesizer(EdgeTtsSettings settings, Endpoint endpoint, std::vector<std::string> voices);

    base::Result<std::string> voice_of(const Utterance& utterance) const;
    base::Result<void> speak_part(const std::string& text, const std::string& voice, float speed, const Sink& sink,
                                  class SpeechLeveler& leveler, const std::stop_token& stop);

    EdgeTtsSettings settings_;
    Endpoint endpoint_;
    std::vector<std::string> voices_;
    std::string machine_;                      ///< the name under which this process asks
    std::atomic<std::int64_t> clock_skew_{0};  ///< seconds that the service's clock is ahead
    std::atomic<bool> noted_{false};
    NameLookup names_;
};

}  // namespace antiphon::engine::edge_tts
