#include "edge/event_map.hpp"

#include <string_view>
#include <type_traits>
#include <utility>

namespace antiphon::edge {
namespace {

using Events = std::vector<protocol::ServerEvent>;

/// How the call names the field; the beta has another place for it.
constexpr std::string_view kVoice = "session.audio.output.voice";

protocol::Role to_wire(engine::Role role) {
    switch (role) {
        case engine::Role::system: return protocol::Role::system;
        case engine::Role::user:
        case engine::Role::tool: return protocol::Role::user;
        case engine::Role::assistant: return protocol::Role::assistant;
    }
    return protocol::Role::user;
}

protocol::ContentKind to_wire(think::ContentKind kind) {
    switch (kind) {
        case think::ContentKind::input_text: return protocol::ContentKind::input_text;
        case think::ContentKind::input_audio: return protocol::ContentKind::input_audio;
        case think::ContentKind::output_text: return protocol::ContentKind::output_text;
        case think::ContentKind::output_audio: return protocol::ContentKind::output_audio;
    }
    return protocol::ContentKind::input_text;
}

protocol::ItemKind to_wire(think::ItemKind kind) {
    switch (kind) {
        case think::ItemKind::message: return protocol::ItemKind::message;
        case think::ItemKind::function_call: return protocol::ItemKind::function_call;
        case think::ItemKind::function_call_output: return protocol::ItemKind::function_call_output;
        case think::ItemKind::reference: return protocol::ItemKind::reference;
    }
    return protocol::ItemKind::message;
}

protocol::ItemStatus to_wire(think::ItemStatus status) {
    switch (status) {
        case think::ItemStatus::in_progress: return protocol::ItemStatus::in_progress;
        case think::ItemStatus::completed: return protocol::ItemStatus::completed;
        case think::ItemStatus::incomplete: return protocol::ItemStatus::incomplete;
    }
    return protocol::ItemStatus::completed;
}

protocol::ResponseStatus to_wire(call::ResponseStatus status) {
    switch (status) {
        case call::ResponseStatus::in_progress: return protocol::ResponseStatus::in_progress;
        case call::ResponseStatus::completed: return protocol::ResponseStatus::completed;
        case call::ResponseStatus::cancelled: return protocol::ResponseStatus::cancelled;
        case call::ResponseStatus::incomplete: return protocol::ResponseStatus::incomplete;
        case call::ResponseStatus::failed: return protocol::ResponseStatus::failed;
    }
    return protocol::ResponseStatus::failed;
}

std::string reason_of(call::ResponseEnd end) {
    switch (end) {
        case call::ResponseEnd::turn_detected: return "turn_detected";
        case call::ResponseEnd::client_cancelled: return "client_cancelled";
        case call::ResponseEnd::max_output_tokens: return "max_output_tokens";
        case call::ResponseEnd::none:
        case call::ResponseEnd::failed: return "";
    }
    return "";
}

protocol::Item to_wire(const think::Item& item) {
    protocol::Item out{item.id, to_wire(item.role), to_wire(item.status), {}};
    out.kind = to_wire(item.kind);
    for (const auto& part : item.content) out.content.push_back({to_wire(part.kind), part.text});
    out.call_id = item.call.id;
    out.name = item.call.name;
    out.arguments = item.call.arguments;
    out.output = item.output;
    return out;
}

protocol::Part to_wire(const call::ResponsePart& part) { return {part.response_id, part.item_id, part.output_index}; }

protocol::Eagerness to_wire(call::Eagerness eagerness) {
    switch (eagerness) {
        case call::Eagerness::automatic: return protocol::Eagerness::automatic;
        case call::Eagerness::low: return protocol::Eagerness::low;
        case call::Eagerness::medium: return protocol::Eagerness::medium;
        case call::Eagerness::high: return protocol::Eagerness::high;
    }
    return protocol::Eagerness::automatic;
}

protocol::TurnDetection to_wire(const call::TurnDetection& turn) {
    protocol::TurnDetection out;
    if (turn.semantic) out.semantic = to_wire(*turn.semantic);
    out.threshold = turn.threshold;
    out.prefix_padding_ms = static_cast<int>(turn.prefix_padding.count());
    out.silence_duration_ms = static_cast<int>(turn.silence_duration.count());
    if (turn.idle_timeout) out.idle_timeout_ms = static_cast<int>(turn.idle_timeout->count());
    out.create_response = turn.create_response;
    out.interrupt_response = turn.interrupt_response;
    return out;
}

protocol::ToolChoice to_wire(const engine::ToolChoice& choice) {
    switch (choice.use) {
        case engine::ToolUse::automatic: return {protocol::ToolChoice::Use::automatic, ""};
        case engine::ToolUse::none: return {protocol::ToolChoice::Use::none, ""};
        case engine::ToolUse::required: return {protocol::ToolChoice::Use::required, choice.name};
    }
    return {};
}

protocol::Truncation to_wire(const call::Truncation& truncation) {
    switch (truncation.mode) {
        case call::Truncation::Mode::automatic: return {protocol::Truncation::Mode::automatic, 1.0};
        case call::Truncation::Mode::disabled: return {protocol::Truncation::Mode::disabled, 1.0};
        case call::Truncation::Mode::retention:
            return {protocol::Truncation::Mode::retention, truncation.retention_ratio};
    }
    return {};
}

protocol::Session to_wire(const call::Session& session, const WireContext& context) {
    protocol::Session out;
    out.id = session.id;
    if (session.kind == call::SessionKind::transcription) out.kind = protocol::SessionKind::transcription;
    out.model = session.model;
    out.agent = session.agent;
    out.instructions = session.instructions;
    out.speaks = session.speaks;
    for (const auto& tool : session.tools) out.tools.push_back({tool.name, tool.description, tool.parameters});
    out.tool_choice = to_wire(session.tool_choice);
    out.parallel_tool_calls = session.parallel_tool_calls;
    out.truncation = to_wire(session.truncation);
    out.input_encoding = session.input_encoding;
    if (session.transcribes) out.transcription = {session.transcription_model, session.input_language};
    if (session.turn_detection) out.turn_detection = to_wire(*session.turn_detection);
    out.partials = session.partials;
    out.output_encoding = session.output_encoding;
    out.voice = session.voice;
    out.speed = session.speed;
    out.max_output_tokens = session.max_output_tokens;
    out.wire = context.wire;
    return out;
}

protocol::Response to_wire(const call::Response& response, const WireContext& context) {
    protocol::Response out;
    out.id = response.id;
    if (response.in_conversation) out.conversation_id = context.conversation_id;
    out.status = to_wire(response.status);
    out.reason = reason_of(response.end);
    if (response.status == call::ResponseStatus::failed) {
        out.error_code = "engine_error";
        out.error_message = response.failure;
    }
    out.speaks = response.speaks;
    out.output_encoding = context.session.output_encoding;
    out.voice = response.voice;
    out.max_output_tokens = response.max_output_tokens;
    for (const auto& item : response.output) out.output.push_back(to_wire(item));
    if (const auto& usage = response.usage) out.usage = {usage->input_tokens, usage->cached_tokens, usage->output_tokens};
    out.metadata = response.metadata;
    out.temperature = context.wire.temperature;
    return out;
}

protocol::AgentState to_wire(call::AgentState state) {
    switch (state) {
        case call::AgentState::listening: return protocol::AgentState::listening;
        case call::AgentState::thinking: return protocol::AgentState::thinking;
        case call::AgentState::speaking: return protocol::AgentState::speaking;
    }
    return protocol::AgentState::listening;
}

bool is_server_fault(base::Errc code) {
    return code == base::Errc::overloaded || code == base::Errc::unavailable || code == base::Errc::engine;
}

/// Clients know these apart, to pass over what is only a race of theirs with the server.
std::string not_found_code(const protocol::ClientRequest* request, const std::string& param) {
    if (request == nullptr) return "item_not_found";
    if (std::holds_alternative<protocol::CancelResponse>(*request)) return "response_cancel_not_active";
    if (std::holds_alternative<protocol::RetrieveItem>(*request)) return "item_retrieve_invalid_item_id";
    if (std::holds_alternative<protocol::DeleteItem>(*request)) return "item_delete_invalid_item_id";
    if (std::holds_alternative<protocol::TruncateItem>(*request)) return "item_truncate_invalid_item_id";
    if (std::holds_alternative<protocol::CreateItem>(*request) && param == "previous_item_id")
        return "item_create_invalid_previous_item_id";
    return "item_not_found";
}

std::string code_of(const base::Error& error, const protocol::ClientRequest* request) {
    const auto answers = [request]<typename Request>(std::type_identity<Request>) {
        return request != nullptr && std::holds_alternative<Request>(*request);
    };
    switch (error.code) {
        case base::Errc::invalid:
            return answers(std::type_identity<protocol::CommitAudio>()) ? "input_audio_buffer_commit_empty"
                                                                        : "invalid_value";
        case base::Errc::not_found: return not_found_code(request, error.param);
        case base::Errc::conflict:
            if (error.param == kVoice) return "cannot_update_voice";
            // Clients queue their response.create events by this code.
            return answers(std::type_identity<protocol::CreateResponse>()) ? "conversation_already_has_active_response"
                                                                           : "conflict";
        case base::Errc::engine: return "engine_error";
        case base::Errc::unsupported:
        case base::Errc::overloaded:
        case base::Errc::unavailable:
        case base::Errc::cancelled: break;
    }
    return std::string(base::name_of(error.code));
}

std::string param_of(const base::Error& error, protocol::Dialect dialect) {
    return dialect == protocol::Dialect::beta && error.param == kVoice ? "session.voice" : error.param;
}

struct ToWire {
    const WireContext& context;

    Events operator()(const call::SessionCreated& e) const {
        Events events{protocol::SessionCreated{to_wire(e.session, context)}};
        if (context.dialect == protocol::Dialect::beta)
            events.emplace_back(protocol::ConversationCreated{context.conversation_id});
        return events;
    }
    Events operator()(const call::SessionUpdated& e) const {
        return {protocol::SessionUpdated{to_wire(e.session, context)}};
    }
    Events operator()(const call::RequestFailed& e) const {
        return {protocol::ErrorReport{is_server_fault(e.error.code) ? "server_error" : "invalid_request_error",
                                      code_of(e.error, context.request), e.error.text, param_of(e.error, context.dialect),
                                      e.client_event_id}};
    }
    Events operator()(const call::SpeechStarted& e) const { return {protocol::SpeechStarted{e.item_id, e.audio_start_ms}}; }
    Events operator()(const call::SpeechStopped& e) const { return {protocol::SpeechStopped{e.item_id, e.audio_end_ms}}; }
    Events operator()(const call::AudioCommitted& e) const {
        return {protocol::AudioCommitted{e.item_id, e.previous_item_id}};
    }
    Events operator()(const call::AudioCleared&) const { return {protocol::AudioCleared{}}; }
    Events operator()(const call::ItemAdded& e) const { return {protocol::ItemAdded{to_wire(e.item), e.previous_item_id}}; }
    Events operator()(const call::ItemDone& e) const { return {protocol::ItemDone{to_wire(e.item), e.previous_item_id}}; }
    Events operator()(const call::ItemRetrieved& e) const { return {protocol::ItemRetrieved{to_wire(e.item)}}; }
    Events operator()(const call::ItemTruncated& e) const { return {protocol::ItemTruncated{e.item_id, e.audio_end_ms}}; }
    Events operator()(const call::ItemDeleted& e) const { return {protocol::ItemDeleted{e.item_id}}; }
    Events operator()(const call::TranscriptionDelta& e) const {
        return {protocol::TranscriptionDelta{e.item_id, e.text, e.content_index}};
    }
    Events operator()(const call::TranscriptionCompleted& e) const {
        return {protocol::TranscriptionCompleted{e.item_id, e.text, e.language, e.seconds, e.content_index}};
    }
    Events operator()(const call::TranscriptionFailed& e) const {
        return {protocol::TranscriptionFailed{e.item_id, code_of(e.error, nullptr), e.error.text, e.content_index}};
    }
    Events operator()(const call::ResponseCreated& e) const {
        return {protocol::ResponseCreated{to_wire(e.response, context)}, protocol::RateLimitsUpdated{}};
    }
    Events operator()(const call::OutputItemAdded& e) const {
        return {protocol::OutputItemAdded{e.response_id, to_wire(e.item), e.output_index}};
    }
    Events operator()(const call::ContentPartAdded& e) const {
        return {protocol::ContentPartAdded{to_wire(e.part), e.speaks}};
    }
    Events operator()(const call::OutputTextDelta& e) const { return {protocol::OutputTextDelta{to_wire(e.part), e.text}}; }
    Events operator()(const call::OutputTextDone& e) const { return {protocol::OutputTextDone{to_wire(e.part), e.text}}; }
    Events operator()(const call::OutputTranscriptDelta& e) const {
        return {protocol::OutputTranscriptDelta{to_wire(e.part), e.text}};
    }
    Events operator()(const call::OutputTranscriptDone& e) const {
        return {protocol::OutputTranscriptDone{to_wire(e.part), e.text}};
    }
    Events operator()(const call::OutputAudioDone& e) const { return {protocol::OutputAudioDone{to_wire(e.part)}}; }
    Events operator()(const call::ContentPartDone& e) const {
        return {protocol::ContentPartDone{to_wire(e.part), e.speaks, e.text}};
    }
    Events operator()(const call::OutputItemDone& e) const {
        return {protocol::OutputItemDone{e.response_id, to_wire(e.item), e.output_index}};
    }
    Events operator()(const call::TimeoutTriggered& e) const {
        return {protocol::TimeoutTriggered{e.item_id, e.audio_start_ms, e.audio_end_ms}};
    }
    Events operator()(const call::PartialTranscript& e) const { return {protocol::PartialTranscript{e.item_id, e.text}}; }
    Events operator()(const call::FunctionArgumentsDelta& e) const {
        return {protocol::FunctionArgumentsDelta{to_wire(e.part), e.call_id, e.delta}};
    }
    Events operator()(const call::FunctionArgumentsDone& e) const {
        return {protocol::FunctionArgumentsDone{to_wire(e.part), e.call.id, e.call.name, e.call.arguments}};
    }
    Events operator()(const call::OutputSoundStarted& e) const {
        return if_played(protocol::OutputSoundStarted{e.response_id});
    }
    Events operator()(const call::OutputSoundStopped& e) const {
        return if_played(protocol::OutputSoundStopped{e.response_id});
    }
    Events operator()(const call::OutputSoundCleared& e) const {
        return if_played(protocol::OutputSoundCleared{e.response_id});
    }
    Events if_played(protocol::ServerEvent event) const {
        if (!context.plays_sound) return {};
        return {std::move(event)};
    }
    Events operator()(const call::WordsTimed& e) const {
        protocol::WordsTimed words{to_wire(e.part), {}};
        for (const auto& word : e.words) words.words.push_back({word.text, word.start_ms, word.end_ms});
        return {std::move(words)};
    }
    Events operator()(const call::LanguageDecided& e) const {
        return {protocol::LanguageDecided{e.language, e.confidence}};
    }
    Events operator()(const call::StateChanged& e) const { return {protocol::StateChanged{to_wire(e.state)}}; }
    Events operator()(const call::ResponseDone& e) const {
        return {protocol::ResponseDone{to_wire(e.response, context)}};
    }
    Events operator()(const call::TurnMeasured& e) const {
        return {protocol::TurnMeasured{e.response_id, e.speculated, e.transcript, e.first_token, e.first_clause,
                                       e.first_sound, e.turn_end, e.first_audio}};
    }
};

}  // namespace

std::vector<protocol::ServerEvent> to_wire(const call::CallEvent& event, const WireContext& context) {
    return std::visit(ToWire{context}, event);
}

protocol::OutputAudioDelta to_wire(const call::ResponsePart& part, std::vector<std::uint8_t> sound) {
    return {to_wire(part), std::move(sound)};
}

protocol::ErrorReport to_wire(const protocol::Refusal& refusal) {
    return {"invalid_request_error", refusal.code, refusal.error.text, refusal.error.param, refusal.event_id};
}

}  // namespace antiphon::edge
