// The call's sound over a media line, and what becomes of it when lines come and go.

#include "edge/realtime_session.hpp"

#include "audio/g711.hpp"
#include "audio/pcm.hpp"
#include "base/base64.hpp"
#include "base/log.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr int kLineRate = 16000;  ///< of MediaUser::heard
constexpr base::milliseconds kStep{20};
/// As long as there is patience for a connection to come about.
constexpr std::size_t kMostEarly = 30 * static_cast<std::size_t>(kLineRate);

std::int64_t taken_in(base::Duration length) {
    return std::chrono::duration_cast<std::chrono::microseconds>(length).count() * kTakenRate / 1'000'000;
}

/// The bytes of a message that carries sound.
std::vector<std::uint8_t> sound_in(const LoggedMessage& message) {
    if (message.binary) return {message.bytes.begin(), message.bytes.end()};
    boost::system::error_code failure;
    const auto event = boost::json::parse(message.bytes, failure);
    const auto* object = failure ? nullptr : event.if_object();
    const auto* delta = object ? object->if_contains("delta") : nullptr;
    const auto* text = delta ? delta->if_string() : nullptr;
    if (text == nullptr) return {};
    auto sound = base::base64_decode(std::string_view(text->data(), text->size()));
    return sound ? std::move(*sound) : std::vector<std::uint8_t>();
}

}  // namespace

/// The user of one line. The line holds it, so it never outlives the line that it names.
class RealtimeSession::Line final : public MediaUser {
public:
    Line(std::shared_ptr<RealtimeSession> of, const MediaLine& line) : session_(std::move(of)), line_(line) {}

    void heard(std::span<const float> samples) override { session_->heard(line_, samples); }
    void line_silent(bool silent) override { session_->line_silent(line_, silent); }
    void line_ended() override { session_->line_ended(line_); }

private:
    const std::shared_ptr<RealtimeSession> session_;
    const MediaLine& line_;
};

std::shared_ptr<MediaUser> RealtimeSession::user_of(const MediaLine& line) {
    return std::make_shared<Line>(shared_from_this(), line);
}

void RealtimeSession::attach_media(std::shared_ptr<MediaLine> line, bool alone) {
    if (over_) return line->close();
    drop_line();
    take_line(std::move(line));
    media_opens_ = alone;
    if (call_ && !lost_since_) call_->resume_output({});  // with the line's own lead
    look_at_reach("connecting");
}

void RealtimeSession::take_line(std::shared_ptr<MediaLine> line) {
    media_ = std::move(line);
    line_base_ = line_sent_;
    line_heard_base_ = media_->caller_sound();
    context_.plays_sound = true;
}

void RealtimeSession::heard(const MediaLine& line, std::span<const float> samples) {
    if (over_ || leaving_since_ || media_.get() != &line) return;
    line_flows_ = true;
    if (!call_ && media_opens_) {
        open_call();
        look_at_reach("line");
    }
    if (!call_) {
        // On a bad network the channel opens seconds after the sound has come: nothing of it is lost.
        if (early_.size() < kMostEarly) early_.insert(early_.end(), samples.begin(), samples.end());
    } else if (!waiting_.empty() && waiting_.back().from == nullptr) {
        waiting_.back().samples.insert(waiting_.back().samples.end(), samples.begin(), samples.end());
    } else {
        call_->hear(samples, kLineRate);
    }
}

void RealtimeSession::hear_early() {
    if (early_.empty()) return;
    waiting_.push_back({nullptr, std::exchange(early_, {}), kLineRate, 0});
    if (waiting_.size() == 1) hear_next();
}

void RealtimeSession::line_silent(const MediaLine& line, bool silent) {
    if (over_ || media_.get() != &line) return;
    line_silent_ = silent;
    look_at_reach("line_silent");
}

void RealtimeSession::line_ended(const MediaLine& line) {
    if (over_ || media_.get() != &line) return;
    drop_line();
    if (!log_) return finish("line_ended");
    look_at_reach("line_ended");
}

void RealtimeSession::drop_line() {
    if (!media_) return;
    const auto line = std::exchange(media_, nullptr);
    line_received_ = line_base_ + line->received();
    log_what_is_to_sound();
    taken_ += taken_in(line->caller_sound() - line_heard_base_);
    line_flows_ = line_silent_ = media_opens_ = false;
    context_.plays_sound = false;
    line->close();
}

std::int64_t RealtimeSession::caller_sound_ms() const {
    const std::int64_t on_line = media_ ? taken_in(media_->caller_sound() - line_heard_base_) : 0;
    return (taken_ + on_line) * 1000 / kTakenRate;
}

void RealtimeSession::send_over_line(const call::ResponsePart& part, std::span<const float> samples) {
    const int rate = context_.session.output_rate;
    std::vector<float> resampled;
    std::span<const float> out = samples;
    if (rate != MediaLine::kOutputRate) {
        if (to_line_rate_ != rate) {
            auto resampler = audio::Resampler::open(rate, MediaLine::kOutputRate);
            if (!resampler) return base::log::warning("line.sound_refused", {{"reason", resampler.error().text}});
            to_line_ = std::move(*resampler);
            to_line_rate_ = rate;
        }
        resampled = to_line_->process(samples);
        out = resampled;
    }
    const auto length = static_cast<std::int64_t>(out.size());
    if (log_) log_->add(LineSound{part, audio::encode(samples, context_.session.output_encoding), line_sent_, length},
                        strand_->now());
    line_sent_ += length;
    media_->send(out);
}

RealtimeSession::Unheard RealtimeSession::unheard(const call::ResponsePart& part, std::span<const std::uint8_t> sound) const {
    auto samples = to_samples(sound, context_.session.output_encoding);
    return {part, samples ? std::move(*samples) : std::vector<float>()};
}

std::vector<RealtimeSession::Unheard> RealtimeSession::sound_of(const std::vector<LoggedMessage>& messages) const {
    std::vector<Unheard> sounds;
    for (const LoggedMessage& message : messages) sounds.push_back(unheard(message.part, sound_in(message)));
    return sounds;
}

void RealtimeSession::sound_again(std::vector<Unheard> sounds) {
    // What was still to be heard again when the line went quiet comes after what it has lost of it.
    for (Unheard& sound : std::exchange(again_, {})) sounds.push_back(std::move(sound));
    sounds.push_back(std::exchange(then_, {}));
    for (Unheard& sound : sounds) {
        if (sound.samples.empty()) continue;
        if (sound.part.response_id != sounding_) {
            again_.push_back(std::move(sound));
        } else {
            then_.part = sound.part;
            then_.samples.insert(then_.samples.end(), sound.samples.begin(), sound.samples.end());
        }
    }
    if (!again_.empty()) call_->hold_output();
    sounding_on_ = true;
    sound_due_ = strand_->now();
    sound_on();
}

void RealtimeSession::sound_on() {
    if (!sounding_on_ || !call_ || !media_) return;
    if (again_.empty()) {
        sounding_on_ = false;
        return call_->resume_output({}, std::exchange(then_, {}).samples);
    }
    Unheard& next = again_.front();
    const std::size_t step = audio::samples_in(kStep, context_.session.output_rate);
    const auto end = next.samples.begin() + static_cast<std::ptrdiff_t>(std::min(step, next.samples.size()));
    send_over_line(next.part, {next.samples.begin(), end});
    next.samples.erase(next.samples.begin(), end);
    if (next.samples.empty()) again_.pop_front();
    sound_due_ += kStep;
    strand_->post_at(sound_due_, [self = shared_from_this(), due = sound_due_] {
        if (self->sound_due_ == due) self->sound_on();
    });
}

void RealtimeSession::log_what_is_to_sound() {
    sounding_on_ = false;
    if (!then_.samples.empty()) again_.push_back(std::exchange(then_, {}));
    for (const Unheard& sound : std::exchange(again_, {})) {
        const auto length =
            static_cast<std::int64_t>(sound.samples.size()) * MediaLine::kOutputRate / context_.session.output_rate;
        if (log_) log_->add(LineSound{sound.part, audio::encode(sound.samples, context_.session.output_encoding), line_sent_, length},
                            strand_->now());
        line_sent_ += length;
    }
}

}  // namespace antiphon::edge
