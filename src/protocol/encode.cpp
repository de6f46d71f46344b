#include "protocol/encode.hpp"

#include "base/base64.hpp"
#include "protocol/beta_encode.hpp"
#include "protocol/encode_parts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

/// One overload per event: fills in what follows "type" and "event_id".
struct Writer {
    json::object& out;

    void name(std::string_view type) const { out["type"] = type; }

    void response_part(std::string_view type, const Part& part) const {
        name(type);
        out["response_id"] = part.response_id;
        out["item_id"] = part.item_id;
        out["output_index"] = part.output_index;
        out["content_index"] = 0;
    }
    void function_call(std::string_view type, const Part& part, const std::string& call_id) const {
        name(type);
        out["response_id"] = part.response_id;
        out["item_id"] = part.item_id;
        out["output_index"] = part.output_index;
        out["call_id"] = encode_text(call_id);
    }
    void output_sound(std::string_view type, const std::string& response_id) const {
        name(type);
        out["response_id"] = response_id;
    }
    void response_item(std::string_view type, const std::string& response_id, const Item& item, int index) const {
        name(type);
        out["response_id"] = response_id;
        out["output_index"] = index;
        out["item"] = encode_item(item);
    }
    void conversation_item(std::string_view type, const Item& item, const std::string& previous) const {
        name(type);
        out["previous_item_id"] = encode_text_or_null(previous);
        out["item"] = encode_item(item);
    }
    void transcription(std::string_view type, const std::string& item_id, int content_index) const {
        name(type);
        out["item_id"] = encode_text(item_id);
        out["content_index"] = content_index;
    }
    /// A part is of type "audio" or "text", unlike the same thing inside an item.
    void content(bool speaks, const std::string& text) const {
        if (speaks) out["part"] = {{"type", "audio"}, {"transcript", encode_text(text)}};
        else out["part"] = {{"type", "text"}, {"text", encode_text(text)}};
    }

    void operator()(const SessionCreated& e) const {
        name("session.created");
        out["session"] = encode_session(e.session);
    }
    void operator()(const SessionUpdated& e) const {
        name("session.updated");
        out["session"] = encode_session(e.session);
    }
    void operator()(const ConversationCreated& e) const {
        name("conversation.created");
        out["conversation"] = {{"id", e.id}, {"object", "realtime.conversation"}};
    }
    void operator()(const ErrorReport& e) const {
        name("error");
        out["error"] = {{"type", e.type},
                        {"code", encode_text_or_null(e.code)},
                        {"message", encode_text(e.message)},
                        {"param", encode_text_or_null(e.param)},
                        {"event_id", encode_text_or_null(e.client_event_id)}};
    }
    void operator()(const SpeechStarted& e) const {
        name("input_audio_buffer.speech_started");
        out["item_id"] = e.item_id;
        out["audio_start_ms"] = e.audio_start_ms;
    }
    void operator()(const SpeechStopped& e) const {
        name("input_audio_buffer.speech_stopped");
        out["item_id"] = e.item_id;
        out["audio_end_ms"] = e.audio_end_ms;
    }
    void operator()(const AudioCommitted& e) const {
        name("input_audio_buffer.committed");
        out["item_id"] = e.item_id;
        out["previous_item_id"] = encode_text_or_null(e.previous_item_id);
    }
    void operator()(const AudioCleared&) const { name("input_audio_buffer.cleared"); }
    void operator()(const TimeoutTriggered& e) const {
        name("input_audio_buffer.timeout_triggered");
        out["item_id"] = e.item_id;
        out["audio_start_ms"] = e.audio_start_ms;
        out["audio_end_ms"] = e.audio_end_ms;
    }
    void operator()(const ItemAdded& e) const { conversation_item("conversation.item.added", e.item, e.previous_item_id); }
    void operator()(const ItemDone& e) const { conversation_item("conversation.item.done", e.item, e.previous_item_id); }
    void operator()(const ItemRetrieved& e) const {
        name("conversation.item.retrieved");
        out["item"] = encode_item(e.item);
    }
    void operator()(const ItemTruncated& e) const {
        name("conversation.item.truncated");
        out["item_id"] = encode_text(e.item_id);
        out["content_index"] = 0;
        out["audio_end_ms"] = e.audio_end_ms;
    }
    void operator()(const ItemDeleted& e) const {
        name("conversation.item.deleted");
        out["item_id"] = encode_text(e.item_id);
    }
    void operator()(const TranscriptionDelta& e) const {
        transcription("conversation.item.input_audio_transcription.delta", e.item_id, e.content_index);
        out["delta"] = encode_text(e.delta);
    }
    void operator()(const TranscriptionCompleted& e) const {
        transcription("conversation.item.input_audio_transcription.completed", e.item_id, e.content_index);
        out["transcript"] = encode_text(e.transcript);
        // Clients demand two further details of usage in tokens, so it is the duration.
        out["usage"] = {{"type", "duration"}, {"seconds", e.seconds}};
        if (!e.language.empty()) out["antiphon.language"] = encode_text(e.language);
    }
    void operator()(const TranscriptionFailed& e) const {
        transcription("conversation.item.input_audio_transcription.failed", e.item_id, e.content_index);
        out["error"] = {{"type", "transcription_error"}, {"code", e.code}, {"message", encode_text(e.message)}};
    }
    void operator()(const ResponseCreated& e) const {
        name("response.created");
        out["response"] = encode_response(e.response);
    }
    void operator()(const RateLimitsUpdated&) const {
        name("rate_limits.updated");
        out["rate_limits"] = json::array();
    }
    void operator()(const OutputItemAdded& e) const {
        response_item("response.output_item.added", e.response_id, e.item, e.output_index);
    }
    void operator()(const ContentPartAdded& e) const {
        response_part("response.content_part.added", e.part);
        content(e.speaks, "");
    }
    void operator()(const OutputTextDelta& e) const {
        response_part("response.output_text.delta", e.part);
        out["delta"] = encode_text(e.delta);
    }
    void operator()(const OutputTextDone& e) const {
        response_part("response.output_text.done", e.part);
        out["text"] = encode_text(e.text);
    }
    void operator()(const OutputTranscriptDelta& e) const {
        response_part("response.output_audio_transcript.delta", e.part);
        out["delta"] = encode_text(e.delta);
    }
    void operator()(const OutputTranscriptDone& e) const {
        response_part("response.output_audio_transcript.done", e.part);
        out["transcript"] = encode_text(e.transcript);
    }
    void operator()(const OutputAudioDelta& e) const {
        response_part("response.output_audio.delta", e.part);
        out["delta"] = base::base64_encode(e.audio);
    }
    void operator()(const OutputAudioDone& e) const { response_part("response.output_audio.done", e.part); }
    void operator()(const ContentPartDone& e) const {
        response_part("response.content_part.done", e.part);
        content(e.speaks, e.text);
    }
    void operator()(const FunctionArgumentsDelta& e) const {
        function_call("response.function_call_arguments.delta", e.part, e.call_id);
        out["delta"] = encode_text(e.delta);
    }
    void operator()(const FunctionArgumentsDone& e) const {
        function_call("response.function_call_arguments.done", e.part, e.call_id);
        out["name"] = encode_text(e.name);
        out["arguments"] = encode_text(e.arguments);
    }
    void operator()(const OutputItemDone& e) const {
        response_item("response.output_item.done", e.response_id, e.item, e.output_index);
    }
    void operator()(const ResponseDone& e) const {
        name("response.done");
        out["response"] = encode_response(e.response);
    }
    void operator()(const OutputSoundStarted& e) const { output_sound("output_audio_buffer.started", e.response_id); }
    void operator()(const OutputSoundStopped& e) const { output_sound("output_audio_buffer.stopped", e.response_id); }
    void operator()(const OutputSoundCleared& e) const { output_sound("output_audio_buffer.cleared", e.response_id); }
    void operator()(const PartialTranscript& e) const {
        name("antiphon.partial");
        out["item_id"] = e.item_id;
        out["transcript"] = encode_text(e.transcript);
    }
    void operator()(const WordsTimed& e) const {
        name("antiphon.words");
        out["response_id"] = e.part.response_id;
        out["item_id"] = e.part.item_id;
        json::array words;
        for (const Word& word : e.words)
            words.push_back({{"text", encode_text(word.text)}, {"start_ms", word.start_ms}, {"end_ms", word.end_ms}});
        out["words"] = std::move(words);
    }
    void operator()(const SourcesUsed& e) const {
        name("antiphon.sources");
        out["response_id"] = e.response_id;
        json::array sources;
        for (const Source& source : e.sources)
            sources.push_back({{"title", encode_text(source.title)},
                               {"document", encode_text(source.document)},
                               {"score", std::round(source.score * 1000.0) / 1000.0}});
        out["sources"] = std::move(sources);
    }
    void operator()(const StateChanged& e) const {
        name("antiphon.state");
        switch (e.state) {
            case AgentState::listening: out["state"] = "listening"; break;
            case AgentState::thinking: out["state"] = "thinking"; break;
            case AgentState::speaking: out["state"] = "speaking"; break;
        }
    }
    void operator()(const LanguageDecided& e) const {
        name("antiphon.language");
        out["language"] = encode_text(e.language);
        out["confidence"] = std::round(static_cast<double>(e.confidence) * 1000.0) / 1000.0;
    }
    void operator()(const SessionKept& e) const {
        name("antiphon.session");
        out["call_id"] = e.call_id;
        out["resume_token"] = e.resume_token;
        out["resume_within_ms"] = e.resume_within_ms;
        out["resumed"] = e.resumed.has_value();
        if (!e.resumed) return;
        out["complete"] = e.resumed->complete;
        out["input_audio_ms"] = e.resumed->input_audio_ms;
        out["last_client_event_id"] = encode_text_or_null(e.resumed->last_client_event_id);
    }
    void operator()(const ItemsSaved& e) const {
        name("antiphon.saved");
        json::array ids;
        for (const std::string& id : e.item_ids) ids.emplace_back(encode_text(id));
        out["item_ids"] = std::move(ids);
    }
    void operator()(const ServerRestarting& e) const {
        name("antiphon.restarting");
        out["resumable"] = e.resumable;
    }
    void operator()(const SoundHeard& e) const {
        name("antiphon.heard");
        out["input_audio_ms"] = e.input_audio_ms;
    }
    void operator()(const TurnMeasured& e) const {
        name("antiphon.turn");
        out["response_id"] = e.response_id;
        out["speculated"] = e.speculated;
        const auto seconds = [this](std::string_view key, const std::optional<double>& value) {
            if (value) out[key] = *value;
        };
        seconds("transcript_seconds", e.transcript);
        seconds("first_token_seconds", e.first_token);
        seconds("first_clause_seconds", e.first_clause);
        seconds("first_sound_seconds", e.first_sound);
        seconds("turn_end_seconds", e.turn_end);
        seconds("first_audio_seconds", e.first_audio);
    }
};

void append_quoted(std::string& out, std::string_view text) {
    const auto plain = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (!std::all_of(text.begin(), text.end(), plain)) {
        out += json::serialize(json::value(encode_text(text)));
        return;
    }
    out += '"';
    out += text;
    out += '"';
}

/// Fifty of these go out in each second of each answer, so they are written without a document in between.
std::string encode_sound(std::string_view type, const OutputAudioDelta& event, std::string_view event_id) {
    std::string out;
    out.reserve(256 + event.audio.size() / 3 * 4);
    out += R"({"type":")";
    out += type;
    out += R"(","event_id":)";
    append_quoted(out, event_id);
    out += R"(,"response_id":)";
    append_quoted(out, event.part.response_id);
    out += R"(,"item_id":)";
    append_quoted(out, event.part.item_id);
    out += R"(,"output_index":)";
    out += std::to_string(event.part.output_index);
    out += R"(,"content_index":0,"delta":")";
    base::append_base64(out, event.audio);
    out += R"("})";
    return out;
}

}  // namespace

void write_event(const ServerEvent& event, json::object& out) { std::visit(Writer{out}, event); }

std::string encode(const ServerEvent& event, std::string_view event_id, Dialect dialect) {
    const bool beta = dialect == Dialect::beta;
    if (const auto* sound = std::get_if<OutputAudioDelta>(&event))
        return encode_sound(beta ? "response.audio.delta" : "response.output_audio.delta", *sound, event_id);
    if (beta && !exists_in_beta(event)) return {};
    json::object message;
    message["type"] = nullptr;  // its place, so that the name comes first
    message["event_id"] = event_id;
    write_event(event, message);
    if (beta) rewrite_as_beta(event, message);
    return json::serialize(message);
}

}  // namespace antiphon::protocol
