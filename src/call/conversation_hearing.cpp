// The caller's turns: when they begin, pause, go on and end.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>

namespace antiphon::call {
namespace {

/// Sound kept while nobody speaks, besides the padding: an onset takes a few windows to be noticed.
constexpr listen::Position kKept = listen::kSampleRate;

listen::Position samples(base::milliseconds length) { return length.count() * listen::kSampleRate / 1000; }

}  // namespace

void Conversation::on_speech(listen::PauseEvent event, listen::Position at) {
    using listen::PauseEvent;
    const bool may_interrupt = answering() && session_.turn_detection->interrupt_response;
    switch (event) {
        case PauseEvent::none: break;
        case PauseEvent::onset:
            // Duck at once; whether it is an interruption shows in the next windows.
            if (may_interrupt && answer_->sounding) {
                interrupting_ = true;
                answer_->pacer.hold();
            }
            break;
        case PauseEvent::onset_lost:
            if (interrupting_) {
                interrupting_ = false;
                engines_.metrics.false_interruptions.Increment();
                if (answering()) {
                    answer_->pacer.resume();
                    run_pacer();
                    finish_if_done();  // what was held may have been the end of it
                }
            }
            break;
        case PauseEvent::started: speech_started(at); break;
        case PauseEvent::paused: speech_paused(at); break;
        case PauseEvent::resumed:
            // What was understood up to the pause is worth showing, though it is no turn.
            if (session_.partials && hearing_ && hearing_->transcript && *hearing_->transcript)
                tell_partial((*hearing_->transcript)->text);
            drop_speculation();
            next_glimpse_ = strand_->now() + settings_.listen.partial_interval;
            break;
        case PauseEvent::ended: speech_ended(at); break;
    }
}

void Conversation::speech_started(listen::Position at) {
    interrupting_ = false;
    drop_speculation();
    retriever_.forget();
    utterance_from_ = std::max(at - samples(session_.turn_detection->prefix_padding), uncommitted_);
    utterance_from_ = std::max(utterance_from_, listener_.oldest());
    forget_speech();
    speech_item_ = base::random_id("item_");
    language_watch_.begin_utterance(utterance_from_, at);
    next_glimpse_ = strand_->now() + settings_.listen.partial_interval;
    peer_.send(SpeechStarted{speech_item_, listen::milliseconds_at(utterance_from_)});
    if (session_.turn_detection->interrupt_response && answering()) interrupt_all(ResponseEnd::turn_detected);
}

void Conversation::speech_paused(listen::Position at) {
    // Whatever comes next, the recognizer must be free for it.
    drop_glimpse();
    next_glimpse_ = base::Time::max();
    language_watch_.pause(at, listener_.position());
    if (!settings_.speculate || speech_item_.empty()) return;
    drop_speculation();
    Hearing hearing;
    hearing.turn = next_turn();
    hearing.item_id = speech_item_;
    hearing.from = utterance_from_;
    hearing.to = listener_.position();
    hearing.speculative = true;
    hearing.wants_answer = answers_turns() && !answering() && hearings_.empty() && !(wanted_ && wanted_->by_client);
    hearing.marks.speech_end = time_of(at);
    engines_.metrics.speculations.Increment();
    hearing_ = std::move(hearing);
    start_hearing(*hearing_);
}

void Conversation::speech_ended(listen::Position at) {
    if (speech_item_.empty()) return;
    peer_.send(SpeechStopped{speech_item_, listen::milliseconds_at(at)});
    Hearing hearing;
    if (hearing_) {
        hearing = std::move(*hearing_);
        hearing_.reset();
        engines_.metrics.speculation_hits.Increment();
    } else {
        hearing.turn = next_turn();
        hearing.item_id = speech_item_;
        hearing.from = utterance_from_;
        hearing.to = listener_.position();
        hearing.marks.speech_end = time_of(at);
    }
    forget_speech();
    hearing.wants_answer = answers_turns();
    TurnMarks::mark(hearing.marks.turn_end, strand_->now());
    commit(std::move(hearing));
}

void Conversation::commit(Hearing hearing) {
    const bool fresh = !hearing.speculative;
    hearing.speculative = false;
    uncommitted_ = listener_.position();
    drop_told_ = false;
    may_speak_up_ = true;

    think::Item item;
    item.id = hearing.item_id;
    item.role = engine::Role::user;
    item.content.push_back({think::ContentKind::input_audio, std::nullopt, nullptr});
    auto previous = dialogue_.add(item);
    if (!previous) {
        fail(previous.error(), {});
        return;
    }
    peer_.send(AudioCommitted{item.id, *previous});
    peer_.send(ItemAdded{item, *previous});
    peer_.send(ItemDone{item, *previous});
    base::log::info("turn.committed", {{"call", session_.id},
                                       {"turn", base::number(hearing.turn)},
                                       {"speculated", fresh ? "no" : "yes"},
                                       {"speech_ms", listen::milliseconds_at(hearing.to - hearing.from)}});
    hearings_.push_back(std::move(hearing));
    Hearing& last = hearings_.back();
    if (fresh) start_hearing(last);
    if (last.transcript) words_known(last);
}

void Conversation::drop_speculation() {
    if (hearing_) {
        listener_.cancel(hearing_->turn);
        waste(hearing_->busy);
        hearing_.reset();
    }
    if (answer_ && !answer_->gate_open) {
        thinker_.cancel();
        retriever_.cancel();
        speaker_.cancel();
        waste(answer_->busy);
        answer_.reset();
    }
}

void Conversation::forget_speech() {
    drop_glimpse();
    language_watch_.end_utterance();
    speech_item_.clear();
    partial_.clear();
}

void Conversation::on_sound_dropped(base::Duration length) {
    engines_.metrics.dropped_seconds.Increment(base::seconds(length));
    // A turn that goes on for longer than we can hold ends here; without turns, the client is told.
    if (!speech_item_.empty()) {
        speech_ended(listener_.position());
        listener_.reset_turns();
        return;
    }
    uncommitted_ = std::max(uncommitted_, listener_.oldest());
    if (drop_told_) return;
    drop_told_ = true;
    base::log::warning("listen.sound_dropped", {{"call", session_.id}, {"milliseconds", base::whole_milliseconds(length)}});
    fail(base::error(base::Errc::overloaded, "the input audio buffer is full: the oldest sound is being dropped"), {});
}

base::Time Conversation::time_of(listen::Position position) const {
    return strand_->now() - listen::duration_between(position, listener_.position());
}

void Conversation::trim_memory() {
    if (!session_.turn_detection || !speech_item_.empty() || listener_.in_speech()) return;
    listener_.forget_before(listener_.position() - kKept - samples(session_.turn_detection->prefix_padding));
    uncommitted_ = std::max(uncommitted_, listener_.oldest());
}

bool Conversation::answers_turns() const {
    return session_.kind == SessionKind::realtime && session_.turn_detection && session_.turn_detection->create_response;
}

}  // namespace antiphon::call
