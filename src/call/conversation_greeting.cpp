// The assistant's first words, which nobody asked for.

#include "call/conversation.hpp"

#include <utility>

namespace antiphon::call {
namespace {

/// For a client's first session.update, which may name the voice or ask for text.
constexpr base::milliseconds kGreetingDelay{200};

}  // namespace

void Conversation::plan_greeting() {
    if (session_.greeting.empty()) return;
    strand_->post_at(strand_->now() + kGreetingDelay,
                     anchor_.handle().tie([](Conversation& self) { self.greet(); }));
}

void Conversation::greet() {
    const bool begun = !dialogue_.items().empty() || !speech_item_.empty() || !hearings_.empty() || answer_ || wanted_;
    if (begun || session_.kind == SessionKind::transcription) return;
    Answer& answer = make_answer(next_turn(), {}, {}, session_.input_language);
    answer.greets = true;
    answer.thought = true;
    if (answer.response.speaks) {
        say_pieces(answer.chunker.push(session_.greeting));
        if (auto rest = answer.chunker.finish()) say_pieces({std::move(*rest)});
    } else {
        answer.text = session_.greeting;
    }
    open_gate();
}

}  // namespace antiphon::call
