// The sound of an answer, from the synthesizer to the caller's ear.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {

void Conversation::say_pieces(std::vector<std::string> pieces) {
    for (std::string& piece : pieces) {
        TurnMarks::mark(answer_->marks.first_clause, strand_->now());
        const std::size_t number = answer_->ledger.add_piece(piece);
        ++answer_->pieces_said;
        speaker_.say(number, std::move(piece));
    }
}

void Conversation::on_sound(base::TurnId turn, std::size_t piece, std::span<const float> samples) {
    if (!answer_ || answer_->turn != turn) return;
    TurnMarks::mark(answer_->marks.first_sound, strand_->now());
    engines_.metrics.synthesized_seconds.Increment(static_cast<double>(samples.size()) / answer_->rate);
    answer_->ledger.add_sound(piece, static_cast<std::int64_t>(samples.size()));
    answer_->pacer.push(samples);
    run_pacer();
    settle();
}

void Conversation::on_spoken(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy) {
    if (!answer_ || answer_->turn != turn) return waste(busy);
    Answer& answer = *answer_;
    answer.busy += busy;
    answer.ledger.finish_piece(piece);
    ++answer.pieces_spoken;
    if (!end && answer.failure.empty()) {
        answer.failure = end.error().text;
        engines_.metrics.speaking_failures.Increment();
        if (end.error().code == base::Errc::overloaded) engines_.metrics.overloads.Increment();
        base::log::warning("turn.not_spoken", {{"call", session_.id}, {"turn", base::number(turn)}, {"reason", answer.failure}});
    }
    run_pacer();
    finish_if_done();
    settle();
}

void Conversation::run_pacer() {
    if (output_held_ || !answering() || !answer_->response.speaks) return;
    Answer& answer = *answer_;
    const base::Time now = strand_->now();
    if (answer.all_spoken()) answer.pacer.finish();
    for (;;) {
        const std::int64_t before = answer.pacer.sent();
        auto frame = answer.pacer.next(now);
        if (!frame) break;
        if (!answer.sounding) {
            answer.sounding = true;
            voice_heard_ = true;
            TurnMarks::mark(answer.marks.first_audio, now);
            tell_state();
            peer_.send(OutputSoundStarted{answer.response.id});
        }
        // The words go out with the first of their sound, so that captions keep pace with the voice.
        tell_pieces(before);
        peer_.send_audio({answer.response.id, answer.message.id, 0}, *frame);
    }
    speaker_.set_waiting(answer.pacer.waiting_duration());
    if (const auto due = answer.pacer.due()) schedule_pacer(std::max(*due, now));
}

void Conversation::hold_output() {
    output_held_ = true;
    silence_deadline_.reset();
}

void Conversation::resume_output(base::Duration unheard, std::span<const float> again) {
    if (closed_) return;
    output_held_ = false;
    if (answering()) {
        answer_->pacer.set_lead(std::min(settings_.speak.lead, peer_.longest_lead()));
        if (answer_->sounding) {
            answer_->pacer.put_back(again);
            answer_->pacer.rewind(unheard, strand_->now());
        }
        run_pacer();
        finish_if_done();
    }
    settle();
}

void Conversation::tell_pieces(std::int64_t position) {
    Answer& answer = *answer_;
    const ResponsePart part{answer.response.id, answer.message.id, 0};
    const auto milliseconds = [&](std::int64_t samples) { return samples * 1000 / answer.rate; };
    while (auto piece = answer.ledger.next_begun(position)) {
        std::vector<Word> words;
        for (speak::TimedWord& word : piece->words)
            words.push_back({std::move(word.text), milliseconds(word.from), milliseconds(word.to)});
        peer_.send(OutputTranscriptDelta{part, std::move(piece->text)});
        peer_.send(WordsTimed{part, std::move(words)});
    }
}

void Conversation::schedule_pacer(base::Time when) {
    if (pacer_scheduled_ && pacer_due_ <= when) return;
    pacer_scheduled_ = true;
    pacer_due_ = when;
    strand_->post_at(when, anchor_.handle().tie([when](Conversation& self) {
        if (self.pacer_due_ != when) return;  // an earlier one was asked for since
        self.pacer_scheduled_ = false;
        self.run_pacer();
        self.finish_if_done();
        self.settle();
    }));
}

}  // namespace antiphon::call
