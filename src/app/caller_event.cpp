#include "app/caller_event.hpp"

#include "audio/pcm.hpp"
#include "base/base64.hpp"
#include "base/utf8.hpp"

#include <boost/json.hpp>

#include <utility>

namespace antiphon::app {
namespace {

namespace json = boost::json;

constexpr int kRate = 24000;
constexpr std::size_t kLongestRefusal = 300;

const json::object* object_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value == nullptr ? nullptr : value->if_object();
}

std::optional<std::string> text_at(const json::object* object, std::string_view key) {
    if (object == nullptr) return std::nullopt;
    const json::value* value = object->if_contains(key);
    const json::string* text = value == nullptr ? nullptr : value->if_string();
    if (text == nullptr) return std::nullopt;
    return std::string(*text);
}

/// Reads the fields of one event and remembers the first that is missing.
class Fields {
public:
    explicit Fields(const json::object& event) : event_(event) {}

    std::string text(std::string_view key) { return text(&event_, key); }
    std::string text(const json::object* object, std::string_view key) {
        auto found = text_at(object, key);
        if (!found && missing_.empty()) missing_ = key;
        return std::move(found).value_or("");
    }
    const std::string& missing() const { return missing_; }

private:
    const json::object& event_;
    std::string missing_;
};

std::string message_of(const json::object* error) { return text_at(error, "message").value_or("no reason was given"); }

AnswerEnds read_answer_end(const json::object& event, Fields& fields) {
    const json::object* response = object_at(event, "response");
    AnswerEnds end{fields.text(response, "id"), fields.text(response, "status"), ""};
    const json::object* details = response == nullptr ? nullptr : object_at(*response, "status_details");
    const json::object* failure = details == nullptr ? nullptr : object_at(*details, "error");
    if (failure != nullptr)
        end.reason = message_of(failure);
    else
        end.reason = text_at(details, "reason").value_or("");
    return end;
}

base::Result<CallerEvent> read_typed(std::string_view type, const json::object& event, Fields& fields) {
    if (type == "session.created") {
        const json::object* session = object_at(event, "session");
        const json::object* additions = session == nullptr ? nullptr : object_at(*session, "antiphon");
        return CallerEvent{SessionIsCreated{additions != nullptr && additions->contains("resumable")}};
    }
    const auto milliseconds = [&](std::string_view key) {
        const json::value* value = event.if_contains(key);
        return base::milliseconds(value != nullptr && value->is_int64() ? value->as_int64() : 0);
    };
    if (type == "antiphon.session") {
        const json::value* resumed = event.if_contains("resumed");
        return CallerEvent{SessionIsKept{fields.text("call_id"), fields.text("resume_token"),
                                         milliseconds("resume_within_ms"),
                                         resumed != nullptr && resumed->is_bool() && resumed->as_bool(),
                                         milliseconds("input_audio_ms"),
                                         text_at(&event, "last_client_event_id").value_or("")}};
    }
    if (type == "antiphon.heard") return CallerEvent{ServerLives{milliseconds("input_audio_ms")}};
    if (type == "antiphon.restarting") {
        const json::value* resumable = event.if_contains("resumable");
        return CallerEvent{ServerRestarts{resumable != nullptr && resumable->is_bool() && resumable->as_bool()}};
    }
    if (type == "output_audio_buffer.started") return CallerEvent{PlayingBegins{fields.text("response_id")}};
    if (type == "output_audio_buffer.stopped" || type == "output_audio_buffer.cleared")
        return CallerEvent{PlayingEnds{fields.text("response_id")}};
    if (type == "session.updated") return CallerEvent{SessionIsUpdated{}};
    if (type == "error") return CallerEvent{ServerRefuses{message_of(object_at(event, "error"))}};
    if (type == "input_audio_buffer.speech_started") return CallerEvent{CallerBeginsToSpeak{}};
    if (type == "input_audio_buffer.speech_stopped") return CallerEvent{CallerStopsSpeaking{}};
    if (type == "conversation.item.input_audio_transcription.delta")
        return CallerEvent{CallerCaptionGrows{fields.text("item_id"), fields.text("delta")}};
    if (type == "conversation.item.input_audio_transcription.completed")
        return CallerEvent{CallerCaptionDone{fields.text("item_id"), fields.text("transcript")}};
    if (type == "conversation.item.input_audio_transcription.failed")
        return CallerEvent{CallerNotUnderstood{message_of(object_at(event, "error"))}};
    if (type == "response.created") return CallerEvent{AnswerBegins{fields.text(object_at(event, "response"), "id")}};
    if (type == "response.output_audio_transcript.delta" || type == "response.output_text.delta")
        return CallerEvent{AnswerTextGrows{fields.text("response_id"), fields.text("delta")}};
    if (type == "response.output_audio.delta") {
        auto bytes = base::base64_decode(fields.text("delta"));
        if (!bytes || bytes->size() % 2 != 0)
            return base::error(base::Errc::invalid, "the server sent sound that is not 16-bit PCM in base64", "delta");
        return CallerEvent{AnswerSoundGrows{fields.text("response_id"), audio::from_s16le(*bytes)}};
    }
    if (type == "response.done") return CallerEvent{read_answer_end(event, fields)};
    if (type.starts_with("antiphon.")) return CallerEvent{ServerRemark{json::serialize(event)}};
    return CallerEvent{SomethingElse{}};
}

json::value pcm_format() { return {{"type", "audio/pcm"}, {"rate", kRate}}; }

json::object session_of(std::optional<base::milliseconds> silence) {
    json::object turn_detection{{"type", "server_vad"}};
    if (silence) turn_detection["silence_duration_ms"] = silence->count();
    json::object audio;
    // A server may send no captions of the caller's side unless it is asked for them.
    audio["input"] = {{"format", pcm_format()},
                      {"transcription", {{"model", "whisper-1"}}},
                      {"turn_detection", std::move(turn_detection)}};
    audio["output"] = {{"format", pcm_format()}};
    json::object session{{"type", "realtime"}, {"output_modalities", {"audio"}}};
    session["audio"] = std::move(audio);
    return session;
}

}  // namespace

base::Result<CallerEvent> read_server_event(std::string_view message) {
    json::error_code failure;
    const json::value parsed = json::parse({message.data(), message.size()}, failure);
    const json::object* event = failure ? nullptr : parsed.if_object();
    const auto type = text_at(event, "type");
    if (!type)
        return base::error(base::Errc::invalid, "the server sent something that is no event of the Realtime API");
    Fields fields(*event);
    auto read = read_typed(*type, *event, fields);
    if (read && !fields.missing().empty())
        return base::error(base::Errc::invalid, "the server sent " + *type + " without \"" + fields.missing() + "\"",
                           fields.missing());
    return read;
}

std::string_view event_id_of(std::string_view message) {
    constexpr std::string_view kKey = "\"event_id\":\"";
    const auto key = message.substr(0, 256).find(kKey);
    if (key == std::string_view::npos) return {};
    const auto begin = key + kKey.size();
    const auto end = message.find('"', begin);
    return end == std::string_view::npos ? std::string_view() : message.substr(begin, end - begin);
}

std::string refusal_text(std::string_view body) {
    json::error_code failure;
    const json::value parsed = json::parse({body.data(), body.size()}, failure);
    if (const json::object* object = failure ? nullptr : parsed.if_object()) {
        if (const auto message = text_at(object_at(*object, "error"), "message")) return *message;
        for (const std::string_view key : {"message", "error", "failure"})
            if (auto text = text_at(object, key); text && !text->empty()) return *text;
    }
    const std::string_view beginning = base::trimmed(body).substr(0, kLongestRefusal);
    return base::to_utf8(beginning.substr(0, base::whole_characters(beginning)));
}

std::string write_session_update(std::optional<base::milliseconds> silence) {
    return json::serialize(json::object{{"type", "session.update"}, {"session", session_of(silence)}});
}

std::string write_resumable_update() {
    return json::serialize(json::object{
        {"type", "session.update"}, {"session", {{"type", "realtime"}, {"antiphon", {{"resumable", true}}}}}});
}

std::string with_event_id(const std::string& event, std::string_view id) {
    return R"({"event_id":)" + json::serialize(json::string(id)) + "," + event.substr(1);
}

CallForm write_call_form(std::string_view offer, std::optional<base::milliseconds> silence) {
    static constexpr std::string_view kBoundary = "antiphon-call-form";  // which neither part has a line of
    json::object session = session_of(silence);
    session["antiphon"] = {{"resumable", true}};
    std::string body;
    const auto add = [&](std::string_view name, std::string_view type, std::string_view content) {
        body.append("--").append(kBoundary).append("\r\nContent-Disposition: form-data; name=\"").append(name);
        body.append("\"\r\nContent-Type: ").append(type).append("\r\n\r\n").append(content).append("\r\n");
    };
    add("sdp", "application/sdp", offer);
    add("session", "application/json", json::serialize(session));
    body.append("--").append(kBoundary).append("--\r\n");
    return {"multipart/form-data; boundary=" + std::string(kBoundary), std::move(body)};
}

std::string write_audio_append(std::span<const float> samples) {
    return json::serialize(
        json::object{{"type", "input_audio_buffer.append"}, {"audio", base::base64_encode(audio::to_s16le(samples))}});
}

std::string write_typed_message(std::string_view text) {
    json::array content{json::object{{"type", "input_text"}, {"text", text}}};
    json::object item{{"type", "message"}, {"role", "user"}};
    item["content"] = std::move(content);
    return json::serialize(json::object{{"type", "conversation.item.create"}, {"item", std::move(item)}});
}

std::string write_response_create() { return json::serialize(json::object{{"type", "response.create"}}); }

}  // namespace antiphon::app
