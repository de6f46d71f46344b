#include "call/conversation.hpp"

#include "base/log.hpp"
#include "base/utf8.hpp"

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
            if (may_interrupt && answer_->marks.first_audio) {
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
        case PauseEvent::resumed: drop_speculation(); break;
        case PauseEvent::ended: speech_ended(at); break;
    }
}

void Conversation::speech_started(listen::Position at) {
    interrupting_ = false;
    drop_speculation();
    utterance_from_ = std::max(at - samples(session_.turn_detection->prefix_padding), uncommitted_);
    utterance_from_ = std::max(utterance_from_, listener_.oldest());
    speech_item_ = base::random_id("item_");
    peer_.send(SpeechStarted{speech_item_, listen::milliseconds_at(utterance_from_)});
    if (session_.turn_detection->interrupt_response && answering()) interrupt(ResponseEnd::turn_detected);
}

void Conversation::speech_paused(listen::Position at) {
    if (!settings_.speculate || speech_item_.empty()) return;
    drop_speculation();
    Hearing hearing;
    hearing.turn = next_turn();
    hearing.item_id = speech_item_;
    hearing.from = utterance_from_;
    hearing.to = listener_.position();
    hearing.speculative = true;
    hearing.wants_answer = session_.turn_detection->create_response && !answering() && hearings_.empty() &&
                           !(wanted_ && wanted_->by_client);
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
    speech_item_.clear();
    hearing.wants_answer = session_.turn_detection->create_response;
    TurnMarks::mark(hearing.marks.turn_end, strand_->now());
    commit(std::move(hearing));
}

void Conversation::start_hearing(Hearing& hearing) {
    auto taken = listener_.recognize(hearing.turn, hearing.from, hearing.to, session_.input_language);
    if (taken) return;
    engines_.metrics.overloads.Increment();
    hearing.transcript = taken.error();
}

void Conversation::commit(Hearing hearing) {
    const bool fresh = !hearing.speculative;
    hearing.speculative = false;
    uncommitted_ = listener_.position();
    drop_told_ = false;

    think::Item item;
    item.id = hearing.item_id;
    item.role = engine::Role::user;
    item.content.push_back({think::ContentKind::input_audio, std::nullopt});
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

void Conversation::on_transcript(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy) {
    const base::Time now = strand_->now();
    if (hearing_ && hearing_->turn == turn) {
        hearing_->busy = busy;
        TurnMarks::mark(hearing_->marks.transcript, now);
        hearing_->transcript = std::move(transcript);
        const auto& words = *hearing_->transcript;
        if (hearing_->wants_answer && words && !words->text.empty())
            start_answer(turn, {}, words->text, hearing_->marks, words->language);
        return;
    }
    const auto found = std::find_if(hearings_.begin(), hearings_.end(), [&](const Hearing& h) { return h.turn == turn; });
    if (found == hearings_.end()) return waste(busy);
    found->busy = busy;
    TurnMarks::mark(found->marks.transcript, now);
    found->transcript = std::move(transcript);
    words_known(*found);
}

void Conversation::words_known(Hearing& heard) {
    Hearing hearing = std::move(heard);
    std::erase_if(hearings_, [&](const Hearing& other) { return other.turn == hearing.turn; });
    engines_.metrics.used_seconds.Increment(base::seconds(hearing.busy));
    const auto& words = *hearing.transcript;
    if (!words) {
        peer_.send(TranscriptionFailed{hearing.item_id, words.error()});
        base::log::warning("turn.not_heard", {{"call", session_.id}, {"reason", words.error().text}});
    } else {
        if (think::Item* item = dialogue_.find(hearing.item_id)) item->content.front().text = words->text;
        if (session_.transcribes)
            peer_.send(TranscriptionCompleted{hearing.item_id, words->text, words->language,
                                              base::seconds(listen::duration_between(hearing.from, hearing.to))});
    }
    const bool said_something = words && !words->text.empty();
    if (hearing.wants_answer && said_something) {
        if (answer_ && !answer_->gate_open) {
            // The guess was right: what was made behind the gate is the answer.
            wanted_.reset();
            answer_->marks.turn_end = hearing.marks.turn_end;
            open_gate();
        } else if (!wanted_ || !wanted_->by_client) {
            wanted_ = Wanted{hearing.turn, {}, hearing.marks, words->language, false};
        }
    }
    start_wanted_answer();
}

void Conversation::drop_speculation() {
    if (hearing_) {
        listener_.cancel(hearing_->turn);
        waste(hearing_->busy);
        hearing_.reset();
    }
    if (answer_ && !answer_->gate_open) {
        thinker_.cancel();
        speaker_.cancel();
        waste(answer_->busy);
        answer_.reset();
    }
}

void Conversation::on_sound_dropped(base::Duration length) {
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

}  // namespace antiphon::call
