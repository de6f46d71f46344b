#include "edge/openai_transcription.hpp"

#include "audio/decoded_sound.hpp"
#include "base/utf8.hpp"
#include "edge/multipart.hpp"
#include "edge/openai_models.hpp"
#include "edge/transcript_formats.hpp"
#include "listen/recording.hpp"

#include <charconv>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

constexpr int kSampleRate = 16'000;
constexpr std::size_t kMaxPrompt = 4096;
constexpr std::size_t kMaxLanguage = 35;

struct TranscriptionRequest {
    std::string model;
    std::string_view file;  ///< within the request's body
    std::string language;
    std::string prompt;
    TranscriptFormat format = TranscriptFormat::json;
    float temperature = 0.0F;
    bool stream = false;
};

Reply refused(std::string_view param, std::string_view code, const std::string& why) {
    return error_reply(400, code, "'" + std::string(param) + "' " + why, {}, param);
}

std::optional<float> number_of(std::string_view text) {
    float number = 0.0F;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// One field; an unknown one is passed over.
std::optional<Reply> read_field(const Part& part, TranscriptionRequest& request) {
    const std::string_view text = part.content;
    if (part.name == "file") {
        if (!part.is_file) return refused("file", "invalid_type", "must be a file (a part with a filename)");
        if (text.empty()) return refused("file", "invalid_value", "is empty");
        request.file = text;
        return std::nullopt;
    }
    if (!base::is_utf8(text)) return refused(part.name, "invalid_type", "must be UTF-8 text");
    if (part.name == "model") {
        request.model = text;
    } else if (part.name == "language") {
        if (text.size() > kMaxLanguage) return refused("language", "invalid_value", "must be a language's code, for example 'en'");
        request.language = text;
    } else if (part.name == "prompt") {
        if (text.size() > kMaxPrompt) return refused("prompt", "invalid_value", "must have at most 4096 bytes");
        request.prompt = text;
    } else if (part.name == "response_format") {
        const auto format = transcript_format(text);
        if (!format)
            return refused("response_format", "invalid_value", "must be one of 'json', 'text', 'verbose_json', 'srt', 'vtt'");
        request.format = *format;
    } else if (part.name == "temperature") {
        const auto number = number_of(text);
        if (!number) return refused("temperature", "invalid_type", "must be a number");
        if (!(*number >= 0.0F && *number <= 1.0F)) return refused("temperature", "invalid_value", "must be a number from 0 to 1");
        request.temperature = *number;
    } else if (part.name == "stream") {
        if (text != "true" && text != "false" && text != "True" && text != "False")
            return refused("stream", "invalid_type", "must be true or false");
        request.stream = text == "true" || text == "True";
    } else if (part.name == "timestamp_granularities[]" || part.name == "timestamp_granularities") {
        if (text == "word") return refused("timestamp_granularities", "unsupported", "can be 'segment' only: words have no times here");
        if (text != "segment") return refused("timestamp_granularities", "invalid_value", "must be 'segment'");
    } else if ((part.name == "include[]" || part.name == "include") && !text.empty()) {
        return refused("include", "unsupported", "has nothing that can be had here");
    }
    return std::nullopt;
}

std::variant<TranscriptionRequest, Reply> read_request(const WorkRequest& asked) {
    const auto parts = parse_multipart(asked.content_type, asked.body);
    if (!parts) return error_reply(400, "invalid_multipart", parts.error().text);
    TranscriptionRequest request;
    for (const Part& part : *parts)
        if (auto refusal = read_field(part, request)) return std::move(*refusal);
    if (request.file.data() == nullptr) return refused("file", "missing_required_parameter", "is missing");
    if (request.model.empty()) return refused("model", "missing_required_parameter", "is missing");
    if (request.stream && request.format != TranscriptFormat::json)
        return refused("stream", "unsupported", "is taken with the response_format 'json' only");
    return request;
}

std::string event(const json::object& data) { return "data: " + json::serialize(data) + "\n\n"; }

/// One recording on its way: owns the body that the request's views look into.
struct Transcription {
    WorkRequest asked;
    TranscriptionRequest request;
    base::Duration longest;
    std::shared_ptr<Responder> responder;
    bool begun = false;

    void run(engine::VoiceDetector& detector, engine::Recognizer& recognizer) {
        const std::stop_token stop = responder->gone();
        const std::span<const std::uint8_t> file(reinterpret_cast<const std::uint8_t*>(request.file.data()), request.file.size());
        auto sound = audio::decode_sound(file, kSampleRate, longest, stop);
        if (!sound) return fail(sound.error());
        asked.body = std::string();  // up to 25 MiB that nobody needs any more
        const listen::RecordingRequest recording{std::move(*sound), request.language, request.prompt};
        const auto words = listen::recognize_recording(
            recording, detector, recognizer, [this](const listen::Segment& segment) { give(segment); }, stop);
        if (!words) return fail(words.error());
        Reply reply = transcript_reply(*words, request.format, request.temperature);
        if (!request.stream) return responder->reply(std::move(reply));
        begin();
        json::object done = json::parse(reply.body).get_object();
        done["type"] = "transcript.text.done";
        responder->write(event(done));
        responder->end();
    }

    void begin() {
        if (!std::exchange(begun, true)) responder->begin({200, "text/event-stream", "", {{"Cache-Control", "no-cache"}}});
    }

    /// The segments' texts, joined by the spaces that they are given here, are the text of the whole.
    void give(const listen::Segment& segment) {
        if (!request.stream) return;
        const std::string delta = (begun ? " " : "") + segment.text;
        begin();
        responder->write(event({{"type", "transcript.text.delta"}, {"delta", delta}}));
    }

    void fail(const base::Error& failure) {
        // The recognizer speaks of its own fields.
        base::Error told = failure;
        if (told.param == "sound") told.param = "file";
        Reply reply = failure_reply(told);
        if (!begun) return responder->reply(std::move(reply));
        responder->write("data: " + reply.body + "\n\n");
        responder->end();
    }
};

}  // namespace

void serve_transcription(WorkRequest request, const Services& services, const EndpointEngines& engines,
                         std::shared_ptr<Responder> responder) {
    // The views into the body stay good: it is moved into its place before it is read.
    const auto transcription = std::make_shared<Transcription>(
        Transcription{std::move(request), {}, services.longest_recording, responder, false});
    auto read = read_request(transcription->asked);
    if (auto* refusal = std::get_if<Reply>(&read)) return responder->reply(std::move(*refusal));
    transcription->request = std::move(std::get<TranscriptionRequest>(read));
    if (!model_serves(transcription->request.model, ModelUse::transcription, services))
        return responder->reply(model_not_found_reply(transcription->request.model));
    const auto taken = engines.recognizer_workers.submit(
        [transcription, &detector = engines.engines.voice_detector, &recognizer = engines.engines.recognizer] {
            transcription->run(detector, recognizer);
        });
    if (!taken) responder->reply(failure_reply(taken.error()));
}

}  // namespace antiphon::edge
