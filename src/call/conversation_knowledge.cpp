// What the documents say to an answer: looked up before the language model is asked, within a budget.

#include "call/conversation.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {
namespace {

/// A small context is for the conversation first.
constexpr std::size_t kShareOfContext = 3;

}  // namespace

std::size_t Conversation::room_for_passages() const {
    if (!retriever_.has_documents()) return 0;
    return std::min(static_cast<std::size_t>(settings_.think.knowledge.prompt_tokens),
                    engines_.language_model.context_tokens() / kShareOfContext);
}

bool Conversation::begin_to_look_up(const engine::GenerationRequest& generation) {
    if (!retriever_.has_documents() || generation.messages.empty()) return false;
    // Only words of the caller ask for something; behind what a tool gave back the model goes on with its own plan.
    const engine::Message& last = generation.messages.back();
    if (last.role != engine::Role::user) return false;
    retriever_.start(answer_->turn, last.text);
    return true;
}

void Conversation::on_passages(base::TurnId turn, std::vector<store::FoundPassage> passages) {
    if (!answer_ || answer_->turn != turn || !answer_->waiting) return;
    engine::GenerationRequest generation = std::move(*answer_->waiting);
    answer_->waiting.reset();
    const auto used = think::put_into_prompt(generation.messages, std::move(passages), room_for_passages(), engines_.language_model);
    for (const store::FoundPassage& one : used) {
        auto& sources = answer_->sources;
        const bool named = std::any_of(sources.begin(), sources.end(),
                                       [&](const Source& source) { return source.document == one.passage.document; });
        if (!named) sources.push_back({one.passage.title, one.passage.document, one.score});
    }
    thinker_.start(turn, std::move(generation));
    tell_sources();
    settle();
}

void Conversation::tell_sources() {
    // Behind the closed gate it is a guess; open_gate() comes back.
    if (!answering() || answer_->sources.empty()) return;
    peer_.send(SourcesUsed{answer_->response.id, std::exchange(answer_->sources, {})});
}

}  // namespace antiphon::call
