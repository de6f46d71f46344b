// What is said on either side of a call: the client's events, the call's, and sound both ways.

#include "edge/realtime_session.hpp"

#include "audio/g711.hpp"
#include "base/ids.hpp"
#include "base/log.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::size_t kPieceSeconds = 2;
/// Ahead of real time over a media line, which has a clock of its own: two of its steps, and one for ours.
constexpr base::milliseconds kLineLead{60};

template <typename... Cases>
struct Overloaded : Cases... {
    using Cases::operator()...;
};
template <typename... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

void RealtimeSession::received(const std::shared_ptr<MessageChannel>& from, std::string_view message) {
    // What an earlier channel still brings is not heard: the client has been told up to where it was.
    if (!call_ || leaving_since_ || !knows(from)) return;
    asking_ = from;
    const auto decoded = protocol::decode(message, context_.dialect);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
        if (from == main_ && !refusal->event_id.empty()) {
            last_client_event_ = refusal->event_id;
            unsaved_.take(refusal->event_id, false, false);
        }
        refuse(*refusal);
        from->next();
    } else {
        const auto& event = std::get<protocol::ClientEvent>(decoded);
        if (from == main_) note_taken(event);
        perform(event);
    }
    asking_.reset();
}

void RealtimeSession::received_binary(const std::shared_ptr<MessageChannel>& from, std::span<const std::uint8_t> bytes) {
    if (!call_ || leaving_since_ || !knows(from)) return;
    asking_ = from;
    if (!context_.wire.binary_audio) {
        refuse({"invalid_type",
                base::error(base::Errc::invalid,
                            "events are JSON in text frames; sound in binary frames is taken after session.update has "
                            "set session.antiphon.binary_audio"),
                ""});
        from->next();
    } else {
        take_sound(bytes, "");
    }
    asking_.reset();
}

void RealtimeSession::take_sound(std::span<const std::uint8_t> bytes, const std::string& event_id) {
    const auto from = asking_;
    auto samples = to_samples(bytes, context_.session.input_encoding);
    if (samples && !line_flows_) return hear(from, std::move(*samples));
    if (!samples) refuse(samples.error(), event_id);
    else
        refuse(base::error(base::Errc::unsupported, "the caller's sound of this call comes over its media line", "type"),
               event_id);
    from->next();
}

bool RealtimeSession::knows(const std::shared_ptr<MessageChannel>& channel) const {
    return channel == main_ || std::find(observers_.begin(), observers_.end(), channel) != observers_.end();
}

void RealtimeSession::perform(const protocol::ClientEvent& event) {
    if (const auto* append = std::get_if<protocol::AppendAudio>(&event.request))
        return take_sound(append->audio, event.event_id);
    const std::string& id = event.event_id;
    context_.request = &event.request;
    std::visit(Overloaded{
                   [&](const protocol::UpdateSession& r) { perform(r, id); },
                   [](const protocol::AppendAudio&) {},
                   [&](const protocol::CommitAudio&) { call_->commit_audio(id); },
                   [&](const protocol::ClearAudio&) { call_->clear_audio(); },
                   [&](const protocol::CreateItem& r) { perform(r, id); },
                   [&](const protocol::RetrieveItem& r) { call_->retrieve_item(r.item_id, id); },
                   [&](const protocol::TruncateItem& r) { call_->truncate_item(r.item_id, r.audio_end_ms, id); },
                   [&](const protocol::DeleteItem& r) { call_->delete_item(r.item_id, id); },
                   [&](const protocol::CreateResponse& r) { perform(r, id); },
                   [&](const protocol::CancelResponse& r) { call_->cancel_response(r.response_id, id); },
                   [&](const protocol::ClearOutputAudio&) { clear_output(id); },
               },
               event.request);
    context_.request = nullptr;
    asking_->next();
}

void RealtimeSession::perform(const protocol::UpdateSession& request, const std::string& event_id) {
    // The first session tells which dialect an open connection speaks; all that follows is said in it.
    if (context_.dialect == protocol::Dialect::open) context_.dialect = request.dialect;
    const auto defaults = agent_->session.turn_detection.value_or(call::TurnDetection{});
    const auto patch = to_patch(request.session, context_, defaults);
    if (!patch) return refuse(patch.error(), event_id);
    if (refuse_tools(patch->tools, "session.", event_id)) return;
    changed_ = context_.wire;
    apply(request.session, *changed_);
    call_->update_session(*patch, event_id);
    changed_.reset();
}

void RealtimeSession::perform(const protocol::CreateItem& request, const std::string& event_id) {
    auto item = to_item(request.item, context_.session.input_encoding, "item");
    if (!item) return refuse(item.error(), event_id);
    call_->create_item(std::move(*item), request.previous_item_id, event_id);
}

void RealtimeSession::perform(const protocol::CreateResponse& request, const std::string& event_id) {
    auto wanted = to_request(request, context_, event_id);
    if (!wanted) return refuse(wanted.error(), event_id);
    if (refuse_tools(wanted->tools, "response.", event_id)) return;
    call_->create_response(std::move(*wanted));
}

void RealtimeSession::clear_output(const std::string& event_id) {
    if (context_.plays_sound) return call_->clear_output(event_id);
    refuse(base::error(base::Errc::unsupported,
                       "output_audio_buffer.clear is for WebRTC; over a WebSocket the sound that was sent is already "
                       "with the client",
                       "type"),
           event_id);
}

void RealtimeSession::hear(const std::shared_ptr<MessageChannel>& from, std::vector<float> samples) {
    const int rate = context_.session.input_rate;
    // All of a message that was taken will be heard, so all of it counts already.
    taken_ += static_cast<std::int64_t>(samples.size()) * kTakenRate / rate;
    waiting_.push_back({from, std::move(samples), rate, 0});
    if (waiting_.size() == 1) hear_next();
}

void RealtimeSession::hear_next() {
    if (!call_ || leaving_since_ || waiting_.empty()) return;
    Waiting& next = waiting_.front();
    const std::size_t piece = kPieceSeconds * static_cast<std::size_t>(next.rate);
    const std::size_t length = std::min(piece, next.samples.size() - next.at);
    const std::size_t end = next.at + length;
    // A line's sound is heard in its own steps, so that a turn ends where it would have ended then.
    const std::size_t step = next.from ? length : static_cast<std::size_t>(next.rate) / 50;
    for (std::size_t at = std::exchange(next.at, end); at < end; at += step) {
        call_->hear(std::span(next.samples).subspan(at, std::min(step, end - at)), next.rate);
        if (!call_) return;  // nothing waits any more
    }
    if (next.at == next.samples.size()) {
        const auto from = std::move(next.from);
        waiting_.pop_front();
        if (from) from->next();
    }
    if (!waiting_.empty()) strand_->post([self = shared_from_this()] { self->hear_next(); });
}

void RealtimeSession::note_taken(const protocol::ClientEvent& event) {
    if (std::holds_alternative<protocol::AppendAudio>(event.request) && event.event_id.empty()) return;
    if (!event.event_id.empty()) last_client_event_ = event.event_id;
    unsaved_.take(event.event_id, std::holds_alternative<protocol::CreateResponse>(event.request),
                  std::holds_alternative<protocol::CommitAudio>(event.request));
}

void RealtimeSession::send(const call::CallEvent& event) {
    const auto* created = std::get_if<call::SessionCreated>(&event);
    const auto* updated = std::get_if<call::SessionUpdated>(&event);
    const bool was_kept = log_ != nullptr && created == nullptr;
    if (created) context_.session = created->session;
    if (updated) {
        context_.session = updated->session;
        if (changed_) context_.wire = *changed_;
        keep_replay_log(context_.wire.resumable, false);
        keep_record();
    }
    unsaved_.look(event, heard_sound_ms());
    if (const auto* state = std::get_if<call::StateChanged>(&event)) listening_ = state->state == call::AgentState::listening;
    leave_if_quiet();
    if (recorder_) recorder_->look(event);
    if (created && returning_) return start_ticking();  // the client has its session
    if (std::holds_alternative<call::TurnMeasured>(event)) ++turns_answered_;
    note_sounding(event);
    for (const auto& wire_event : to_wire(event, context_)) tell(wire_event);
    if (!log_ || was_kept) return;
    tell(kept());
    start_ticking();
}

void RealtimeSession::note_sounding(const call::CallEvent& event) {
    if (const auto* started = std::get_if<call::OutputSoundStarted>(&event)) sounding_ = started->response_id;
    if (const auto* stopped = std::get_if<call::OutputSoundStopped>(&event); stopped && stopped->response_id == sounding_)
        sounding_.clear();
    const auto* cleared = std::get_if<call::OutputSoundCleared>(&event);
    if (cleared && cleared->response_id == sounding_) {
        if (log_) log_->forget_line_sound(sounding_);
        sounding_.clear();
        then_ = {};
    }
    // Who speaks does not want to hear what was said before.
    if (cleared || std::holds_alternative<call::SpeechStarted>(event)) again_.clear();
}

void RealtimeSession::send_audio(const call::ResponsePart& part, std::span<const float> samples) {
    if (media_) return send_over_line(part, samples);
    const base::Duration length = audio::duration_of(samples.size(), context_.session.output_rate);
    auto sound = audio::encode(samples, context_.session.output_encoding);
    if (!context_.wire.binary_audio) {
        auto delta = to_wire(part, std::move(sound));
        return tell(std::move(delta), length, part);
    }
    if (main_) main_->send_binary(sound);
    if (log_) log_->add({"", {sound.begin(), sound.end()}, true, length, part}, strand_->now());
}

void RealtimeSession::clear_audio() {
    if (media_) media_->clear();
}

base::Duration RealtimeSession::ear_lag() const { return media_ ? media_->delay() : base::Duration::zero(); }

base::milliseconds RealtimeSession::longest_lead() const { return media_ ? kLineLead : base::milliseconds::max(); }

void RealtimeSession::refuse(const protocol::Refusal& refusal) { tell(to_wire(refusal)); }

void RealtimeSession::refuse(const base::Error& error, const std::string& event_id) {
    unsaved_.look(call::RequestFailed{error, event_id}, heard_sound_ms());
    refuse({error.code == base::Errc::unsupported ? "unsupported" : "invalid_value", error, event_id});
}

bool RealtimeSession::refuse_tools(const std::optional<std::vector<engine::Tool>>& offered, std::string_view where,
                                   const std::string& event_id) {
    const auto allowed = agent_->check_tools(offered);
    if (allowed) return false;
    base::Error failure = allowed.error();
    failure.param.insert(0, where);
    refuse({"unsupported", std::move(failure), event_id});
    return true;
}

void RealtimeSession::tell(const protocol::ServerEvent& event, base::Duration sound, const call::ResponsePart& part) {
    // An answer that concerns nobody else goes to who has asked.
    const bool answers = std::holds_alternative<protocol::ErrorReport>(event) ||
                         std::holds_alternative<protocol::ItemRetrieved>(event);
    const bool of_client = std::holds_alternative<protocol::OutputAudioDelta>(event) ||
                           std::holds_alternative<protocol::SessionKept>(event) ||
                           std::holds_alternative<protocol::ItemsSaved>(event) || (answers && asking_ && asking_ == main_);
    const bool of_observer = answers && asking_ && asking_ != main_;
    if (!main_ && !log_ && (of_client || observers_.empty())) return;
    std::string id(event_ids_.next());
    auto message = protocol::encode(event, id, context_.dialect);
    if (message.empty()) return;
    if (of_observer) return asking_->send(std::move(message));
    if (!of_client)
        for (const auto& observer : observers_) observer->send(message);
    if (log_) log_->add({std::move(id), message, false, sound, part}, strand_->now());
    if (main_) main_->send(std::move(message));
}

std::string RealtimeSession::message_of(const protocol::ServerEvent& event) {
    return protocol::encode(event, event_ids_.next(), context_.dialect);
}

}  // namespace antiphon::edge
