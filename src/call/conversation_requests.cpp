// What clients ask for: of the session, of the caller's sound, and of answers.

#include "call/conversation.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace antiphon::call {
namespace {

/// Less sound than this is no utterance; the Realtime API refuses it as well.
constexpr base::milliseconds kShortestCommit{100};

base::Result<void> check_tool_choice(const std::vector<engine::Tool>& tools, const engine::ToolChoice& choice,
                                     const std::string& param) {
    const bool known = choice.name.empty() ||
                       std::any_of(tools.begin(), tools.end(), [&](const auto& tool) { return tool.name == choice.name; });
    if (!known) return base::error(base::Errc::invalid, "there is no tool '" + choice.name + "'", param);
    if (choice.use == engine::ToolUse::required && tools.empty())
        return base::error(base::Errc::invalid, "a tool is required, and there is none", param);
    return {};
}

}  // namespace

void Conversation::update_session(const SessionPatch& patch, const std::string& client_event_id) {
    Session next = session_;
    apply(patch, next);
    if (voice_heard_ && next.voice != session_.voice)
        return fail(base::error(base::Errc::conflict, "the voice cannot be changed after it has been heard",
                                "session.audio.output.voice"),
                    client_event_id);
    // The choice may come before the tools: without any, it waits for them.
    if (!next.tools.empty()) {
        auto known = check_tool_choice(next.tools, next.tool_choice, "session.tool_choice");
        if (!known) return fail(known.error(), client_event_id);
    }
    const bool hears_anew = patch.turn_detection || patch.input_rate;
    if (hears_anew) {
        if (auto done = configure_listener(next); !done) return fail(done.error(), client_event_id);
        forget_speech();
        interrupting_ = false;
        if (answering()) {
            answer_->pacer.resume();
            run_pacer();
            finish_if_done();
        }
    }
    drop_speculation();
    silence_deadline_.reset();
    session_ = std::move(next);
    language_watch_.fix(session_.input_language);
    peer_.send(SessionUpdated{session_});
    if (session_.kind == SessionKind::transcription) {
        for (Hearing& hearing : hearings_) hearing.wants_answer = false;
        if (wanted_ && !wanted_->by_client) wanted_.reset();
        interrupt_all(ResponseEnd::client_cancelled);
    }
    start_wanted_answer();
    settle();
}

void Conversation::commit_audio(const std::string& client_event_id) {
    const listen::Position from = std::max(uncommitted_, listener_.oldest());
    if (listen::duration_between(from, listener_.position()) < kShortestCommit)
        return fail(base::error(base::Errc::invalid,
                                "the input audio buffer is too short to commit: at least 100 ms are needed, there are " +
                                    std::to_string(listen::milliseconds_at(listener_.position() - from)) + " ms"),
                    client_event_id);
    drop_speculation();
    Hearing hearing;
    hearing.turn = next_turn();
    hearing.item_id = speech_item_.empty() ? base::random_id("item_") : speech_item_;
    hearing.from = from;
    hearing.to = listener_.position();
    hearing.marks.turn_end = strand_->now();
    forget_speech();
    if (session_.turn_detection) listener_.reset_turns();
    commit(std::move(hearing));
    settle();
}

void Conversation::clear_audio() {
    drop_speculation();
    forget_speech();
    uncommitted_ = listener_.position();
    listener_.forget_before(uncommitted_);
    listener_.reset_turns();
    drop_told_ = false;
    peer_.send(AudioCleared{});
    start_wanted_answer();
    settle();
}

void Conversation::create_response(ResponseRequest request) {
    const std::string event_id = request.client_event_id;
    if (session_.kind == SessionKind::transcription)
        return fail(base::error(base::Errc::unsupported, "a transcription session gives no answers"), event_id);
    // The output of a call may come while the words before it still sound: the next answer follows them.
    const bool playing_out = answering() && answer_->thought && !answer_->calls.empty();
    if ((answering() && !playing_out) || (wanted_ && wanted_->by_client))
        return fail(base::error(base::Errc::conflict, "a response is already under way"), event_id);
    const auto known = check_tool_choice(request.tools.value_or(session_.tools),
                                         request.tool_choice.value_or(session_.tool_choice), "response.tool_choice");
    if (!known) return fail(known.error(), event_id);
    if (auto fits = check_input(request); !fits) return fail(fits.error(), event_id);
    drop_speculation();
    Wanted wanted;
    wanted.turn = next_turn();
    wanted.request = std::move(request);
    wanted.language = answer_language(language_);
    wanted.by_client = true;
    wanted_ = std::move(wanted);
    if (wanted_->request.input) {
        for (think::Item& item : *wanted_->request.input) {
            if (item.id.empty()) item.id = base::random_id("item_");
            hear_item(item, true);
        }
        start_next_sound();
    }
    start_wanted_answer();
    settle();
}

base::Result<void> Conversation::check_input(const ResponseRequest& request) const {
    if (!request.input) return {};
    for (const think::Item& item : *request.input) {
        if (item.kind == think::ItemKind::reference && dialogue_.find(item.id) == nullptr)
            return base::error(base::Errc::not_found, "there is no item '" + item.id + "'", "response.input");
        if (auto fits = check_sounds(item); !fits)
            return base::error(fits.error().code, fits.error().text, "response.input");
    }
    std::set<std::string> calls;
    const std::vector<think::Item> items = resolved(*request.input);
    for (const think::Item& item : items)
        if (item.kind == think::ItemKind::function_call) calls.insert(item.call.id);
    for (const think::Item& item : items)
        if (item.kind == think::ItemKind::function_call_output && !calls.contains(item.call.id))
            return base::error(base::Errc::not_found, "there is no function call '" + item.call.id + "' in the input",
                               "response.input");
    return {};
}

void Conversation::cancel_response(const std::string& response_id, const std::string& client_event_id) {
    const bool names_it = answering() && (response_id.empty() || answer_->response.id == response_id);
    const bool waits = wanted_ && response_id.empty();
    if (!names_it && !waits)
        return fail(base::error(base::Errc::not_found, "there is no such response under way", "response_id"), client_event_id);
    if (waits && !wanted_->by_client) wanted_.reset();
    if (response_id.empty()) interrupt_all(ResponseEnd::client_cancelled);
    else interrupt(ResponseEnd::client_cancelled);
    settle();
}

}  // namespace antiphon::call
