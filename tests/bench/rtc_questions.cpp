#include "bench/rtc_questions.hpp"

#include "app/caller_conversation.hpp"
#include "app/caller_event.hpp"
#include "app/caller_latency.hpp"
#include "app/caller_report.hpp"
#include "audio/opus_codec.hpp"
#include "audio/pcm.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"
#include "base/utf8.hpp"
#include "listen/sound_receiver.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <utility>
#include <variant>

namespace antiphon::bench {
namespace {

using base::Clock;

constexpr int kRate = 24'000;
constexpr std::size_t kFrame = kRate / 50;
constexpr base::milliseconds kFrameTime{20};
constexpr std::chrono::seconds kPatience{40};
constexpr std::size_t kPauseFrames = 25;
/// The answer's last packets may still be in the jitter buffer when the event comes.
constexpr base::milliseconds kToPlay{600};
constexpr std::size_t kReportFrames = 100;
constexpr const char* kWithCaptions =
    R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"transcription":{"model":"whisper-1"}}}}})";

template <typename Value>
Value must(base::Result<Value> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

struct Question {
    std::string name;
    std::vector<float> samples;  ///< whole frames
    std::size_t speech_end = 0;
};

Question load(const std::string& file) {
    const auto sound = must(audio::read_wav(file));
    Question question{file, must(audio::resample(sound.samples, sound.sample_rate, kRate)), 0};
    const auto end = app::last_speech_sample({question.samples, kRate});
    if (!end) throw std::runtime_error(file + ": nothing in it is loud enough");
    question.speech_end = *end;
    question.samples.resize((question.samples.size() + kFrame - 1) / kFrame * kFrame);
    return question;
}

/// The call on one thread: a frame is sent when its last sample would have been taken, and the next 20 ms of the answer
/// are played then.
class Asking {
public:
    explicit Asking(const AskPlan& plan) : ways_(plan.network), receiver_(must(listen::SoundReceiver::open())), writer_(open_writer(plan)) {
        call_.call(plan.server.host, plan.server.port, &ways_);
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, kPatience, [this] { return (open_ && talks_) || !ended_.empty(); }) || !ended_.empty())
            throw std::runtime_error("the call was not opened: " + ended_);
        lock.unlock();
        call_.send_event(kWithCaptions);
        began_ = Clock::now();
        played_.resize(listen::SoundReceiver::kFrame);
        pause();
    }

    app::CallerTurn ask(const Question& question) {
        turn_ = {};
        turn_.question = question.name;
        turn_.spoken = true;
        turn_.speech_end = audio::duration_of(frames_ * kFrame + question.speech_end, kRate);
        completed_ = false;
        silent_since_.reset();
        answer_from_.reset();
        lateness_ = {};
        for (std::size_t at = 0; at < question.samples.size(); at += kFrame)
            frame(std::span<const float>(question.samples).subspan(at, kFrame));
        while (!answered()) {
            if (now() - turn_.speech_end > kPatience) throw std::runtime_error("no whole answer to " + question.name);
            frame(kSilence);
        }
        if (answer_from_) {
            const audio::Pcm played{played_, listen::SoundReceiver::kRate};
            const auto from = audio::samples_in(*answer_from_, listen::SoundReceiver::kRate);
            if (const auto first = app::first_audible_sample(played, from)) {
                turn_.answer_begin = audio::duration_of(*first, listen::SoundReceiver::kRate);
                turn_.voice_to_voice = *turn_.answer_begin - turn_.speech_end;
            }
        }
        pause();
        return turn_;
    }

    base::Duration lateness() const { return lateness_; }

private:
    static audio::OpusWriter open_writer(const AskPlan& plan) {
        audio::OpusWriterSettings settings;
        settings.sample_rate = kRate;
        settings.discontinuous = false;  // browsers send silence as well
        auto writer = must(audio::OpusWriter::open(settings));
        writer.expect_loss(plan.network.loss);
        return writer;
    }

    RtcCall::Events events() {
        return {[this] { tell([this] { open_ = true; }); },
                [this](std::string_view event) {
                    tell([&] {
                        talks_ = true;
                        messages_.emplace_back(event, Clock::now());
                    });
                },
                [this](std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t> payload, base::Time arrived) {
                    tell([&] {
                        if (!payload.empty()) receiver_.put(sequence, timestamp, payload, arrived);
                    });
                },
                [this](const std::string& why) { tell([&] { ended_ = why; }); }};
    }

    template <typename Change>
    void tell(Change change) {
        {
            const std::scoped_lock lock(mutex_);
            change();
        }
        changed_.notify_all();
    }

    base::Duration now() const { return Clock::now() - began_; }

    void pause() {
        for (std::size_t i = 0; i < kPauseFrames; ++i) frame(kSilence);
    }

    void frame(std::span<const float> samples) {
        const auto due = began_ + ++frames_ * kFrameTime;
        std::this_thread::sleep_until(due);
        if (!answer_from_) lateness_ = std::max<base::Duration>(lateness_, Clock::now() - due);
        const auto opus = must(writer_.encode(samples));
        call_.send_sound(opus, false);
        if (frames_ % kReportFrames == 0) call_.send_report();
        std::vector<std::pair<std::string, base::Time>> messages;
        {
            const std::scoped_lock lock(mutex_);
            if (!ended_.empty()) throw std::runtime_error("the call was lost: " + ended_);
            const auto sound = receiver_.step(due);
            if (sound) played_.insert(played_.end(), sound->begin(), sound->end());
            else played_.resize(played_.size() + listen::SoundReceiver::kFrame);
            messages.swap(messages_);
        }
        for (const auto& [text, arrived] : messages) take(text, arrived - began_);
    }

    void take(const std::string& text, base::Duration at) {
        const auto event = must(app::read_server_event(text));
        if (text.find(R"("type":"output_audio_buffer.stopped")") != text.npos ||
            text.find(R"("type":"output_audio_buffer.cleared")") != text.npos)
            silent_since_ = at;
        if (text.find(R"("type":"output_audio_buffer.started")") != text.npos) silent_since_.reset();
        if (const auto* refusal = std::get_if<app::ServerRefuses>(&event)) throw std::runtime_error(refusal->message);
        if (const auto* caption = std::get_if<app::CallerCaptionDone>(&event)) turn_.heard += (turn_.heard.empty() ? "" : " ") + std::string(base::trimmed(caption->text));
        if (const auto* words = std::get_if<app::AnswerTextGrows>(&event)) turn_.answer += words->text;
        if (const auto* remark = std::get_if<app::ServerRemark>(&event)) turn_.remarks.push_back(remark->json);
        if (std::holds_alternative<app::CallerBeginsToSpeak>(event)) caller_speaks_ = true;
        if (std::holds_alternative<app::CallerStopsSpeaking>(event)) caller_speaks_ = false;
        if (const auto* answer = std::get_if<app::AnswerBegins>(&event)) {
            under_way_.insert(answer->response_id);
            if (at < turn_.speech_end) ++turn_.cut_ins;
            else if (!answer_from_) answer_from_ = at;
        }
        if (const auto* end = std::get_if<app::AnswerEnds>(&event)) {
            under_way_.erase(end->response_id);
            completed_ = completed_ || end->status == "completed" || end->status == "incomplete";
        }
    }

    bool answered() const {
        return completed_ && under_way_.empty() && !caller_speaks_ && silent_since_ && now() - *silent_since_ > kToPlay;
    }

    inline static const std::vector<float> kSilence = std::vector<float>(kFrame);

    UdpWays ways_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    bool talks_ = false;
    std::string ended_;
    std::vector<std::pair<std::string, base::Time>> messages_;
    listen::SoundReceiver receiver_;

    audio::OpusWriter writer_;
    base::Time began_{};
    std::size_t frames_ = 0;
    std::vector<float> played_;  ///< from the call's begin on
    app::CallerTurn turn_;
    std::set<std::string> under_way_;
    bool caller_speaks_ = false;
    bool completed_ = false;
    std::optional<base::Duration> silent_since_;
    std::optional<base::Duration> answer_from_;
    base::Duration lateness_{};
    RtcCall call_{1, events()};  // last: its events touch the rest until it goes
};

}  // namespace

int run_questions(const AskPlan& plan) {
    Asking asking(plan);
    app::CallerWayReport way;
    way.webrtc = true;
    int number = 0;
    for (const std::string& file : plan.files) {
        const auto turn = asking.ask(load(file));
        std::printf("%s\n", app::turn_as_json(turn, ++number, asking.lateness(), way).c_str());
        std::fflush(stdout);
    }
    return 0;
}

}  // namespace antiphon::bench
