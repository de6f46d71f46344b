#include "app/call_command.hpp"

#include "app/caller_captions.hpp"
#include "app/caller_conversation.hpp"
#include "app/caller_event.hpp"
#include "app/caller_latency.hpp"
#include "app/caller_microphone.hpp"
#include "app/caller_peer.hpp"
#include "app/caller_report.hpp"
#include "app/caller_ways.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <optional>
#include <utility>
#include <variant>

namespace antiphon::app {
namespace {

constexpr base::milliseconds kFrameTime{20};
/// A person takes a breath before the next question.
constexpr base::milliseconds kPauseBetweenTurns{500};
constexpr std::uint32_t kNoiseSeed = 1;
constexpr int kInterruptedExit = 130;

volatile std::sig_atomic_t interrupted = 0;

/// While it lives, the first Ctrl-C asks for an orderly end; the second ends the process.
class InterruptWatch {
public:
    InterruptWatch()
        : before_(std::signal(SIGINT, [](int) {
              interrupted = 1;
              std::signal(SIGINT, SIG_DFL);
          })) {
        interrupted = 0;
    }
    ~InterruptWatch() { std::signal(SIGINT, before_); }
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

private:
    void (*before_)(int);
};

struct Question {
    std::string name;
    std::vector<float> samples;
    std::size_t speech_end = 0;  ///< index of the last sample of speech
};

base::Result<Question> load_question(const std::filesystem::path& path) {
    auto sound = audio::read_wav(path);
    if (!sound) return sound.error();
    if (!audio::all_finite(sound->samples))
        return base::error(base::Errc::invalid, path.string() + ": it has samples that are no numbers");
    auto samples = audio::resample(sound->samples, sound->sample_rate, CallerMicrophone::kRate);
    if (!samples) return samples.error();
    audio::Pcm resampled{std::move(*samples), CallerMicrophone::kRate};
    const auto speech_end = last_speech_sample(resampled);
    if (!speech_end) return base::error(base::Errc::invalid, path.string() + ": nothing in it is louder than -45 dBFS");
    return Question{path.string(), std::move(resampled.samples), *speech_end};
}

CallerWaysSettings ways_of(const CallCommand& command, CallerAddress address) {
    CallerWaysSettings settings;
    settings.address = std::move(address);
    settings.trust = command.trust;
    settings.key = command.key;
    settings.transport = command.transport;
    settings.fallback = command.fallback;
    settings.silence = command.silence;
    settings.speaks = !command.wavs.empty();  // a typed conversation has no microphone, but the same clock
    settings.timeout = command.timeout;
    return settings;
}

/// One call from its first frame to its last.
class TerminalCall {
public:
    TerminalCall(const CallCommand& command, CallerAddress address)
        : command_(command),
          captions_(std::cout),
          ways_(
              ways_of(command, std::move(address)), microphone_, [this](const std::string& text) { tell_person(text); },
              [] { return interrupted != 0; }) {}

    base::Result<void> set_up() {
        if (auto opened = ways_.open(); !opened) return opened;
        const base::Time give_up = base::Clock::now() + command_.timeout;
        began_ = base::Clock::now();
        while (!ways_.ready() && interrupted == 0) {
            if (base::Clock::now() >= give_up) return silent_server();
            if (auto heard = listen_until(base::Clock::now() + kFrameTime); !heard) return heard;
        }
        began_ = base::Clock::now();
        return {};
    }

    base::Result<void> type(const std::string& text) {
        if (!command_.json) captions_.line("you", text);
        conversation_.begin_typed(text, now());
        ways_.tell(write_typed_message(text));
        ways_.tell(write_response_create());
        return wait_for_answer();
    }

    base::Result<void> speak(Question question) {
        const std::size_t begin = microphone_.speak(std::move(question.samples));
        conversation_.begin_spoken(question.name,
                                   audio::duration_of(begin + question.speech_end, CallerMicrophone::kRate));
        return wait_for_answer();
    }

    base::Result<void> write_recording() const {
        if (command_.out.empty()) return {};
        const std::array channels{audio::Pcm{microphone_.sent(), CallerMicrophone::kRate},
                                  conversation_.playout().played()};
        return audio::write_wav(command_.out, audio::encode_wav(channels));
    }

    void say_how_it_went() {
        captions_.end_line();
        if (!command_.json && turns_ > 0) std::cout << way_line(ways_.report()) << std::endl;
    }

private:
    base::Duration now() const { return base::Clock::now() - began_; }

    void tell_person(const std::string& text) {
        captions_.end_line();
        std::cerr << text << std::endl;
    }

    base::Error silent_server() const {
        std::string text = "no answer within " + std::to_string(command_.timeout.count()) + " s";
        if (!conversation_.trouble().empty()) text += ": " + conversation_.trouble();
        return base::error(base::Errc::unavailable, std::move(text));
    }

    base::Result<void> wait_for_answer() {
        while (!(conversation_.answered(now()) && !microphone_.speaking())) {
            if (interrupted != 0) return {};
            if (now() - conversation_.last_progress() > command_.timeout && !microphone_.speaking())
                return silent_server();
            if (auto went = next_frame(); !went) return went;
        }
        captions_.end_line();
        CallerTurn turn = conversation_.finish();
        ++turns_;
        if (command_.json)
            std::cout << turn_as_json(turn, turns_, worst_lateness_, ways_.report()) << std::endl;
        else if (turn.spoken)
            std::cout << latency_line(turn) << std::endl;
        worst_lateness_ = base::Duration::zero();
        for (base::Duration pause{}; pause < kPauseBetweenTurns && interrupted == 0; pause += kFrameTime)
            if (auto went = next_frame(); !went) return went;
        return {};
    }

    /// Waits for the next frame's time on an absolute clock while listening, then sends it. As with a
    /// microphone, a frame can be sent when its last sample has been taken.
    base::Result<void> next_frame() {
        microphone_.next_frame();
        const base::Time due = began_ + audio::duration_of(microphone_.sent().size(), CallerMicrophone::kRate);
        if (auto heard = listen_until(due); !heard) return heard;
        // Later ones cannot shift what is measured.
        if (!conversation_.sounds()) worst_lateness_ = std::max(worst_lateness_, base::Clock::now() - due);
        if (const auto sound = ways_.beat(base::Clock::now())) conversation_.hear(*sound, due - began_);
        return {};
    }

    base::Result<void> listen_until(base::Time until) {
        for (;;) {
            auto came = ways_.receive(until);
            if (!came) return came.error();
            if (changes_ != ways_.changes()) {
                changes_ = ways_.changes();
                conversation_.way_changed(now());
            }
            if (!*came) return {};
            const CallerEvent& event = (*came)->event;
            if (const auto* refusal = std::get_if<ServerRefuses>(&event))
                return base::error(base::Errc::invalid, "the server reported an error: " + refusal->message);
            if (const auto* failure = std::get_if<CallerNotUnderstood>(&event))
                return base::error(base::Errc::engine, "the server could not transcribe: " + failure->message);
            conversation_.take(event, (*came)->arrived - began_);
            if (!command_.json) show(event);
        }
    }

    void show(const CallerEvent& event) {
        if (const auto* words = std::get_if<CallerCaptionGrows>(&event)) {
            captions_.grow("you", words->text);
            growing_caption_ = words->item_id;
        } else if (const auto* caption = std::get_if<CallerCaptionDone>(&event)) {
            if (growing_caption_ != caption->item_id) captions_.line("you", caption->text);
            growing_caption_.clear();
        } else if (const auto* answer = std::get_if<AnswerTextGrows>(&event)) {
            captions_.grow("antiphon", answer->text);
        } else if (std::holds_alternative<AnswerEnds>(event)) {
            captions_.end_line();
        }
    }

    const CallCommand& command_;
    CallerCaptions captions_;
    CallerMicrophone microphone_{kNoiseSeed};
    CallerWays ways_;
    CallerConversation conversation_{CallerMicrophone::kRate};
    base::Time began_ = base::Clock::now();
    int changes_ = 0;  ///< of the call's way that the conversation knows of
    int turns_ = 0;
    base::Duration worst_lateness_{};  ///< of a frame's sending, until this turn's answer sounds
    std::string growing_caption_;      ///< the item whose words came bit by bit
};

base::Result<void> make_call(const CallCommand& command) {
    if (command.wavs.empty() && command.texts.empty())
        return base::error(base::Errc::invalid, "nothing to say: give --wav or --text");
    std::vector<Question> questions;
    for (const auto& path : command.wavs) {
        auto question = load_question(path);
        if (!question) return question.error();
        questions.push_back(std::move(*question));
    }
    const auto address = parse_caller_address(command.server);
    if (!address) return address.error();
    TerminalCall call(command, *address);
    auto went = call.set_up();
    for (auto text = command.texts.begin(); text != command.texts.end() && went && interrupted == 0; ++text)
        went = call.type(*text);
    for (auto question = questions.begin(); question != questions.end() && went && interrupted == 0; ++question)
        went = call.speak(std::move(*question));
    call.say_how_it_went();
    // What was heard until a failure is worth keeping.
    auto written = call.write_recording();
    return went ? written : went;
}

}  // namespace

int run_call_command(const CallCommand& command) {
    const InterruptWatch watch;
    std::optional<WebRtcLibraryUse> library;
    if (command.transport != CallerTransport::websocket) library.emplace();
    const auto went = make_call(command);
    if (!went) {
        std::cout << std::flush;
        std::cerr << "antiphon call: " << went.error().text << std::endl;
        return 1;
    }
    return interrupted != 0 ? kInterruptedExit : 0;
}

}  // namespace antiphon::app
