#include "app/call_command.hpp"

#include "app/caller_captions.hpp"
#include "app/caller_connection.hpp"
#include "app/caller_conversation.hpp"
#include "app/caller_event.hpp"
#include "app/caller_latency.hpp"
#include "app/caller_microphone.hpp"
#include "app/caller_report.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <memory>
#include <optional>
#include <span>
#include <thread>
#include <utility>
#include <variant>

namespace antiphon::app {
namespace {

constexpr base::milliseconds kFrameTime{20};
/// A person takes a breath before the next question.
constexpr base::milliseconds kPauseBetweenTurns{500};
constexpr std::uint32_t kNoiseSeed = 1;
constexpr int kInterruptedExit = 130;
/// A server that keeps the call says something each second.
constexpr base::milliseconds kSignOfLife{4000};
constexpr base::milliseconds kAttempt{3000};
constexpr base::milliseconds kBetweenAttempts{300};
constexpr std::size_t kResentPiece = 12'000;  ///< half a second

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

/// One call from its first frame to its last.
class TerminalCall {
public:
    TerminalCall(const CallCommand& command, CallerAddress address, std::unique_ptr<CallerConnection> connection)
        : command_(command), address_(std::move(address)), connection_(std::move(connection)), captions_(std::cout) {}

    base::Result<void> set_up() {
        connection_->send(write_session_update(command_.silence));
        const base::Time give_up = base::Clock::now() + command_.timeout;
        while (!ready_ && interrupted == 0) {
            if (base::Clock::now() >= give_up) return silent_server();
            if (auto heard = listen_until(base::Clock::now() + kFrameTime); !heard) return heard;
        }
        began_ = base::Clock::now();
        return {};
    }

    base::Result<void> type(const std::string& text) {
        if (!command_.json) captions_.line("you", text);
        conversation_.begin_typed(text, now());
        connection_->send(write_typed_message(text));
        connection_->send(write_response_create());
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

private:
    base::Duration now() const { return base::Clock::now() - began_; }

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
            std::cout << turn_as_json(turn, turns_, worst_lateness_) << std::endl;
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
        const std::span<const float> frame = microphone_.next_frame();
        const base::Time due = began_ + audio::duration_of(microphone_.sent().size(), CallerMicrophone::kRate);
        frame_waits_ = true;
        if (auto heard = listen_until(due); !heard) return heard;
        frame_waits_ = false;
        // Later ones cannot shift what is measured.
        if (!conversation_.sounds()) worst_lateness_ = std::max(worst_lateness_, base::Clock::now() - due);
        // A typed conversation has no microphone, but the same clock.
        if (!command_.wavs.empty() && !resuming_) connection_->send(write_audio_append(frame));
        return {};
    }

    base::Result<void> listen_until(base::Time until) {
        for (;;) {
            auto message = connection_->receive(until);
            const bool dead = message && !*message && kept_ && base::Clock::now() - last_sign_ > kSignOfLife;
            if (!message || dead) {
                auto back = come_back(message ? base::error(base::Errc::unavailable, "the connection is dead", "server")
                                              : message.error());
                if (!back) return back;
                continue;
            }
            if (!*message) return {};
            last_sign_ = (*message)->arrived;
            auto event = read_server_event((*message)->text);
            if (!event) return event.error();
            if (const auto id = event_id_of((*message)->text); !id.empty() && !std::holds_alternative<ServerLives>(*event))
                last_event_id_ = id;
            if (const auto* created = std::get_if<SessionIsCreated>(&*event); created && created->resumable)
                connection_->send(write_resumable_update());
            if (const auto* kept = std::get_if<SessionIsKept>(&*event)) take_kept(*kept);
            if (const auto* refusal = std::get_if<ServerRefuses>(&*event))
                return base::error(base::Errc::invalid, "the server reported an error: " + refusal->message);
            if (const auto* failure = std::get_if<CallerNotUnderstood>(&*event))
                return base::error(base::Errc::engine, "the server could not transcribe: " + failure->message);
            if (std::holds_alternative<SessionIsUpdated>(*event)) ready_ = true;
            conversation_.take(*event, (*message)->arrived - began_);
            if (!command_.json) show(*event);
        }
    }

    /// Connects again and takes the same call over, for as long as the server keeps it. `why`: how it was lost, which is
    /// what fails when the call is gone.
    base::Result<void> come_back(const base::Error& why) {
        // Taken over by another: what it has is not to be taken back.
        if (!kept_ || why.text.find("taken over") != std::string::npos) return why;
        captions_.end_line();
        std::cerr << "Reconnecting..." << std::endl;
        const std::string target = address_.target.substr(0, address_.target.find('?')) + "?call_id=" + kept_->call_id +
                                   "&resume=" + kept_->token + "&last_event_id=" + last_event_id_;
        const base::Time give_up = base::Clock::now() + kept_->within;
        resuming_ = true;
        while (interrupted == 0) {
            CallerAddress address = address_;
            address.target = target;
            auto connection = CallerConnection::open(address, kAttempt);
            if (connection) {
                connection_ = std::move(*connection);
                last_sign_ = base::Clock::now();
                return {};
            }
            const bool gone = connection.error().code == base::Errc::not_found;
            if (gone || base::Clock::now() > give_up)
                return base::error(why.code, why.text + ", and the call could not be taken up again", why.param);
            std::this_thread::sleep_for(kBetweenAttempts);
        }
        return {};
    }

    /// After a return: what the server has not heard of our sound is sent again.
    void take_kept(const SessionIsKept& kept) {
        kept_ = kept;
        if (!kept.resumed) return;
        resuming_ = false;
        if (command_.wavs.empty()) return;
        auto rest = std::span<const float>(microphone_.sent());
        // The frame that waits to be sent is sent by next_frame(), if it waits.
        const std::size_t sent = frame_waits_ ? rest.size() - CallerMicrophone::kFrame : rest.size();
        const std::size_t heard = std::min(sent, audio::samples_in(kept.input_audio, CallerMicrophone::kRate));
        rest = rest.subspan(heard, sent - heard);
        while (!rest.empty()) {
            const std::size_t piece = std::min(rest.size(), kResentPiece);
            connection_->send(write_audio_append(rest.first(piece)));
            rest = rest.subspan(piece);
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
    const CallerAddress address_;
    std::unique_ptr<CallerConnection> connection_;
    CallerCaptions captions_;
    CallerMicrophone microphone_{kNoiseSeed};
    CallerConversation conversation_{CallerMicrophone::kRate};
    base::Time began_ = base::Clock::now();
    bool ready_ = false;
    std::optional<SessionIsKept> kept_;  ///< how to take the call over; none: the server does not keep it
    std::string last_event_id_;
    base::Time last_sign_ = base::Clock::now();
    bool resuming_ = false;     ///< connected anew, but not told yet what the server has heard
    bool frame_waits_ = false;  ///< the microphone's last frame has not been sent yet
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
    auto connection = CallerConnection::open(*address, command.timeout, command.trust);
    if (!connection) return connection.error();

    TerminalCall call(command, *address, std::move(*connection));
    auto went = call.set_up();
    for (auto text = command.texts.begin(); text != command.texts.end() && went && interrupted == 0; ++text)
        went = call.type(*text);
    for (auto question = questions.begin(); question != questions.end() && went && interrupted == 0; ++question)
        went = call.speak(std::move(*question));
    // What was heard until a failure is worth keeping.
    auto written = call.write_recording();
    return went ? written : went;
}

}  // namespace

int run_call_command(const CallCommand& command) {
    const InterruptWatch watch;
    const auto went = make_call(command);
    if (!went) {
        std::cout << std::flush;
        std::cerr << "antiphon call: " << went.error().text << std::endl;
        return 1;
    }
    return interrupted != 0 ? kInterruptedExit : 0;
}

}  // namespace antiphon::app
