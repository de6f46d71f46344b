// The stage of the scenes: one whole Call with scripted engines on a simulated clock.
//
// The engines here are fakes: they take virtual time, say what the scene wrote for them, and count what
// was begun, finished and cancelled.
#pragma once

#include "call/call.hpp"
#include "fakes/simulation.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace antiphon::scenes {

using base::milliseconds;

struct Counts {
    int begun = 0;
    int finished = 0;
    int cancelled = 0;
};

/// Speech is whatever is louder than -26 dBFS.
class SceneVoiceDetector final : public engine::VoiceDetector {
public:
    std::unique_ptr<engine::VoiceStream> start() override { return std::make_unique<Stream>(); }
    std::size_t window() const noexcept override { return 512; }

private:
    struct Stream final : engine::VoiceStream {
        base::Result<float> push(std::span<const float> window) override { return audio::rms(window) > 0.05F ? 0.95F : 0.02F; }
        void reset() override {}
    };
};

class SceneRecognizer final : public engine::Recognizer {
public:
    explicit SceneRecognizer(fakes::Simulation& simulation) : simulation_(simulation) {}

    base::Result<engine::Transcript> transcribe(const engine::RecognitionRequest& request, std::stop_token stop) override {
        ++counts.begun;
        lengths.push_back(request.sound.duration());
        hints.push_back(request.hint);
        languages.push_back(request.language);
        if (!simulation_.sleep(takes, stop)) {
            ++counts.cancelled;
            return base::error(base::Errc::cancelled, "stopped");
        }
        ++counts.finished;
        if (failure) return *failure;
        std::string text = "what did I say";
        if (!texts.empty()) {
            text = texts.front();
            if (texts.size() > 1) texts.pop_front();
        }
        return engine::Transcript{text, request.language.empty() ? language : request.language, 0.9F};
    }
    base::Duration max_duration() const noexcept override { return std::chrono::seconds(30); }
    std::size_t parallel() const noexcept override { return 2; }

    milliseconds takes{100};
    std::deque<std::string> texts;  ///< the last one stays
    std::string language = "en";
    std::optional<base::Error> failure;
    std::vector<base::Duration> lengths;
    std::vector<std::string> hints;
    std::vector<std::string> languages;  ///< that were asked for
    Counts counts;

private:
    fakes::Simulation& simulation_;
};

class SceneLanguageModel final : public engine::LanguageModel {
public:
    explicit SceneLanguageModel(fakes::Simulation& simulation) : simulation_(simulation) {}

    base::Result<engine::Generation> generate(const engine::GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) override {
        ++counts.begun;
        requests.push_back(request);
        EXPECT_EQ(under_way_++, 0) << "two generations of one conversation at the same time";
        const auto end = write(request, sink, stop);
        --under_way_;
        return end;
    }
    void forget(engine::ConversationId) override { ++forgotten; }
    std::size_t parallel() const noexcept override { return 4; }
    std::size_t context_tokens() const noexcept override { return context; }
    std::size_t count_tokens(std::string_view text) const override {
        ++counted;
        return text.size() / 4;
    }

    milliseconds prefill{60};
    milliseconds per_word{10};
    std::string answer = "It is sunny today. Tomorrow it will rain in the morning. Take a coat.";
    /// Asked for after the answer's words, unless the last message is what a tool gave back; the arguments
    /// come in parts of at most eight characters.
    struct Use {
        std::string tool;
        std::string arguments;
    };
    std::vector<Use> uses;
    std::size_t context = 4096;
    mutable int counted = 0;  ///< texts whose tokens were counted
    std::optional<base::Error> failure;
    std::vector<engine::GenerationRequest> requests;
    Counts counts;
    int forgotten = 0;

private:
    base::Result<engine::Generation> write(const engine::GenerationRequest& request, const Sink& sink,
                                           const std::stop_token& stop) {
        const auto cancelled = [&] {
            ++counts.cancelled;
            return base::error(base::Errc::cancelled, "stopped");
        };
        if (!simulation_.sleep(prefill, stop)) return cancelled();
        if (failure) return *failure;
        const std::string script = answer;  // the scene may change its mind meanwhile
        const std::vector<Use> wanted = uses;
        int words = 0;
        for (std::size_t at = 0; at < script.size();) {
            if (words == request.max_tokens) return engine::Generation{engine::FinishReason::length, 10, 0, words};
            const std::size_t end = std::min(script.find(' ', at), script.size() - 1) + 1;
            if (!simulation_.sleep(per_word, stop)) return cancelled();
            sink({std::string_view(script).substr(at, end - at), std::nullopt, {}});
            at = end;
            ++words;
        }
        const bool given = !request.messages.empty() && request.messages.back().role == engine::Role::tool;
        for (std::size_t i = 0; i < wanted.size() && !given; ++i) {
            std::string_view rest = wanted[i].arguments;
            std::string_view tool = wanted[i].tool;
            do {
                if (words == request.max_tokens) return engine::Generation{engine::FinishReason::length, 10, 0, words};
                if (!simulation_.sleep(per_word, stop)) return cancelled();
                sink({rest.substr(0, 8), i, tool});
                rest.remove_prefix(std::min<std::size_t>(8, rest.size()));
                tool = {};
                ++words;
            } while (!rest.empty());
        }
        ++counts.finished;
        const bool calls = !wanted.empty() && !given;
        return engine::Generation{calls ? engine::FinishReason::tool_calls : engine::FinishReason::stop, 10, 0, words};
    }

    fakes::Simulation& simulation_;
    int under_way_ = 0;
};

/// 50 ms of a tone for each letter.
class SceneSynthesizer final : public engine::Synthesizer {
public:
    explicit SceneSynthesizer(fakes::Simulation& simulation) : simulation_(simulation) {}

    base::Result<void> synthesize(const engine::Utterance& utterance, const Sink& sink, std::stop_token stop) override {
        ++counts.begun;
        spoken.push_back(utterance.text);
        voices_used.push_back(utterance.voice);
        languages_used.push_back(utterance.language);
        if (!simulation_.sleep(takes, stop)) {
            ++counts.cancelled;
            return base::error(base::Errc::cancelled, "stopped");
        }
        if (failure) return *failure;
        if (!utterance.language.empty() && std::find(languages.begin(), languages.end(), utterance.language) == languages.end())
            return base::error(base::Errc::unsupported, "the scene's voice does not speak it");
        audio::Pcm sound{std::vector<float>(utterance.text.size() * 1200), 24000};
        for (std::size_t i = 0; i < sound.samples.size(); ++i) sound.samples[i] = next_sample();
        sink(std::move(sound));
        ++counts.finished;
        return {};
    }
    std::vector<std::string> voices() const override { return {"joe"}; }
    int sample_rate() const noexcept override { return 24000; }

    /// A ramp, so that a lost or doubled sample shows.
    float next_sample() { return static_cast<float>(made_++ % 16384) / 32768.0F; }

    milliseconds takes{80};
    std::optional<base::Error> failure;
    std::vector<std::string> spoken;
    std::vector<std::string> voices_used;
    std::vector<std::string> languages_used;
    std::vector<std::string> languages{"en"};
    Counts counts;

private:
    fakes::Simulation& simulation_;
    int made_ = 0;
};

class ScenePeer final : public call::Peer {
public:
    struct Seen {
        base::Time at;
        call::CallEvent event;
    };

    explicit ScenePeer(const base::Strand& strand) : strand_(strand) {}
    void send(const call::CallEvent& event) override { seen.push_back({strand_.now(), event}); }
    void send_audio(const call::ResponsePart&, std::span<const float> samples) override {
        if (sound.empty()) first_audio = strand_.now();
        last_audio = strand_.now();
        sound.insert(sound.end(), samples.begin(), samples.end());
    }
    void clear_audio() override { ++cleared; }

    template <typename Event>
    std::vector<Event> all() const {
        std::vector<Event> found;
        for (const Seen& s : seen)
            if (const auto* event = std::get_if<Event>(&s.event)) found.push_back(*event);
        return found;
    }
    template <typename Event>
    std::optional<base::Time> time_of() const {
        for (const Seen& s : seen)
            if (std::holds_alternative<Event>(s.event)) return s.at;
        return std::nullopt;
    }

    std::vector<Seen> seen;
    std::vector<float> sound;
    std::optional<base::Time> first_audio;
    std::optional<base::Time> last_audio;
    int cleared = 0;

private:
    const base::Strand& strand_;
};

/// A short name of each kind of event, in the order of CallEvent.
inline std::string name_of(const call::CallEvent& event) {
    static const std::vector<std::string> names{
        "session.created", "session.updated", "error", "speech_started", "speech_stopped", "committed", "cleared",
        "item.added", "item.done", "item.retrieved", "item.truncated", "item.deleted", "transcription.delta",
        "transcription.completed", "transcription.failed", "response.created", "output_item.added",
        "content_part.added", "text.delta", "text.done", "transcript.delta", "transcript.done", "audio.done",
        "content_part.done", "output_item.done", "response.done", "turn", "timeout", "partial", "arguments.delta",
        "arguments.done", "sound.started", "sound.stopped", "sound.cleared", "words", "state", "language"};
    return names.at(event.index());
}

class Scene : public ::testing::Test {
protected:
    /// Begins the call; change settings, session and engines before.
    void begin() {
        call = call::Call::open(session, settings, engines, simulation.strand(), peer);
        simulation.run_for(milliseconds(1));
    }
    void TearDown() override {
        if (call) call->close();
        simulation.run_for(std::chrono::seconds(60));
    }

    void hear(milliseconds length, float amplitude) {
        for (milliseconds passed{0}; passed < length; passed += milliseconds(20)) {
            std::vector<float> frame(480);
            for (std::size_t i = 0; i < frame.size(); ++i)
                frame[i] = amplitude * std::sin(0.07F * static_cast<float>(i)) * 1.4F;
            call->hear(frame);
            simulation.run_for(milliseconds(20));
        }
    }
    void speak(milliseconds length) { hear(length, 0.3F); }
    void silence(milliseconds length) { hear(length, 0.001F); }
    /// Time passes without any sound from the caller.
    void wait(milliseconds length) { simulation.run_for(length); }
    /// The caller's whole turn, answered or not within the time.
    void turn(milliseconds answered = milliseconds(9000)) {
        speak(milliseconds(600));
        silence(milliseconds(900));
        wait(answered);
    }
    void expect_refused(const std::string& event_id, base::Errc code, const std::string& param = "") {
        ASSERT_FALSE(peer.all<call::RequestFailed>().empty());
        const auto refused = peer.all<call::RequestFailed>().back();
        EXPECT_EQ(refused.client_event_id, event_id);
        EXPECT_EQ(refused.error.code, code) << refused.error.text;
        if (!param.empty()) {
            EXPECT_EQ(refused.error.param, param);
        }
    }

    think::Item typed(const std::string& text, engine::Role role = engine::Role::user) {
        return {{}, think::ItemKind::message, role, think::ItemStatus::completed, {{think::ContentKind::input_text, text, nullptr}}};
    }
    /// What the language model was last asked, without the instructions.
    std::vector<engine::Message> last_messages() const {
        auto messages = language_model.requests.back().messages;
        if (!messages.empty() && messages.front().role == engine::Role::system) messages.erase(messages.begin());
        return messages;
    }
    std::vector<std::string> last_texts() const {
        std::vector<std::string> texts;
        for (const auto& message : last_messages()) texts.push_back(message.text);
        return texts;
    }
    template <typename Event>
    std::size_t count() const { return peer.all<Event>().size(); }
    /// The names of the events from the first one of this name on, without those of `but`.
    std::vector<std::string> told_from(const std::string& first, const std::vector<std::string>& but = {}) const {
        std::vector<std::string> names;
        for (const auto& seen : peer.seen) {
            const std::string name = name_of(seen.event);
            if (names.empty() && name != first) continue;
            if (std::find(but.begin(), but.end(), name) == but.end()) names.push_back(name);
        }
        return names;
    }
    std::vector<call::AgentState> states() const {
        std::vector<call::AgentState> all;
        for (const auto& change : peer.all<call::StateChanged>()) all.push_back(change.state);
        return all;
    }

    fakes::Simulation simulation;
    SceneVoiceDetector voice_detector;
    SceneRecognizer recognizer{simulation};
    SceneLanguageModel language_model{simulation};
    SceneSynthesizer synthesizer{simulation};
    fakes::Simulation::SimulatedWorkers recognizer_workers{simulation, 2, 4};
    fakes::Simulation::SimulatedWorkers language_model_workers{simulation, 4, 4};
    fakes::Simulation::SimulatedWorkers synthesizer_workers{simulation, 2, 4};
    base::Metrics metrics;
    call::CallMetrics call_metrics{metrics};
    call::CallEngines engines{voice_detector,     recognizer,           language_model,         synthesizer,
                              recognizer_workers, language_model_workers, synthesizer_workers, call_metrics};
    call::CallSettings settings;
    call::Session session = [] {
        call::Session s;
        s.id = "sess_scene";
        s.instructions = "Answer shortly.";
        return s;
    }();
    ScenePeer peer{*simulation.strand()};
    std::shared_ptr<call::Call> call;
};

}  // namespace antiphon::scenes
