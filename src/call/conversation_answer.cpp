#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {
namespace {

/// Truncations name one of the last answers; older ones keep the text they have.
constexpr std::size_t kSpokenKept = 8;

ResponsePart part_of(const Answer& answer) { return {answer.response.id, answer.item.id}; }

}  // namespace

Answer& Conversation::make_answer(base::TurnId turn, const ResponseRequest& request, const TurnMarks& marks,
                                  const std::string& language) {
    think::ChunkerSettings chunks;
    chunks.max_first_words = settings_.think.first_piece_words;
    answer_ = std::make_unique<Answer>(turn, session_.output_rate, settings_.speak.lead, chunks);
    Answer& answer = *answer_;
    answer.marks = marks;
    answer.in_conversation = request.in_conversation;
    answer.response.id = base::random_id("resp_");
    answer.response.speaks = request.speaks.value_or(session_.speaks);
    answer.response.metadata = request.metadata;
    answer.item.id = base::random_id("item_");
    answer.item.role = engine::Role::assistant;
    answer.item.status = think::ItemStatus::in_progress;
    if (answer.response.speaks)
        speaker_.start(answer.turn, {language, voice(), session_.speed, session_.output_rate});
    return answer;
}

void Conversation::start_answer(base::TurnId turn, const ResponseRequest& request,
                                const std::optional<std::string>& pending, const TurnMarks& marks,
                                const std::string& language) {
    Answer& answer = make_answer(turn, request, marks, language);
    answer.speculated = pending.has_value();
    engine::GenerationRequest generation;
    generation.conversation = conversation_id_;
    const std::string& instructions = request.instructions ? *request.instructions : session_.instructions;
    generation.messages = request.input ? think::messages_of(*request.input, instructions)
                                        : dialogue_.messages(instructions, pending);
    generation.max_tokens = settings_.think.max_tokens;
    const auto limit = request.max_output_tokens ? *request.max_output_tokens : session_.max_output_tokens;
    if (limit) generation.max_tokens = *limit;
    generation.temperature = settings_.think.temperature;
    thinker_.start(answer.turn, std::move(generation));
}

std::string Conversation::voice() const {
    // Clients name the voices of the service they were written for: they are better answered in another
    // voice than not at all. The session tells which one was asked for, the log that there is none.
    const auto voices = engines_.synthesizer.voices();
    if (session_.voice.empty() || std::find(voices.begin(), voices.end(), session_.voice) != voices.end())
        return session_.voice;
    base::log::warning("speak.no_such_voice", {{"call", session_.id}, {"voice", session_.voice}});
    return {};
}

void Conversation::open_gate() {
    Answer& answer = *answer_;
    answer.gate_open = true;
    TurnMarks::mark(answer.marks.turn_end, strand_->now());
    peer_.send(ResponseCreated{answer.response});
    peer_.send(OutputItemAdded{answer.response.id, answer.item});
    if (answer.in_conversation) {
        auto previous = dialogue_.add(answer.item);
        peer_.send(ItemAdded{answer.item, previous ? *previous : std::string()});
    }
    peer_.send(ContentPartAdded{part_of(answer), answer.response.speaks});
    if (answer.response.speaks) {
        speaker_.open_gate();
        run_pacer();
    } else {
        tell_text();
    }
    finish_if_done();
}

void Conversation::on_text(base::TurnId turn, const std::string& text) {
    if (!answer_ || answer_->turn != turn) return;
    TurnMarks::mark(answer_->marks.first_token, strand_->now());
    if (answer_->response.speaks) {
        say_pieces(answer_->chunker.push(text));
        return;
    }
    answer_->text += text;
    if (answer_->gate_open) tell_text();
}

void Conversation::on_thought(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy) {
    if (!answer_ || answer_->turn != turn) return waste(busy);
    Answer& answer = *answer_;
    answer.busy += busy;
    answer.thought = true;
    if (end) {
        answer.usage = Usage{end->prompt_tokens, end->cached_tokens, end->completion_tokens};
        answer.cut_short = end->reason == engine::FinishReason::length;
    } else {
        answer.failure = end.error().text;
        if (end.error().code == base::Errc::overloaded) engines_.metrics.overloads.Increment();
        base::log::warning("turn.not_thought", {{"call", session_.id}, {"turn", base::number(turn)}, {"reason", answer.failure}});
    }
    if (answer.response.speaks) {
        if (auto rest = answer.chunker.finish()) say_pieces({std::move(*rest)});
    }
    if (!answer.gate_open) return;
    run_pacer();
    finish_if_done();
}

void Conversation::say_pieces(std::vector<std::string> pieces) {
    for (std::string& piece : pieces) {
        TurnMarks::mark(answer_->marks.first_clause, strand_->now());
        const std::size_t number = answer_->ledger.add_piece(piece);
        ++answer_->pieces_said;
        speaker_.say(number, std::move(piece));
    }
}

void Conversation::tell_text() {
    Answer& answer = *answer_;
    if (answer.told == answer.text.size()) return;
    TurnMarks::mark(answer.marks.first_audio, strand_->now());
    peer_.send(OutputTextDelta{part_of(answer), answer.text.substr(answer.told)});
    answer.told = answer.text.size();
}

void Conversation::on_sound(base::TurnId turn, std::size_t piece, std::span<const float> samples) {
    if (!answer_ || answer_->turn != turn) return;
    TurnMarks::mark(answer_->marks.first_sound, strand_->now());
    answer_->ledger.add_sound(piece, static_cast<std::int64_t>(samples.size()));
    answer_->pacer.push(samples);
    if (answer_->gate_open) run_pacer();
}

void Conversation::on_spoken(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy) {
    if (!answer_ || answer_->turn != turn) return waste(busy);
    Answer& answer = *answer_;
    answer.busy += busy;
    answer.ledger.finish_piece(piece);
    ++answer.pieces_spoken;
    if (!end && answer.failure.empty()) {
        answer.failure = end.error().text;
        if (end.error().code == base::Errc::overloaded) engines_.metrics.overloads.Increment();
        base::log::warning("turn.not_spoken", {{"call", session_.id}, {"turn", base::number(turn)}, {"reason", answer.failure}});
    }
    if (!answer.gate_open) return;
    run_pacer();
    finish_if_done();
}

void Conversation::run_pacer() {
    if (!answering() || !answer_->response.speaks) return;
    Answer& answer = *answer_;
    const base::Time now = strand_->now();
    if (answer.thought && answer.pieces_spoken == answer.pieces_said) answer.pacer.finish();
    for (;;) {
        const std::int64_t before = answer.pacer.sent();
        auto frame = answer.pacer.next(now);
        if (!frame) break;
        // The words go out with the first of their sound, so that captions keep pace with the voice.
        while (auto words = answer.ledger.next_begun(before))
            peer_.send(OutputTranscriptDelta{part_of(answer), std::move(*words)});
        TurnMarks::mark(answer.marks.first_audio, now);
        peer_.send_audio(part_of(answer), *frame);
    }
    speaker_.set_waiting(answer.pacer.waiting_duration());
    if (const auto due = answer.pacer.due()) schedule_pacer(std::max(*due, now));
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
    }));
}

void Conversation::finish_if_done() {
    if (!answering() || !answer_->thought) return;
    Answer& answer = *answer_;
    if (answer.response.speaks) {
        if (answer.pieces_spoken < answer.pieces_said) return;
        const base::Time now = strand_->now();
        if (answer.pacer.waiting() > 0) return;  // the pacer comes back by itself, or is held
        if (!answer.pacer.played_out(now)) return schedule_pacer(answer.pacer.end_of_play());
        while (auto words = answer.ledger.next_begun(answer.pacer.sent()))
            peer_.send(OutputTranscriptDelta{part_of(answer), std::move(*words)});
    }
    const std::string text = answer.response.speaks ? answer.ledger.text() : answer.text;
    if (!answer.failure.empty()) end_answer(ResponseStatus::failed, ResponseEnd::failed, text);
    else if (answer.cut_short) end_answer(ResponseStatus::incomplete, ResponseEnd::max_output_tokens, text);
    else end_answer(ResponseStatus::completed, ResponseEnd::none, text);
}

void Conversation::end_answer(ResponseStatus status, ResponseEnd end, const std::string& text) {
    const std::unique_ptr<Answer> answer = std::move(answer_);
    interrupting_ = false;
    const bool speaks = answer->response.speaks;
    const ResponsePart part = part_of(*answer);
    answer->item.status = status == ResponseStatus::completed ? think::ItemStatus::completed : think::ItemStatus::incomplete;
    answer->item.content = {{speaks ? think::ContentKind::output_audio : think::ContentKind::output_text, text}};
    if (think::Item* item = dialogue_.find(answer->item.id)) *item = answer->item;

    if (speaks) {
        peer_.send(OutputAudioDone{part});
        peer_.send(OutputTranscriptDone{part, text});
    } else {
        peer_.send(OutputTextDone{part, text});
    }
    peer_.send(ContentPartDone{part, speaks, text});
    peer_.send(OutputItemDone{answer->response.id, answer->item});
    if (answer->in_conversation) {
        const auto& items = dialogue_.items();
        const auto at = std::find_if(items.begin(), items.end(), [&](const auto& item) { return item.id == answer->item.id; });
        peer_.send(ItemDone{answer->item, at == items.begin() || at == items.end() ? std::string() : std::prev(at)->id});
    }
    answer->response.status = status;
    answer->response.end = end;
    answer->response.failure = answer->failure;
    answer->response.output = {answer->item};
    answer->response.usage = answer->usage ? answer->usage : Usage{};
    peer_.send(ResponseDone{answer->response});

    if (!answer->greets) {
        const TurnMeasured measured = answer->marks.measured(answer->response.id, answer->speculated);
        peer_.send(measured);
        observe(measured, engines_.metrics);
        engines_.metrics.turns.Increment();
        log_turn(answer->turn, measured);
    }
    engines_.metrics.used_seconds.Increment(base::seconds(answer->busy));

    if (speaks && answer->in_conversation) {
        spoken_.push_back({answer->item.id, std::move(answer->ledger), answer->rate});
        if (spoken_.size() > kSpokenKept) spoken_.pop_front();
    }
    start_wanted_answer();
}

void Conversation::interrupt(ResponseEnd why) {
    thinker_.cancel();
    speaker_.cancel();
    Answer& answer = *answer_;
    std::string heard = answer.text;
    std::optional<ItemTruncated> truncated;
    if (answer.response.speaks) {
        const std::int64_t played = answer.pacer.played(strand_->now());
        heard = answer.ledger.heard(played);
        if (const std::vector<float> fade = answer.pacer.clear(); !fade.empty()) peer_.send_audio(part_of(answer), fade);
        peer_.clear_audio();
        if (answer.pacer.sent() > 0) truncated = ItemTruncated{answer.item.id, played * 1000 / answer.rate};
    }
    if (why == ResponseEnd::turn_detected) engines_.metrics.interruptions.Increment();
    base::log::info("turn.interrupted", {{"call", session_.id}, {"turn", base::number(answer.turn)}});
    end_answer(ResponseStatus::cancelled, why, heard);
    if (truncated) peer_.send(*truncated);
}

}  // namespace antiphon::call
