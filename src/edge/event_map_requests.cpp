#include "audio/g711.hpp"
#include "base/ids.hpp"
#include "edge/event_map.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

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

think::ItemKind to_call(protocol::ItemKind kind) {
    switch (kind) {
        case protocol::ItemKind::message: return think::ItemKind::message;
        case protocol::ItemKind::function_call: return think::ItemKind::function_call;
        case protocol::ItemKind::function_call_output: return think::ItemKind::function_call_output;
        case protocol::ItemKind::reference: return think::ItemKind::reference;
    }
    return think::ItemKind::message;
}

call::Eagerness to_call(protocol::Eagerness eagerness) {
    switch (eagerness) {
        case protocol::Eagerness::automatic: return call::Eagerness::automatic;
        case protocol::Eagerness::low: return call::Eagerness::low;
        case protocol::Eagerness::medium: return call::Eagerness::medium;
        case protocol::Eagerness::high: return call::Eagerness::high;
    }
    return call::Eagerness::automatic;
}

engine::ToolChoice to_call(const protocol::ToolChoice& choice) {
    switch (choice.use) {
        case protocol::ToolChoice::Use::automatic: return {engine::ToolUse::automatic, ""};
        case protocol::ToolChoice::Use::none: return {engine::ToolUse::none, ""};
        case protocol::ToolChoice::Use::required: return {engine::ToolUse::required, choice.name};
    }
    return {};
}

std::vector<engine::Tool> to_call(const std::vector<protocol::Tool>& tools) {
    std::vector<engine::Tool> out;
    for (const auto& tool : tools) out.push_back({tool.name, tool.description, tool.parameters});
    return out;
}

call::Truncation to_call(const protocol::Truncation& truncation) {
    switch (truncation.mode) {
        case protocol::Truncation::Mode::automatic: return {call::Truncation::Mode::automatic, 1.0F};
        case protocol::Truncation::Mode::disabled: return {call::Truncation::Mode::disabled, 1.0F};
        case protocol::Truncation::Mode::retention:
            return {call::Truncation::Mode::retention, static_cast<float>(truncation.retention_ratio)};
    }
    return {};
}

call::TurnDetection merged(const protocol::TurnDetectionChanges& changes, call::TurnDetection turn) {
    if (changes.semantic) {
        if (!*changes.semantic) turn.semantic.reset();
        else if (!turn.semantic) turn.semantic = call::Eagerness::automatic;
        // Only server_vad has one.
        if (*changes.semantic) turn.idle_timeout.reset();
    }
    if (changes.eagerness) turn.semantic = to_call(*changes.eagerness);
    if (changes.threshold) turn.threshold = static_cast<float>(*changes.threshold);
    if (changes.prefix_padding_ms) turn.prefix_padding = base::milliseconds(*changes.prefix_padding_ms);
    if (changes.silence_duration_ms) turn.silence_duration = base::milliseconds(*changes.silence_duration_ms);
    if (const auto& idle = changes.idle_timeout_ms) {
        turn.idle_timeout.reset();
        if (*idle) turn.idle_timeout = base::milliseconds(**idle);
    }
    if (changes.create_response) turn.create_response = *changes.create_response;
    if (changes.interrupt_response) turn.interrupt_response = *changes.interrupt_response;
    return turn;
}

/// The words that a transcription is to expect: the prompt, then the keywords.
std::string hint_of(const protocol::WireSettings& wire) {
    std::string hint = wire.transcription_prompt;
    for (const auto& keyword : wire.transcription_keywords) {
        if (!hint.empty()) hint += ", ";
        hint += keyword;
    }
    return hint;
}

bool is_among(const std::vector<engine::Tool>& tools, const std::string& name) {
    return std::any_of(tools.begin(), tools.end(), [&](const engine::Tool& tool) { return tool.name == name; });
}

}  // namespace

base::Result<call::SessionPatch> to_patch(const protocol::SessionChanges& changes, const WireContext& context,
                                          const call::TurnDetection& defaults) {
    const call::Session& current = context.session;
    call::SessionPatch patch;
    const auto kind = changes.kind == protocol::SessionKind::transcription ? call::SessionKind::transcription
                                                                           : call::SessionKind::realtime;
    if (kind != current.kind) patch.kind = kind;
    patch.model = changes.model;
    patch.instructions = changes.instructions;
    patch.speaks = changes.speaks;
    if (changes.tools) patch.tools = to_call(*changes.tools);
    if (changes.tool_choice) patch.tool_choice = to_call(*changes.tool_choice);
    const auto& choice = patch.tool_choice ? *patch.tool_choice : current.tool_choice;
    if (!choice.name.empty() && !is_among(patch.tools ? *patch.tools : current.tools, choice.name))
        return base::error(base::Errc::invalid, "the session has no tool '" + choice.name + "', which must be used",
                           "session.tool_choice");
    patch.parallel_tool_calls = changes.parallel_tool_calls;
    if (changes.truncation) patch.truncation = to_call(changes.truncation->truncation);
    if (const auto encoding = changes.input_encoding; encoding && *encoding != current.input_encoding) {
        patch.input_encoding = *encoding;
        patch.input_rate = protocol::rate_of(*encoding);
    }
    if (const auto& transcription = changes.transcription) {
        patch.transcribes = transcription->has_value();
        if (*transcription) {
            patch.transcription_model = (*transcription)->model;
            patch.input_language = (*transcription)->language;
            protocol::WireSettings wire = context.wire;
            apply(changes, wire);
            patch.input_hint = hint_of(wire);
        }
    }
    if (const auto& turn = changes.turn_detection) {
        patch.turn_detection.emplace();
        if (*turn) *patch.turn_detection = merged(**turn, current.turn_detection.value_or(defaults));
    }
    patch.partials = changes.partials;
    if (const auto encoding = changes.output_encoding; encoding && *encoding != current.output_encoding) {
        patch.output_encoding = *encoding;
        patch.output_rate = protocol::rate_of(*encoding);
    }
    patch.voice = changes.voice;
    if (changes.speed) patch.speed = static_cast<float>(*changes.speed);
    patch.max_output_tokens = changes.max_output_tokens;
    return patch;
}

base::Result<think::Item> to_item(const protocol::Item& item, audio::Encoding encoding, const std::string& path) {
    think::Item out;
    out.id = item.id;
    out.kind = to_call(item.kind);
    out.role = to_call(item.role);
    out.call = {item.call_id, item.name, item.arguments};
    if (item.kind == protocol::ItemKind::function_call && item.call_id.empty()) out.call.id = base::random_id("call_");
    out.output = item.output;
    for (std::size_t i = 0; i < item.content.size(); ++i) {
        const protocol::Content& part = item.content[i];
        think::Content content{to_call(part.kind), part.text, nullptr};
        if (part.audio) {
            auto samples = to_samples(*part.audio, encoding);
            if (!samples)
                return base::error(samples.error().code, samples.error().text,
                                   path + ".content[" + std::to_string(i) + "].audio");
            audio::Pcm sound{std::move(*samples), protocol::rate_of(encoding)};
            content.sound = std::make_shared<const audio::Pcm>(std::move(sound));
        }
        out.content.push_back(std::move(content));
    }
    return out;
}

base::Result<call::ResponseRequest> to_request(const protocol::CreateResponse& request, const WireContext& context,
                                               const std::string& client_event_id) {
    const call::Session& session = context.session;
    if (request.output_encoding && *request.output_encoding != session.output_encoding)
        return base::error(base::Errc::unsupported, "a response's sound comes in the session's output format",
                           context.dialect == protocol::Dialect::beta ? "response.output_audio_format"
                                                                      : "response.audio.output.format");
    call::ResponseRequest out;
    out.client_event_id = client_event_id;
    out.instructions = request.instructions;
    out.speaks = request.speaks;
    out.max_output_tokens = request.max_output_tokens;
    out.voice = request.voice;
    if (request.tools) out.tools = to_call(*request.tools);
    if (request.tool_choice) {
        out.tool_choice = to_call(*request.tool_choice);
        const auto& tools = out.tools ? *out.tools : session.tools;
        if (out.tool_choice->use == engine::ToolUse::required && tools.empty())
            return base::error(base::Errc::invalid, "there is no tool that could be used", "response.tool_choice");
        if (!out.tool_choice->name.empty() && !is_among(tools, out.tool_choice->name))
            return base::error(base::Errc::invalid, "there is no tool '" + out.tool_choice->name + "'",
                               "response.tool_choice");
    }
    out.parallel_tool_calls = request.parallel_tool_calls;
    out.metadata = request.metadata;
    out.in_conversation = request.in_conversation;
    if (request.input) {
        out.input.emplace();
        for (std::size_t i = 0; i < request.input->size(); ++i) {
            auto item = to_item((*request.input)[i], session.input_encoding, "response.input[" + std::to_string(i) + "]");
            if (!item) return item.error();
            out.input->push_back(std::move(*item));
        }
    }
    return out;
}

base::Result<std::vector<float>> to_samples(std::span<const std::uint8_t> bytes, audio::Encoding encoding) {
    if (bytes.size() % audio::bytes_per_sample(encoding) != 0)
        return base::error(base::Errc::invalid, "the audio has an odd number of bytes, but a sample of audio/pcm has two",
                           "audio");
    return audio::decode(bytes, encoding);
}

}  // namespace antiphon::edge
