// The summary that takes the place of the conversation's beginning, made beside the call.
//
// Both of its steps run on the thinking lane, as work for idle time: the model writes the summary, and then
// reads the prompt that begins with it, so that the next turn does not wait for that. Whatever the caller or a
// client begins stops them at once.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {
namespace {

/// Until the workers are asked again that were busy.
constexpr base::milliseconds kBusyPause{500};
/// After a summary that is of no use; twice as long after each further one.
constexpr std::chrono::seconds kFailurePause{5};
/// After so many in a row there is only the window for a while.
constexpr int kAttempts = 3;
constexpr std::chrono::minutes kGivenUpPause{10};
/// The likeliest words were of no use: each further attempt is freer.
constexpr float kTemperatureStep = 0.3F;

}  // namespace

std::size_t Conversation::prompt_room(int max_tokens) const {
    const std::size_t context = engines_.language_model.context_tokens();
    // A client may allow an answer as long as the context; the conversation must not vanish for that.
    return context - std::min(static_cast<std::size_t>(max_tokens), context / 4) - room_for_passages();
}

const think::RollingSummary* Conversation::usable_summary() {
    if (!settings_.think.summary.on || session_.truncation.mode == Truncation::Mode::disabled) return nullptr;
    note_changes();
    return &summary_;
}

void Conversation::note_changes() {
    if (std::exchange(context_seen_, dialogue_.changes()) == dialogue_.changes()) return;
    context_changed_ = true;
    if (!summary_.drop_if_stale(dialogue_.items())) return;
    base::log::info("context.summary_dropped", {{"call", session_.id}, {"because", "an item of it has changed or gone"}});
    window_.begin_anew();
    peer_.summary_changed();
}

void Conversation::note_cut(std::size_t left_out_before) {
    const std::size_t left_out = window_.left_out();
    if (left_out <= left_out_before) return;
    engines_.metrics.context_cuts.Increment(static_cast<double>(left_out - left_out_before));
    if (std::exchange(cut_told_, true)) return;
    base::log::warning("context.cut", {{"call", session_.id}, {"items", left_out}});
}

void Conversation::restore_summary(const think::Summary& summary) {
    if (summary.text.empty()) return;
    const bool taken = summary_.restore(summary, dialogue_.items());
    base::log::info(taken ? "context.summary_resumed" : "context.summary_not_resumed",
                    {{"call", session_.id}, {"items", summary.items.size()}});
}

void Conversation::look_after_context() {
    note_changes();
    if (session_.kind == SessionKind::transcription || usable_summary() == nullptr) return;
    if (!nothing_else_to_do()) return stop_beside();
    if (thinker_.thinks(beside_.turn) || (!context_changed_ && !prompt_unread_)) return;
    if (strand_->now() < beside_from_) return;
    if (context_changed_ && summarize()) return;
    context_changed_ = false;
    if (prompt_unread_) read_prompt();
}

bool Conversation::nothing_else_to_do() const {
    if (wanted_ || hearing_ || !hearings_.empty() || !speech_item_.empty() || listener_.in_speech()) return false;
    // While an answer plays out there is time.
    return !answer_ || (answer_->gate_open && answer_->thought && (!answer_->response.speaks || answer_->all_spoken()));
}

bool Conversation::summarize() {
    think::PromptFrame frame{session_.instructions, session_.tools, std::nullopt, &summary_};
    const std::size_t room = prompt_room(session_.max_output_tokens.value_or(settings_.think.max_tokens));
    if (summary_.surely_small(dialogue_.items(), think::PromptWindow::bytes_around(frame), room)) return false;
    const std::size_t around = window_.tokens_around(frame);
    auto folding = summary_.wanted(dialogue_.items(), room > around ? room - around : 0,
                                   engines_.language_model.context_tokens());
    if (!folding) return false;
    engine::GenerationRequest question;
    question.messages = folding->messages;
    question.max_tokens = folding->max_tokens;
    question.temperature = settings_.think.temperature + kTemperatureStep * static_cast<float>(summary_failures_);
    start_beside(std::move(question), std::move(folding));
    return true;
}

void Conversation::read_prompt() {
    engine::GenerationRequest next = generation_for({});
    auto messages = prompt_for({}, next, std::nullopt, answer_language(language_));
    if (!messages) return;
    // Somebody has to be answered: what the assistant said last is read with the next turn.
    while (!messages->empty() && messages->back().role == engine::Role::assistant) messages->pop_back();
    if (messages->empty() || messages->back().role == engine::Role::system) {
        prompt_unread_ = false;
        return;
    }
    next.messages = std::move(*messages);
    next.tool_choice = {};
    next.max_tokens = 1;
    if (start_beside(std::move(next), std::nullopt)) prompt_unread_ = false;
}

bool Conversation::start_beside(engine::GenerationRequest request, std::optional<think::Folding> folding) {
    request.conversation = conversation_id_;
    const base::TurnId turn = next_turn();
    if (!thinker_.start_spare(turn, std::move(request))) {
        wait_beside(kBusyPause);
        return false;
    }
    beside_ = {turn, std::move(folding), {}};
    return true;
}

void Conversation::stop_beside() {
    if (!thinker_.thinks(beside_.turn)) return;
    thinker_.cancel();
    if (beside_.folding) engines_.metrics.summaries_stopped.Increment();
}

void Conversation::end_beside(const base::Result<engine::Generation>& end, base::Duration busy) {
    const Beside done = std::exchange(beside_, {});
    const bool stopped = !end && end.error().code == base::Errc::cancelled;
    if (stopped || !done.folding) {
        if (end) engines_.metrics.used_seconds.Increment(base::seconds(busy));
        else waste(busy);
        if (!stopped) return;
        if (done.folding) engines_.metrics.summaries_stopped.Increment();
        else prompt_unread_ = true;
        return wait_beside(kBusyPause);
    }
    // Right or wrong, the model has forgotten the call over it.
    prompt_unread_ = end.has_value();
    const auto taken = end ? summary_.take(dialogue_.items(), *done.folding, done.text, end->reason == engine::FinishReason::stop)
                           : base::Result<void>(end.error());
    if (!taken) return summary_failed(taken.error(), busy);
    summary_failures_ = 0;
    context_changed_ = true;  // there may be more to fold
    cut_told_ = false;
    window_.begin_anew();
    engines_.metrics.summaries.Increment();
    engines_.metrics.used_seconds.Increment(base::seconds(busy));
    base::log::info("context.summarized", {{"call", session_.id},
                                           {"items", done.folding->items.size()},
                                           {"of", dialogue_.items().size()},
                                           {"bytes", summary_.summary().text.size()},
                                           {"busy_ms", base::whole_milliseconds(busy)}});
    peer_.summary_changed();
}

void Conversation::summary_failed(const base::Error& why, base::Duration busy) {
    waste(busy);
    engines_.metrics.summaries_discarded.Increment();
    ++summary_failures_;
    base::log::warning("context.summary_discarded",
                       {{"call", session_.id}, {"attempt", summary_failures_}, {"because", why.text}});
    if (summary_failures_ < kAttempts) {
        wait_beside(kFailurePause * (1 << (summary_failures_ - 1)));
    } else {
        summary_failures_ = 0;
        wait_beside(kGivenUpPause);
        base::log::warning("context.summary_given_up", {{"call", session_.id}, {"attempts", kAttempts}});
    }
}

void Conversation::wait_beside(base::milliseconds pause) {
    beside_from_ = strand_->now() + pause;
    strand_->post_at(beside_from_, anchor_.handle().tie([](Conversation& self) { self.settle(); }));
}

}  // namespace antiphon::call
