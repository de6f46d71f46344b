// The end of an answer: when all of it was heard, or when somebody stops it.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <utility>

namespace antiphon::call {
namespace {

/// Truncations name one of the last answers; older ones keep the text they have.
constexpr std::size_t kSpokenKept = 8;

prometheus::Counter& counter_of(ResponseStatus status, CallMetrics& metrics) {
    if (status == ResponseStatus::completed) return metrics.responses_completed;
    if (status == ResponseStatus::cancelled) return metrics.responses_cancelled;
    return status == ResponseStatus::incomplete ? metrics.responses_incomplete : metrics.responses_failed;
}

}  // namespace

void Conversation::finish_message_if_done() {
    Answer& answer = *answer_;
    if (!answer.message_told || answer.message_over || !answer.words_over()) return;
    if (answer.response.speaks) {
        if (!answer.all_spoken()) return;
        if (answer.pacer.waiting() > 0) return;  // the pacer comes back by itself, or is held
        if (output_held_) return;
        if (!answer.pacer.played_out(ear_time())) return schedule_pacer(answer.pacer.end_of_play() + peer_.ear_lag());
        tell_pieces(answer.pacer.sent());
    }
    const bool cut = !answer.failure.empty() || (answer.cut_short && answer.calls.empty());
    end_message(cut ? think::ItemStatus::incomplete : think::ItemStatus::completed, answer.text);
    if (!answer.sounding || answer.thought) return;
    // The calls may take a while yet: the sound's end does not wait for the response's.
    answer.sounding = false;
    peer_.send(OutputSoundStopped{answer.response.id});
}

void Conversation::finish_if_done() {
    if (!answering()) return;
    finish_message_if_done();
    const Answer& answer = *answer_;
    if (!answer.thought || (answer.message_told && !answer.message_over)) return;
    if (!answer.failure.empty()) end_answer(ResponseStatus::failed, ResponseEnd::failed);
    else if (answer.cut_short) end_answer(ResponseStatus::incomplete, ResponseEnd::max_output_tokens);
    else end_answer(ResponseStatus::completed, ResponseEnd::none);
}

void Conversation::end_message(think::ItemStatus status, const std::string& text) {
    Answer& answer = *answer_;
    answer.message_over = true;
    const bool speaks = answer.response.speaks;
    const ResponsePart part{answer.response.id, answer.message.id, 0};
    think::Item& message = answer.message;
    message.status = status;
    message.content = {{speaks ? think::ContentKind::output_audio : think::ContentKind::output_text, text, nullptr}};
    if (think::Item* item = dialogue_.find(message.id)) *item = message;

    if (speaks) {
        peer_.send(OutputAudioDone{part});
        peer_.send(OutputTranscriptDone{part, text});
    } else {
        peer_.send(OutputTextDone{part, text});
    }
    peer_.send(ContentPartDone{part, speaks, text});
    peer_.send(OutputItemDone{answer.response.id, message, 0});
    if (!answer.response.in_conversation) return;
    peer_.send(ItemDone{message, dialogue_.before(message.id)});
    if (!speaks) return;
    spoken_.push_back({message.id, answer.ledger, answer.rate});
    if (spoken_.size() > kSpokenKept) spoken_.pop_front();
}

void Conversation::end_call(AnswerCall& call, think::ItemStatus status) {
    call.over = true;
    call.item.status = status;
    if (think::Item* item = dialogue_.find(call.item.id)) *item = call.item;
    peer_.send(OutputItemDone{answer_->response.id, call.item, call.output_index});
    if (answer_->response.in_conversation) peer_.send(ItemDone{call.item, dialogue_.before(call.item.id)});
}

void Conversation::end_answer(ResponseStatus status, ResponseEnd end, const std::optional<ItemTruncated>& truncated) {
    for (AnswerCall& call : answer_->calls)
        if (call.announced && !call.over) end_call(call, think::ItemStatus::incomplete);
    const std::unique_ptr<Answer> answer = std::move(answer_);
    interrupting_ = false;
    answer->response.status = status;
    answer->response.end = end;
    answer->response.failure = answer->failure;
    if (answer->message_told) answer->response.output.push_back(answer->message);
    for (const AnswerCall& call : answer->calls)
        if (call.announced) answer->response.output.push_back(call.item);
    answer->response.usage = answer->usage ? answer->usage : Usage{};
    peer_.send(ResponseDone{answer->response});
    if (answer->sounding) peer_.send(OutputSoundStopped{answer->response.id});
    if (truncated) peer_.send(*truncated);

    counter_of(status, engines_.metrics).Increment();
    engines_.metrics.used_seconds.Increment(base::seconds(answer->busy));
    if (!answer->greets) {
        const TurnMeasured measured = answer->marks.measured(answer->response.id, answer->speculated);
        peer_.send(measured);
        observe(measured, engines_.metrics);
        engines_.metrics.turns.Increment();
        log_turn(answer->turn, measured);
    }
    if (!answer->after_silence) may_speak_up_ = true;
    start_wanted_answer();
}

void Conversation::interrupt(ResponseEnd why) {
    thinker_.cancel();
    retriever_.cancel();
    speaker_.cancel();
    Answer& answer = *answer_;
    std::optional<ItemTruncated> truncated;
    if (answer.response.speaks && !answer.message_over) {
        const std::int64_t played = answer.pacer.played(ear_time());
        const std::string heard = answer.ledger.heard(played);
        if (const std::vector<float> fade = answer.pacer.clear(); !fade.empty())
            peer_.send_audio({answer.response.id, answer.message.id, 0}, fade);
        peer_.clear_audio();
        if (std::exchange(answer.sounding, false)) {
            peer_.send(OutputSoundCleared{answer.response.id});
            truncated = ItemTruncated{answer.message.id, played * 1000 / answer.rate};
        }
        if (answer.message_told) end_message(think::ItemStatus::incomplete, heard);
    } else if (answer.message_told && !answer.message_over) {
        end_message(think::ItemStatus::incomplete, answer.text.substr(0, answer.told));
    }
    if (why == ResponseEnd::turn_detected) engines_.metrics.interruptions.Increment();
    base::log::info("turn.interrupted", {{"call", session_.id}, {"turn", base::number(answer.turn)}});
    end_answer(ResponseStatus::cancelled, why, truncated);
}

void Conversation::clear_output() {
    // Its sound is all that an answer has of its own to the ear: without it, it is over.
    const bool sounds = answering() && answer_->response.speaks && !answer_->message_over;
    if (sounds && answer_->sounding) interrupt(ResponseEnd::client_cancelled);
    else peer_.send(OutputSoundCleared{sounds ? answer_->response.id : std::string()});
    settle();
}

void Conversation::interrupt_all(ResponseEnd why) {
    auto waiting = wanted_ && wanted_->by_client ? std::exchange(wanted_, std::nullopt) : std::nullopt;
    if (answering()) interrupt(why);
    if (!waiting) return;
    wanted_ = std::move(waiting);
    cancel_wanted(why);
}

void Conversation::cancel_wanted(ResponseEnd why) {
    const Wanted wanted = std::move(*wanted_);
    wanted_.reset();
    drop_hearings_of_input();
    drop_speculation();
    Answer& answer = make_answer(wanted.turn, wanted.request, wanted.marks, wanted.language);
    answer.thought = true;
    answer.gate_open = true;
    peer_.send(ResponseCreated{answer.response});
    end_answer(ResponseStatus::cancelled, why);
}

}  // namespace antiphon::call
