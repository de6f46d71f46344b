#include "bench/rtc_crowd.hpp"

#include "audio/opus_codec.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"
#include "source_folder.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace antiphon::bench {
namespace {

using base::Clock;
using base::milliseconds;

constexpr int kRate = 24'000;
constexpr std::size_t kFrame = kRate / 50;
constexpr std::size_t kSilentFrames = 50;
constexpr milliseconds kBeat{20};
constexpr int kPhases = 10;            ///< callers speak spread over the beat, in as many groups
constexpr milliseconds kLate{5};
constexpr std::chrono::seconds kPatience{20};
constexpr std::chrono::seconds kOpenPatience{30};
constexpr std::size_t kPauseFrames = 25;
constexpr std::size_t kReportBeats = 100;
constexpr std::size_t kComfortBeats = 20;
constexpr std::uint32_t kTicks = 960;
constexpr std::size_t kLastEvents = 40;
// "what you can do for your country", one breath, of the golden recording.
constexpr double kSpeechBegins = 8.2;
constexpr double kSpeechEnds = 10.8;

float since(base::Time from, base::Time to) { return static_cast<float>(base::seconds(to - from) * 1000.0); }

template <typename Value>
Value must(base::Result<Value> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

}  // namespace

SpokenTurn::SpokenTurn(double expected_loss) {
    const auto recording = must(audio::read_wav(std::string(ANTIPHON_SOURCE_DIR) + "/tests/golden/jfk.wav"));
    const auto samples = must(audio::resample(recording.samples, recording.sample_rate, kRate));
    audio::OpusWriterSettings settings;
    settings.sample_rate = kRate;
    settings.discontinuous = false;  // browsers send silence as well
    auto writer = must(audio::OpusWriter::open(settings));
    writer.expect_loss(expected_loss);
    const auto begin = static_cast<std::size_t>(kSpeechBegins * kRate);
    const auto end = std::min(static_cast<std::size_t>(kSpeechEnds * kRate), samples.size());
    for (std::size_t at = begin; at + kFrame <= end; at += kFrame)
        speech.push_back(must(writer.encode(std::span<const float>(samples).subspan(at, kFrame))));
    const std::vector<float> nothing(kFrame);
    for (std::size_t i = 0; i < 2 * kSilentFrames; ++i) {
        auto frame = must(writer.encode(nothing));
        if (i >= kSilentFrames) silence.push_back(std::move(frame));  // the first ones fade
    }
}

RtcCaller::RtcCaller(RtcCrowd& crowd, std::size_t number)
    : crowd_(crowd),
      number_(number),
      call_(static_cast<std::uint32_t>(1000 + number),
            {[this] {
                 const std::scoped_lock lock(mutex_);
                 open_ = true;
             },
             [this](std::string_view event) { take_event(event); },
             [this](std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t> payload, base::Time arrived) {
                 take_sound(sequence, timestamp, payload, arrived);
             },
             [this](const std::string& why) { lose(why); }}) {}

void RtcCaller::start() {
    {
        const std::scoped_lock lock(mutex_);
        offered_ = turn_began_ = Clock::now();
    }
    const auto took = call_.call(crowd_.server_.host, crowd_.server_.port, crowd_.ways_);
    crowd_.note([&](RtcSeen& seen) { seen.post.push_back(since(Clock::time_point{}, Clock::time_point{} + took)); });
}

void RtcCaller::beat(base::Time due) {
    const auto now = Clock::now();
    if (crowd_.measuring_)
        crowd_.note([&](RtcSeen& seen) {
            ++seen.frames;
            if (now - due > kLate) ++seen.late;
        });
    const std::scoped_lock lock(mutex_);
    if (!open_ || ending_ || lost_ || apart_) return;
    if (++beats_ % kReportBeats == number_ % kReportBeats) call_.send_report();
    if (crowd_.manner_ == RtcManner::idle) {
        if (beats_ % kComfortBeats == 1) return call_.send_sound(crowd_.sound_.silence.front(), false);
        return call_.skip_sound();
    }
    if (turn_ == Turn::none && !session_) {
        // The call begins with its data channel; under loss that opens seconds after the sound, and what is said before
        // then is not heard.
        if (now - offered_ > kOpenPatience) lost_ = true;
        if (lost_) crowd_.note([](RtcSeen& seen) {
            ++seen.lost;
            if (seen.why_lost.empty()) seen.why_lost = "no session was created in time";
        });
        return call_.send_sound(crowd_.sound_.silence[beats_ % crowd_.sound_.silence.size()], false);
    }
    if (turn_ == Turn::none) {
        turn_ = Turn::speaking;
        turn_began_ = now;
        answered_early_ = false;
        frame_ = 0;
    }
    if (turn_ == Turn::speaking) {
        call_.send_sound(crowd_.sound_.speech[frame_], frame_ == 0);
        if (++frame_ == crowd_.sound_.speech.size()) turn_ = answered_early_ ? Turn::answered : Turn::waiting;
        return;
    }
    call_.send_sound(crowd_.sound_.silence[beats_ % crowd_.sound_.silence.size()], false);
    if (turn_ == Turn::answered && pause_-- == 0) turn_ = Turn::none;
    if (crowd_.manner_ == RtcManner::talk && now - turn_began_ > kPatience) {
        lost_ = true;
        crowd_.note([this](RtcSeen& seen) {
            ++seen.lost;
            if (seen.why_lost.empty()) seen.why_lost = "a turn was not answered in time; the call's last events: " + last_events();
        });
    }
}

std::string RtcCaller::last_events() const {
    std::string text;
    for (const auto& [type, when] : last_events_)
        text += (text.empty() ? "" : ", ") + type + " at " + std::to_string(base::whole_milliseconds(when - turn_began_)) + " ms";
    return text;
}

void RtcCaller::take_event(std::string_view event) {
    constexpr std::string_view kType = R"("type":")";
    const auto at = event.find(kType);
    if (at == event.npos) return lose("an event without its type");
    const auto begin = at + kType.size();
    const std::string_view type = event.substr(begin, event.find('"', begin) - begin);
    {
        const std::scoped_lock lock(mutex_);
        last_events_.emplace_back(type, Clock::now());
        if (last_events_.size() > kLastEvents) last_events_.pop_front();
    }
    if (type == "error") return lose(std::string(event.substr(0, 300)));
    if (type == "session.created") {
        const std::scoped_lock lock(mutex_);
        session_ = true;
        crowd_.note([&](RtcSeen& seen) { seen.session.push_back(since(offered_, Clock::now())); });
    }
    if (type == "input_audio_buffer.speech_started") {
        const std::scoped_lock lock(mutex_);
        answered_early_ = false;
        if (std::exchange(heard_, true)) return;
        crowd_.note([&](RtcSeen& seen) { seen.first_to_server.push_back(since(offered_, Clock::now())); });
        if (sound_came_) greeted_ = true;
    }
    if (type == "response.done" && event.find(R"("status":"failed")") != event.npos)
        return lose("not answered: " + std::string(event.substr(0, 300)));
    if (type == "output_audio_buffer.cleared" && crowd_.measuring_)
        crowd_.note([](RtcSeen& seen) { ++seen.cut_short; });
    if (type == "output_audio_buffer.stopped") {
        const std::scoped_lock lock(mutex_);
        // A loss can end the turn early. What is left of the sentence may be too little to be speech, and then has no answer.
        if (turn_ == Turn::speaking) answered_early_ = true;
        else if (turn_ == Turn::waiting) turn_ = Turn::answered;
        else return;
        pause_ = kPauseFrames;
        if (crowd_.measuring_) crowd_.note([](RtcSeen& seen) { ++seen.turns; });
    }
}

void RtcCaller::take_sound(std::uint16_t sequence, std::uint32_t timestamp, std::span<const std::uint8_t>, base::Time arrived) {
    const std::scoped_lock lock(mutex_);
    if (!std::exchange(sound_came_, true)) {
        crowd_.note([&](RtcSeen& seen) { seen.first_from_server.push_back(since(offered_, arrived)); });
        if (heard_ || crowd_.manner_ == RtcManner::idle) greeted_ = true;
    } else if (crowd_.measuring_ && !apart_ && static_cast<std::uint16_t>(last_sequence_ + 1) == sequence &&
               timestamp - last_timestamp_ == kTicks) {
        crowd_.note([&](RtcSeen& seen) { seen.arrival_gaps.push_back(since(last_arrived_, arrived)); });
    }
    last_sequence_ = sequence;
    last_timestamp_ = timestamp;
    last_arrived_ = arrived;
}

void RtcCaller::lose(const std::string& why) {
    {
        const std::scoped_lock lock(mutex_);
        if (ending_ || lost_ || apart_) return;
        lost_ = true;
    }
    crowd_.note([&](RtcSeen& seen) {
        ++seen.lost;
        if (seen.why_lost.empty()) seen.why_lost = why;
    });
}

void RtcCaller::take_no_part() {
    const std::scoped_lock lock(mutex_);
    apart_ = true;
}

void RtcCaller::hang_up() {
    {
        const std::scoped_lock lock(mutex_);
        ending_ = true;
    }
    call_.close();
}

RtcCrowd::RtcCrowd(const SpokenTurn& sound, const RtcServer& server, RtcManner manner, UdpWays* ways)
    : sound_(sound), server_(server), manner_(manner), ways_(ways), thread_([this] { run(); }) {}

RtcCrowd::~RtcCrowd() {
    ended_ = true;
    thread_.join();
    clear();
}

RtcCaller& RtcCrowd::add() {
    auto caller = std::make_shared<RtcCaller>(*this, added_++);
    caller->start();
    const std::scoped_lock lock(callers_mutex_);
    return *callers_.emplace_back(std::move(caller));
}

bool RtcCrowd::all_greeted(std::chrono::seconds longest) {
    for (const auto until = Clock::now() + longest; Clock::now() < until; std::this_thread::sleep_for(milliseconds(1))) {
        const std::scoped_lock lock(callers_mutex_);
        if (std::all_of(callers_.begin(), callers_.end(), [](const auto& caller) { return caller->greeted() || caller->lost(); }))
            return true;
    }
    return false;
}

std::size_t RtcCrowd::open() {
    const std::scoped_lock lock(callers_mutex_);
    return static_cast<std::size_t>(
        std::count_if(callers_.begin(), callers_.end(), [](const auto& caller) { return caller->greeted() && !caller->lost(); }));
}

RtcSeen RtcCrowd::seen() {
    const std::scoped_lock lock(seen_mutex_);
    return seen_;
}

void RtcCrowd::hang_up() {
    const std::scoped_lock lock(callers_mutex_);
    for (const auto& caller : callers_) caller->hang_up();
}

void RtcCrowd::clear() {
    hang_up();
    std::vector<std::shared_ptr<RtcCaller>> gone;
    const std::scoped_lock lock(callers_mutex_);
    gone.swap(callers_);
}

void RtcCrowd::run() {
    const auto began = Clock::now();
    std::vector<std::shared_ptr<RtcCaller>> callers;
    for (std::int64_t step = 0; !ended_; ++step) {
        const auto due = began + step * kBeat / kPhases;
        std::this_thread::sleep_until(due);
        {
            const std::scoped_lock lock(callers_mutex_);
            callers = callers_;
        }
        for (auto i = static_cast<std::size_t>(step % kPhases); i < callers.size(); i += kPhases) callers[i]->beat(due);
        callers.clear();
    }
}

}  // namespace antiphon::bench
