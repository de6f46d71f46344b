// What the agent is doing, as the client is told; and the caller who says nothing.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {

void Conversation::settle() {
    if (closed_) return;
    watch_silence();
    tell_state();
}

void Conversation::tell_state() {
    const AgentState now = state();
    if (told_state_ == now) return;
    told_state_ = now;
    peer_.send(StateChanged{now});
}

AgentState Conversation::state() const {
    if (answering()) return answer_->marks.first_audio ? AgentState::speaking : AgentState::thinking;
    if (wanted_ && wanted_->by_client) return AgentState::thinking;
    if (!speech_item_.empty()) return AgentState::listening;
    const bool taken = std::any_of(hearings_.begin(), hearings_.end(), [](const Hearing& h) { return h.wants_answer; });
    return wanted_ || taken ? AgentState::thinking : AgentState::listening;
}

bool Conversation::quiet() const {
    if (output_held_ || !may_speak_up_ || !answers_turns() || !session_.turn_detection->idle_timeout) return false;
    return !answering() && !wanted_ && !hearing_ && hearings_.empty() && speech_item_.empty() && !listener_.in_speech();
}

void Conversation::watch_silence() {
    if (!quiet()) return silence_deadline_.reset();
    if (silence_deadline_) return;
    const base::Time deadline = strand_->now() + *session_.turn_detection->idle_timeout;
    silence_deadline_ = deadline;
    silence_from_ = listener_.position();
    strand_->post_at(deadline, anchor_.handle().tie([deadline](Conversation& self) { self.silence_is_over(deadline); }));
}

void Conversation::silence_is_over(base::Time deadline) {
    if (silence_deadline_ != deadline || !quiet()) return;
    silence_deadline_.reset();
    may_speak_up_ = false;  // until the next turn: nobody is talked to forever

    think::Item item;
    item.id = base::random_id("item_");
    item.content.push_back({think::ContentKind::input_audio, std::string(), nullptr});
    const listen::Position to = listener_.position();
    const auto previous = dialogue_.add(item);
    if (!previous) return fail(previous.error(), {});
    uncommitted_ = to;
    peer_.send(TimeoutTriggered{item.id, listen::milliseconds_at(silence_from_), listen::milliseconds_at(to)});
    peer_.send(AudioCommitted{item.id, *previous});
    peer_.send(ItemAdded{item, *previous});
    peer_.send(ItemDone{item, *previous});
    base::log::info("turn.silence", {{"call", session_.id}});
    Wanted wanted;
    wanted.turn = next_turn();
    wanted.language = answer_language(language_);
    wanted.after_silence = true;
    wanted_ = std::move(wanted);
    start_wanted_answer();
    settle();
}

}  // namespace antiphon::call
