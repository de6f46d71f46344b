#include "speak/speaker.hpp"

#include "audio/resampler.hpp"
#include "base/log.hpp"
#include "speak/text_for_speech.hpp"

#include <utility>

namespace antiphon::speak {

Speaker::Speaker(const SpeakSettings& settings, std::shared_ptr<base::Strand> strand, engine::Synthesizer& synthesizer,
                 base::Workers& workers, Handler& handler)
    : settings_(settings),
      strand_(std::move(strand)),
      synthesizer_(synthesizer),
      workers_(workers),
      handler_(handler),
      anchor_(this) {}

void Speaker::start(base::TurnId turn, Manner manner) {
    cancel();
    current_ = turn;
    manner_ = std::move(manner);
    stop_ = std::stop_source();
}

void Speaker::say(std::size_t piece, std::string text) {
    pieces_.push_back({piece, std::move(text)});
    pump();
}

void Speaker::open_gate() {
    gate_open_ = true;
    pump();
}

void Speaker::set_waiting(base::Duration waiting) {
    waiting_ = waiting;
    pump();
}

void Speaker::pump() {
    if (!current_ || running_ || pieces_.empty()) return;
    if (begun_ > 0 && (!gate_open_ || waiting_ > settings_.max_ahead)) return;
    Piece piece = std::move(pieces_.front());
    pieces_.pop_front();
    ++begun_;
    running_ = true;
    submit(std::move(piece));
}

void Speaker::submit(Piece piece) {
    const base::TurnId turn = *current_;
    const std::size_t number = piece.number;
    engine::Utterance utterance{text_for_speech(piece.text, manner_.language), manner_.language, manner_.voice, manner_.speed};
    auto job = [strand = strand_, anchor = anchor_.handle(), &synthesizer = synthesizer_, turn, number,
                utterance = std::move(utterance), rate = manner_.sample_rate, stop = stop_.get_token()]() mutable {
        const base::Time began = strand->now();
        const auto give = [&](std::vector<float> samples) {
            if (samples.empty()) return;
            strand->post(anchor.tie([turn, number, samples = std::move(samples)](Speaker& speaker) {
                if (speaker.current_ == turn) speaker.handler_.on_sound(turn, number, samples);
            }));
        };
        auto resampler = audio::Resampler::open(synthesizer.sample_rate(), rate);
        base::Result<void> end;
        if (!resampler) {
            end = resampler.error();
        } else {
            const auto sink = [&](const audio::Pcm& chunk) { give(resampler->process(chunk.samples)); };
            end = synthesizer.synthesize(utterance, sink, stop);
            if (!end && end.error().code == base::Errc::unsupported && !utterance.language.empty()) {
                // An accent is better than silence.
                base::log::warning("speak.no_voice_for_language", {{"language", utterance.language}});
                utterance.language.clear();
                end = synthesizer.synthesize(utterance, sink, stop);
            }
            give(resampler->flush());
        }
        const base::Duration busy = strand->now() - began;
        strand->post(anchor.tie([turn, number, end, busy](Speaker& speaker) { speaker.finish(turn, number, end, busy); }));
    };
    if (auto taken = workers_.submit(std::move(job)); !taken) {
        strand_->post(anchor_.handle().tie([turn, number, failure = taken.error()](Speaker& speaker) {
            speaker.finish(turn, number, failure, base::Duration::zero());
        }));
    }
}

void Speaker::finish(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy) {
    if (current_ != turn) return handler_.on_speaking_wasted(busy);
    running_ = false;
    handler_.on_spoken(turn, piece, std::move(end), busy);
    pump();
}

void Speaker::cancel() {
    stop_.request_stop();
    current_.reset();
    pieces_.clear();
    gate_open_ = false;
    begun_ = 0;
    waiting_ = {};
    running_ = false;
}

void Speaker::close() {
    cancel();
    anchor_.drop();
}

}  // namespace antiphon::speak
