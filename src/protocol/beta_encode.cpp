#include "protocol/beta_encode.hpp"

#include "protocol/encode_parts.hpp"

#include <array>
#include <string_view>
#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

struct Name {
    std::string_view ga;
    std::string_view beta;
};

constexpr std::array<Name, 7> kNames{{
    {"conversation.item.added", "conversation.item.created"},
    {"response.output_text.delta", "response.text.delta"},
    {"response.output_text.done", "response.text.done"},
    {"response.output_audio_transcript.delta", "response.audio_transcript.delta"},
    {"response.output_audio_transcript.done", "response.audio_transcript.done"},
    {"response.output_audio.delta", "response.audio.delta"},
    {"response.output_audio.done", "response.audio.done"},
}};

json::array encode_modalities(bool speaks) {
    if (speaks) return {"text", "audio"};
    return {"text"};
}

std::string_view name_of(audio::Encoding encoding) {
    switch (encoding) {
        case audio::Encoding::pcm16: return "pcm16";
        case audio::Encoding::mulaw: return "g711_ulaw";
        case audio::Encoding::alaw: return "g711_alaw";
    }
    return "pcm16";
}

json::object encode_beta_session(const Session& session) {
    json::object out{{"id", session.id},
                     {"object", "realtime.session"},
                     {"model", encode_text(session.model)},
                     {"modalities", encode_modalities(session.speaks)},
                     {"instructions", encode_text(session.instructions)},
                     {"voice", encode_text(session.voice)},
                     {"speed", session.speed},
                     {"input_audio_format", name_of(session.input_encoding)},
                     {"output_audio_format", name_of(session.output_encoding)},
                     {"input_audio_transcription", encode_transcription(session)},
                     {"input_audio_noise_reduction", encode_json(session.wire.noise_reduction_json)},
                     {"turn_detection", encode_turn_detection(session.turn_detection)},
                     {"tools", encode_tools(session.tools)},
                     {"tool_choice", encode_tool_choice(session.tool_choice)},
                     {"temperature", session.wire.temperature},
                     {"max_response_output_tokens", encode_token_limit(session.max_output_tokens)},
                     {"tracing", encode_json(session.wire.tracing_json)},
                     {"antiphon", encode_antiphon(session)}};
    if (auto* detection = out["turn_detection"].if_object(); detection != nullptr && detection->contains("idle_timeout_ms"))
        if (detection->at("idle_timeout_ms").is_null()) detection->erase("idle_timeout_ms");
    return out;
}

/// The parts of an answer have shorter names.
json::object encode_beta_item(const Item& item) {
    json::object out = encode_item(item);
    if (auto* content = out.if_contains("content")) {
        for (auto& part : content->as_array()) {
            auto& type = part.as_object()["type"];
            if (type == "output_text") type = "text";
            else if (type == "output_audio") type = "audio";
        }
    }
    return out;
}

json::object encode_beta_response(const Response& response) {
    json::object out = encode_response(response);
    json::array output;
    for (const Item& item : response.output) output.emplace_back(encode_beta_item(item));
    out["output"] = std::move(output);
    out.erase("output_modalities");
    out.erase("audio");
    out["modalities"] = encode_modalities(response.speaks);
    out["voice"] = encode_text(response.voice);
    out["output_audio_format"] = name_of(response.output_encoding);
    out["temperature"] = response.temperature;
    return out;
}

struct Rewriter {
    json::object& message;

    void operator()(const SessionCreated& e) const { message["session"] = encode_beta_session(e.session); }
    void operator()(const SessionUpdated& e) const { message["session"] = encode_beta_session(e.session); }
    void operator()(const ResponseCreated& e) const { message["response"] = encode_beta_response(e.response); }
    void operator()(const ResponseDone& e) const { message["response"] = encode_beta_response(e.response); }
    void operator()(const ItemAdded& e) const { item(e.item); }
    void operator()(const ItemRetrieved& e) const { item(e.item); }
    void operator()(const OutputItemAdded& e) const { item(e.item); }
    void operator()(const OutputItemDone& e) const { item(e.item); }
    template <typename Other>
    void operator()(const Other&) const {}

    void item(const Item& item) const { message["item"] = encode_beta_item(item); }
};

}  // namespace

bool exists_in_beta(const ServerEvent& event) { return !std::holds_alternative<ItemDone>(event); }

void rewrite_as_beta(const ServerEvent& event, json::object& message) {
    for (const auto& name : kNames)
        if (message["type"] == json::string_view(name.ga)) {
            message["type"] = name.beta;
            break;
        }
    std::visit(Rewriter{message}, event);
}

}  // namespace antiphon::protocol
