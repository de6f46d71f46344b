// An answer is asked for, thought, and let through the gate: its words and its calls of tools.

#include "call/conversation.hpp"

#include "base/log.hpp"
#include "think/prompt.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {
namespace {

/// About 15 letters a second: a fast voice at speed 1. Until the answer's own has been heard, words are told
/// rather too early than beyond the end of their sound.
constexpr double kSecondsPerLetter = 0.065;

/// Stands in the prompt for a caller who says nothing: chat templates want somebody to be answered.
constexpr const char* kSilence = "[The caller has said nothing for a while. Ask briefly whether they are still there, "
                                 "or go on with the conversation.]";

}  // namespace

void Conversation::start_wanted_answer() {
    if (!wanted_ || answering() || !hearings_.empty()) return;
    // Never over the caller's words; but what a client asks for outright it gets.
    if (!wanted_->by_client && !speech_item_.empty()) return;
    const Wanted wanted = std::move(*wanted_);
    wanted_.reset();
    drop_speculation();
    Answer& answer = make_answer(wanted.turn, wanted.request, wanted.marks, wanted.language);
    answer.after_silence = wanted.after_silence;
    think_answer(wanted.request, wanted.after_silence ? std::optional<std::string>(kSilence) : std::nullopt);
    open_gate();
}

Answer& Conversation::make_answer(base::TurnId turn, const ResponseRequest& request, const TurnMarks& marks,
                                  const std::string& language) {
    think::ChunkerSettings chunks;
    chunks.max_first_words = settings_.think.first_piece_words;
    chunks.ordinals_have_stops = think::has_ordinals_with_stops(language);
    const double per_letter = kSecondsPerLetter * session_.output_rate / session_.speed;
    answer_ = std::make_unique<Answer>(turn, session_.output_rate, std::min(settings_.speak.lead, peer_.longest_lead()), chunks,
                                       per_letter);
    Answer& answer = *answer_;
    answer.marks = marks;
    answer.language = language;
    answer.response.id = base::random_id("resp_");
    answer.response.in_conversation = request.in_conversation;
    answer.response.voice = request.voice.value_or(session_.voice);
    answer.response.max_output_tokens = request.max_output_tokens.value_or(session_.max_output_tokens);
    answer.response.speaks = request.speaks.value_or(session_.speaks);
    answer.response.metadata = request.metadata;
    answer.message.id = base::random_id("item_");
    answer.message.role = engine::Role::assistant;
    answer.message.status = think::ItemStatus::in_progress;
    if (answer.response.speaks)
        speaker_.start(turn, {language, voice(answer.response.voice), session_.speed, session_.output_rate});
    return answer;
}

void Conversation::think_answer(const ResponseRequest& request, const std::optional<std::string>& pending) {
    stop_beside();
    prompt_unread_ = false;
    Answer& answer = *answer_;
    engine::GenerationRequest generation = generation_for(request);
    auto messages = prompt_for(request, generation, pending, answer_->language);
    if (!messages) {
        answer.failure = messages.error().text;
        answer.thought = true;
        return;
    }
    generation.messages = std::move(*messages);
    if (!answer.after_silence && begin_to_look_up(generation)) answer.waiting = std::move(generation);
    else thinker_.start(answer.turn, std::move(generation));
}

engine::GenerationRequest Conversation::generation_for(const ResponseRequest& request) const {
    engine::GenerationRequest generation;
    generation.conversation = conversation_id_;
    generation.tools = request.tools.value_or(session_.tools);
    // Without a tool there is nothing to choose from; a response that asks for one all the same was refused.
    if (!generation.tools.empty()) generation.tool_choice = request.tool_choice.value_or(session_.tool_choice);
    generation.parallel_tool_calls = request.parallel_tool_calls.value_or(session_.parallel_tool_calls);
    generation.max_tokens =
        request.max_output_tokens.value_or(session_.max_output_tokens).value_or(settings_.think.max_tokens);
    generation.temperature = settings_.think.temperature;
    return generation;
}

base::Result<std::vector<engine::Message>> Conversation::prompt_for(const ResponseRequest& request,
                                                                    const engine::GenerationRequest& generation,
                                                                    const std::optional<std::string>& pending,
                                                                    const std::string& language) {
    const std::string instructions =
        instructed(request.instructions ? *request.instructions : session_.instructions, language);
    if (request.input) return think::prompt_of(resolved(*request.input), instructions);
    think::PromptLimits limits;
    limits.tokens = prompt_room(generation.max_tokens);
    limits.may_leave_out = session_.truncation.mode != Truncation::Mode::disabled;
    if (session_.truncation.mode == Truncation::Mode::retention) limits.keep = session_.truncation.retention_ratio;
    const think::RollingSummary* summary = request.in_conversation ? usable_summary() : nullptr;
    const std::size_t left_out = window_.left_out();
    auto messages = window_.messages(dialogue_.items(), {instructions, generation.tools, pending, summary}, limits);
    note_cut(left_out);
    return messages;
}

std::vector<think::Item> Conversation::resolved(const std::vector<think::Item>& input) const {
    std::vector<think::Item> items;
    for (const think::Item& item : input) {
        if (item.kind != think::ItemKind::reference) items.push_back(item);
        else if (const think::Item* named = dialogue_.find(item.id)) items.push_back(*named);
    }
    return items;
}

std::string Conversation::voice(const std::string& name) const {
    // Clients name the voices of the service they were written for: they are better answered in another
    // voice than not at all. The session tells which one was asked for, the log that there is none.
    const auto voices = engines_.synthesizer.voices();
    if (name.empty() || std::find(voices.begin(), voices.end(), name) != voices.end()) return name;
    base::log::warning("speak.no_such_voice", {{"call", session_.id}, {"voice", name}});
    return {};
}

void Conversation::open_gate() {
    Answer& answer = *answer_;
    answer.gate_open = true;
    TurnMarks::mark(answer.marks.turn_end, strand_->now());
    peer_.send(ResponseCreated{answer.response});
    tell_sources();
    if (answer.response.speaks) speaker_.open_gate();
    tell();
    finish_if_done();
}

void Conversation::on_thought_part(base::TurnId turn, const think::ThoughtPart& part) {
    if (turn == beside_.turn) beside_.text += part.text;
    if (!answer_ || answer_->turn != turn) return;
    TurnMarks::mark(answer_->marks.first_token, strand_->now());
    if (part.call) take_call_part(*part.call, part);
    else take_words(part.text);
    tell();
    settle();
}

void Conversation::take_words(const std::string& text) {
    Answer& answer = *answer_;
    if (!answer.calls.empty()) return;  // the words of an answer come before its calls
    answer.text += text;
    if (answer.response.speaks) say_pieces(answer.chunker.push(text));
}

void Conversation::say_rest() {
    if (!answer_->response.speaks) return;
    if (auto rest = answer_->chunker.finish()) say_pieces({std::move(*rest)});
}

void Conversation::take_call_part(std::size_t index, const think::ThoughtPart& part) {
    Answer& answer = *answer_;
    if (index >= answer.calls.size()) {
        if (answer.calls.empty()) say_rest();
        else answer.calls.back().whole = true;
        AnswerCall call;
        call.item.id = base::random_id("item_");
        call.item.kind = think::ItemKind::function_call;
        call.item.status = think::ItemStatus::in_progress;
        call.item.role = engine::Role::assistant;
        call.item.call.id = base::random_id("call_");
        call.item.call.name = part.tool;
        answer.calls.push_back(std::move(call));
    }
    answer.calls.back().item.call.arguments += part.text;
}

void Conversation::on_thought(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy) {
    if (turn == beside_.turn) {
        end_beside(end, busy);
        return settle();
    }
    if (!answer_ || answer_->turn != turn) return waste(busy);
    Answer& answer = *answer_;
    answer.busy += busy;
    answer.thought = true;
    if (end) {
        answer.usage = Usage{end->prompt_tokens, end->cached_tokens, end->completion_tokens};
        engines_.metrics.prompt_tokens.Increment(end->prompt_tokens);
        engines_.metrics.cached_tokens.Increment(end->cached_tokens);
        engines_.metrics.completion_tokens.Increment(end->completion_tokens);
        engines_.metrics.thinking_seconds.Increment(base::seconds(busy));
        answer.cut_short = end->reason == engine::FinishReason::length;
        // At the limit of tokens nothing says that the last call's arguments are all there.
        if (!answer.calls.empty()) answer.calls.back().whole = !answer.cut_short;
    } else {
        answer.failure = end.error().text;
        engines_.metrics.thinking_failures.Increment();
        if (end.error().code == base::Errc::overloaded) engines_.metrics.overloads.Increment();
        base::log::warning("turn.not_thought", {{"call", session_.id}, {"turn", base::number(turn)}, {"reason", answer.failure}});
    }
    say_rest();
    tell();
    finish_if_done();
    settle();
}

void Conversation::tell() {
    if (!answering()) return;
    tell_message();
    run_pacer();
    finish_message_if_done();
    tell_calls();
}

void Conversation::tell_message() {
    Answer& answer = *answer_;
    if (!answer.has_words() || answer.message_over) return;
    const ResponsePart part{answer.response.id, answer.message.id, 0};
    if (!answer.message_told) {
        answer.message_told = true;
        peer_.send(OutputItemAdded{answer.response.id, answer.message, 0});
        if (answer.response.in_conversation) {
            const auto previous = dialogue_.add(answer.message);
            peer_.send(ItemAdded{answer.message, previous ? *previous : std::string()});
        }
        peer_.send(ContentPartAdded{part, answer.response.speaks});
    }
    if (answer.response.speaks || answer.told == answer.text.size()) return;
    TurnMarks::mark(answer.marks.first_audio, strand_->now());
    tell_state();
    peer_.send(OutputTextDelta{part, answer.text.substr(answer.told)});
    answer.told = answer.text.size();
}

void Conversation::tell_calls() {
    Answer& answer = *answer_;
    int output_index = answer.message_told ? 1 : 0;
    for (AnswerCall& call : answer.calls) {
        if (!call.announced) announce_call(call, output_index);
        ++output_index;
        engine::ToolCall& wanted = call.item.call;
        if (call.whole && wanted.arguments.empty()) wanted.arguments = "{}";
        const ResponsePart part{answer.response.id, call.item.id, call.output_index};
        if (call.told < wanted.arguments.size()) {
            peer_.send(FunctionArgumentsDelta{part, wanted.id, wanted.arguments.substr(call.told)});
            call.told = wanted.arguments.size();
        }
        if (!call.whole || call.over) continue;
        peer_.send(FunctionArgumentsDone{part, wanted});
        end_call(call, think::ItemStatus::completed);
    }
}

void Conversation::announce_call(AnswerCall& call, int output_index) {
    Answer& answer = *answer_;
    call.announced = true;
    call.output_index = output_index;
    // Clients run a tool as soon as they see a call that is complete: it begins without its arguments.
    think::Item begun = call.item;
    begun.call.arguments.clear();
    peer_.send(OutputItemAdded{answer.response.id, begun, output_index});
    if (!answer.response.in_conversation) return;
    const auto previous = dialogue_.add(begun);
    peer_.send(ItemAdded{begun, previous ? *previous : std::string()});
}

}  // namespace antiphon::call
