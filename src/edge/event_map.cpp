#include "edge/event_map.hpp"

#include "audio/pcm.hpp"

#include <type_traits>
#include <utility>

namespace antiphon::edge {
namespace {

using Events = std::vector<protocol::ServerEvent>;

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
    for (const auto& part : item.content) out.content.push_back({to_wire(part.kind), part.text});
    return out;
}

protocol::Part to_wire(const call::ResponsePart& part) { return {part.response_id, part.item_id}; }

protocol::Session to_wire(const call::Session& session) {
    protocol::Session out;
    out.id = session.id;
    out.model = session.model;
    out.instructions = session.instructions;
    out.speaks = session.speaks;
    out.input_rate = session.input_rate;
    if (session.transcribes) out.transcription = {session.transcription_model, session.input_language};
    if (const auto& turn = session.turn_detection)
        out.turn_detection = {turn->threshold, static_cast<int>(turn->prefix_padding.count()),
                              static_cast<int>(turn->silence_duration.count()), turn->create_response,
                              turn->interrupt_response};
    out.output_rate = session.output_rate;
    out.voice = session.voice;
    out.speed = session.speed;
    out.max_output_tokens = session.max_output_tokens;
    return out;
}

protocol::Response to_wire(const call::Response& response, const call::Session& session) {
    protocol::Response out;
    out.id = response.id;
    out.status = to_wire(response.status);
    out.reason = reason_of(response.end);
    if (response.status == call::ResponseStatus::failed) {
        out.error_code = "engine_error";
        out.error_message = response.failure;
    }
    out.speaks = response.speaks;
    out.output_rate = session.output_rate;
    out.voice = session.voice;
    out.max_output_tokens = session.max_output_tokens;
    for (const auto& item : response.output) out.output.push_back(to_wire(item));
    if (const auto& usage = response.usage) out.usage = {usage->input_tokens, usage->cached_tokens, usage->output_tokens};
    out.metadata = response.metadata;
    return out;
}

bool is_server_fault(base::Errc code) {
    return code == base::Errc::overloaded || code == base::Errc::unavailable || code == base::Errc::engine;
}

std::string code_of(base::Errc code, const protocol::ClientRequest* request) {
    const auto answers = [request]<typename Request>(std::type_identity<Request>) {
        return request != nullptr && std::holds_alternative<Request>(*request);
    };
    switch (code) {
        case base::Errc::invalid:
            return answers(std::type_identity<protocol::CommitAudio>()) ? "input_audio_buffer_commit_empty"
                                                                        : "invalid_value";
        case base::Errc::not_found:
            return answers(std::type_identity<protocol::CancelResponse>()) ? "response_cancel_not_active"
                                                                           : "item_not_found";
        case base::Errc::conflict:
            // Clients queue their response.create events by this code.
            return answers(std::type_identity<protocol::CreateResponse>()) ? "conversation_already_has_active_response"
                                                                           : "conflict";
        case base::Errc::engine: return "engine_error";
        case base::Errc::unsupported:
        case base::Errc::overloaded:
        case base::Errc::unavailable:
        case base::Errc::cancelled: return std::string(base::name_of(code));
    }
    return std::string(base::name_of(code));
}

struct ToWire {
    const WireContext& context;

    Events operator()(const call::SessionCreated& e) const { return {protocol::SessionCreated{to_wire(e.session)}}; }
    Events operator()(const call::SessionUpdated& e) const { return {protocol::SessionUpdated{to_wire(e.session)}}; }
    Events operator()(const call::RequestFailed& e) const {
        return {protocol::ErrorReport{is_server_fault(e.error.code) ? "server_error" : "invalid_request_error",
                                      code_of(e.error.code, context.request), e.error.text, e.error.param,
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
    Events operator()(const call::TranscriptionDelta& e) const { return {protocol::TranscriptionDelta{e.item_id, e.text}}; }
    Events operator()(const call::TranscriptionCompleted& e) const {
        return {protocol::TranscriptionCompleted{e.item_id, e.text, e.language, e.seconds}};
    }
    Events operator()(const call::TranscriptionFailed& e) const {
        return {protocol::TranscriptionFailed{e.item_id, code_of(e.error.code, nullptr), e.error.text}};
    }
    Events operator()(const call::ResponseCreated& e) const {
        return {protocol::ResponseCreated{to_wire(e.response, context.session)}, protocol::RateLimitsUpdated{}};
    }
    Events operator()(const call::OutputItemAdded& e) const {
        return {protocol::OutputItemAdded{e.response_id, to_wire(e.item)}};
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
        return {protocol::OutputItemDone{e.response_id, to_wire(e.item)}};
    }
    Events operator()(const call::TimeoutTriggered&) const { return {}; }
    Events operator()(const call::PartialTranscript&) const { return {}; }
    Events operator()(const call::FunctionArgumentsDelta&) const { return {}; }
    Events operator()(const call::FunctionArgumentsDone&) const { return {}; }
    Events operator()(const call::OutputSoundStarted&) const { return {}; }
    Events operator()(const call::OutputSoundStopped&) const { return {}; }
    Events operator()(const call::OutputSoundCleared&) const { return {}; }
    Events operator()(const call::WordsTimed&) const { return {}; }
    Events operator()(const call::StateChanged&) const { return {}; }
    Events operator()(const call::ResponseDone& e) const {
        return {protocol::ResponseDone{to_wire(e.response, context.session)}};
    }
    Events operator()(const call::TurnMeasured& e) const {
        return {protocol::TurnMeasured{e.response_id, e.speculated, e.transcript, e.first_token, e.first_clause,
                                       e.first_sound, e.turn_end, e.first_audio}};
    }
};

call::TurnDetection merged(const protocol::TurnDetectionChanges& changes, call::TurnDetection turn) {
    if (changes.threshold) turn.threshold = static_cast<float>(*changes.threshold);
    if (changes.prefix_padding_ms) turn.prefix_padding = base::milliseconds(*changes.prefix_padding_ms);
    if (changes.silence_duration_ms) turn.silence_duration = base::milliseconds(*changes.silence_duration_ms);
    if (changes.create_response) turn.create_response = *changes.create_response;
    if (changes.interrupt_response) turn.interrupt_response = *changes.interrupt_response;
    return turn;
}

engine::Role to_call(protocol::Role role) {
    switch (role) {
        case protocol::Role::system: return engine::Role::system;
        case protocol::Role::user: return engine::Role::user;
        case protocol::Role::assistant: return engine::Role::assistant;
    }
    return engine::Role::user;
}

think::ContentKind to_call(protocol::ContentKind kind) {
    switch (kind) {
        case protocol::ContentKind::input_text: return think::ContentKind::input_text;
        case protocol::ContentKind::input_audio: return think::ContentKind::input_audio;
        case protocol::ContentKind::output_text: return think::ContentKind::output_text;
        case protocol::ContentKind::output_audio: return think::ContentKind::output_audio;
    }
    return think::ContentKind::input_text;
}

}  // namespace

std::vector<protocol::ServerEvent> to_wire(const call::CallEvent& event, const WireContext& context) {
    return std::visit(ToWire{context}, event);
}

protocol::OutputAudioDelta to_wire(const call::ResponsePart& part, std::span<const float> samples) {
    return {to_wire(part), audio::to_s16le(samples)};
}

protocol::ErrorReport to_wire(const protocol::Refusal& refusal) {
    return {"invalid_request_error", refusal.code, refusal.error.text, refusal.error.param, refusal.event_id};
}

call::SessionPatch to_patch(const protocol::SessionChanges& changes, const call::Session& current,
                            const call::TurnDetection& defaults) {
    call::SessionPatch patch;
    patch.model = changes.model;
    patch.instructions = changes.instructions;
    patch.speaks = changes.speaks;
    patch.input_rate = changes.input_rate;
    if (const auto& transcription = changes.transcription) {
        patch.transcribes = transcription->has_value();
        if (*transcription) {
            patch.transcription_model = (*transcription)->model;
            patch.input_language = (*transcription)->language;
        }
    }
    if (const auto& turn = changes.turn_detection) {
        patch.turn_detection.emplace();
        if (*turn) *patch.turn_detection = merged(**turn, current.turn_detection.value_or(defaults));
    }
    patch.output_rate = changes.output_rate;
    patch.voice = changes.voice;
    if (changes.speed) patch.speed = static_cast<float>(*changes.speed);
    patch.max_output_tokens = changes.max_output_tokens;
    return patch;
}

think::Item to_item(const protocol::Item& item) {
    think::Item out;
    out.id = item.id;
    out.role = to_call(item.role);
    for (const auto& part : item.content) out.content.push_back({to_call(part.kind), part.text, nullptr});
    return out;
}

call::ResponseRequest to_request(const protocol::CreateResponse& request, const std::string& client_event_id) {
    call::ResponseRequest out;
    out.client_event_id = client_event_id;
    out.instructions = request.instructions;
    out.speaks = request.speaks;
    out.max_output_tokens = request.max_output_tokens;
    out.metadata = request.metadata;
    out.in_conversation = request.in_conversation;
    if (request.input) {
        out.input.emplace();
        for (const auto& item : *request.input) out.input->push_back(to_item(item));
    }
    return out;
}

base::Result<std::vector<float>> to_samples(std::span<const std::uint8_t> audio) {
    if (audio.size() % 2 != 0)
        return base::error(base::Errc::invalid, "the audio has an odd number of bytes, but a sample of audio/pcm has two",
                           "audio");
    return audio::from_s16le(audio);
}

}  // namespace antiphon::edge
