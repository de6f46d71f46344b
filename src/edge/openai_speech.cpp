#include "edge/openai_speech.hpp"

#include "audio/resampler.hpp"
#include "audio/sound_encoder.hpp"
#include "base/log.hpp"
#include "base/utf8.hpp"
#include "edge/openai_models.hpp"
#include "speak/text_for_speech.hpp"
#include "think/sentence_chunker.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <utility>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using protocol::Fault;
using protocol::Fields;

constexpr int kSampleRate = 24'000;  // OpenAI's, which clients of raw PCM count on
constexpr std::size_t kMaxCharacters = 4096;
/// Voices that OpenAI's clients ask for by default; the model's own speaks for them.
constexpr std::array<std::string_view, 13> kOpenAiVoices{"alloy", "ash",  "ballad", "cedar",   "coral", "echo", "fable",
                                                         "marin", "nova", "onyx",   "sage", "shimmer", "verse"};

struct SpeechRequest {
    std::string model;
    std::string input;
    std::string voice;
    audio::SoundFormat format = audio::SoundFormat::mp3;
    float speed = 1.0F;
};

std::optional<SpeechRequest> read_request(const json::object& body, const engine::Synthesizer& synthesizer,
                                          std::optional<Fault>& fault) {
    const Fields fields(body, "", fault);
    SpeechRequest request;
    request.model = fields.required_text("model");
    request.input = fields.required_text("input");
    if (base::code_points(request.input).size() > kMaxCharacters)
        fields.fail("input", "invalid_value", "must have at most " + std::to_string(kMaxCharacters) + " characters");
    fields.require("voice");
    if (const auto* voice = fields.find("voice"); voice != nullptr && voice->is_object())
        request.voice = Fields(voice->get_object(), "voice", fault).required_text("id");
    else
        request.voice = fields.required_text("voice");
    const auto voices = synthesizer.voices();
    if (std::find(kOpenAiVoices.begin(), kOpenAiVoices.end(), request.voice) != kOpenAiVoices.end() &&
        std::find(voices.begin(), voices.end(), request.voice) == voices.end())
        request.voice.clear();
    if (!request.voice.empty() && std::find(voices.begin(), voices.end(), request.voice) == voices.end()) {
        std::string choice;
        for (const auto& name : voices) choice += (choice.empty() ? "'" : ", '") + name + "'";
        fields.fail("voice", "voice_not_found", "is " + protocol::quoted(request.voice) + ", but the voices here are " +
                                                    (choice.empty() ? "OpenAI's names only" : choice + " and OpenAI's names"));
    }
    if (!fields.is_null("response_format"))
        if (const auto name = fields.word("response_format", {"mp3", "opus", "aac", "flac", "wav", "pcm"}))
            request.format = *audio::sound_format(*name);
    if (!fields.is_null("speed")) request.speed = static_cast<float>(fields.number("speed", 0.25, 4.0).value_or(1.0));
    if (!fields.is_null("instructions")) fields.text("instructions");  // no voice here takes any
    if (!fields.is_null("stream_format"))
        if (fields.word("stream_format", {"audio", "sse"}) == "sse")
            fields.unsupported("stream_format", "the sound is sent as it is ('audio'), not in events");
    if (fault) return std::nullopt;
    return request;
}

/// What is to be said, in pieces; without those in which there is nothing to say.
std::deque<std::string> pieces_of(const std::string& input, const std::string& language) {
    std::deque<std::string> pieces;
    const auto add = [&](const std::string& piece) {
        if (auto text = speak::text_for_speech(piece, language); !text.empty()) pieces.push_back(std::move(text));
    };
    think::SentenceChunker chunker({.ordinals_have_stops = think::has_ordinals_with_stops(language)});
    for (const auto& piece : chunker.push(base::to_utf8(input))) add(piece);
    if (const auto rest = chunker.finish()) add(*rest);
    return pieces;
}

/// One text on its way. Its parts run one after the other, each on a worker or on the connection's strand.
class Speech : public std::enable_shared_from_this<Speech> {
public:
    Speech(const SpeechRequest& request, std::deque<std::string> pieces, audio::Resampler resampler,
           std::unique_ptr<audio::SoundEncoder> encoder, const EndpointEngines& engines, std::shared_ptr<Responder> responder)
        : voice_(request.voice), format_(request.format), speed_(request.speed), pieces_(std::move(pieces)),
          resampler_(std::move(resampler)), encoder_(std::move(encoder)), engines_(engines), responder_(std::move(responder)) {}

    void submit() {
        const base::Workers::Job job = [self = shared_from_this()] { self->speak_piece(); };
        auto taken = engines_.synthesizer_workers.submit(job);
        // What was begun is not broken off for newcomers that fill the share: the whole pool has room yet.
        if (!taken && begun_) taken = engines_.engines.synthesizer_workers.submit(job);
        if (!taken) fail(taken.error());
    }

private:
    void speak_piece() {
        engine::Utterance utterance{std::move(pieces_.front()), "", voice_, speed_};
        pieces_.pop_front();
        base::Result<void> given;
        auto end = engines_.engines.synthesizer.synthesize(
            utterance,
            [&](const audio::Pcm& chunk) {
                if (given) given = give(encoder_->encode(resampler_.process(chunk.samples)));
            },
            responder_->gone());
        if (end) end = given;
        if (end && pieces_.empty()) {
            end = give(encoder_->encode(resampler_.flush()));
            if (end) end = give(encoder_->finish());
        }
        if (!end) return fail(end.error());
        if (pieces_.empty()) return responder_->end();
        responder_->when_drained([self = shared_from_this()] { self->submit(); });
    }

    /// The head goes out with the first sound, so that what fails before it has a status of its own.
    base::Result<void> give(base::Result<std::string> bytes) {
        if (!bytes) return bytes.error();
        if (bytes->empty()) return {};
        if (!std::exchange(begun_, true)) responder_->begin({200, std::string(audio::media_type(format_)), ""});
        responder_->write(std::move(*bytes));
        return {};
    }

    void fail(const base::Error& failure) {
        if (!begun_) return responder_->reply(failure_reply(failure));
        if (failure.code != base::Errc::cancelled) base::log::warning("speech.cut", {{"reason", failure.text}});
        responder_->abort();
    }

    const std::string voice_;
    const audio::SoundFormat format_;
    const float speed_;
    std::deque<std::string> pieces_;  ///< that were not begun
    audio::Resampler resampler_;
    const std::unique_ptr<audio::SoundEncoder> encoder_;
    const EndpointEngines& engines_;
    const std::shared_ptr<Responder> responder_;
    bool begun_ = false;
};

}  // namespace

void serve_speech(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                  std::shared_ptr<Responder> responder) {
    const auto body = json_body(request);
    if (const auto* refusal = std::get_if<Reply>(&body)) return responder->reply(*refusal);
    engine::Synthesizer& synthesizer = engines.engines.synthesizer;
    std::optional<Fault> fault;
    const auto wanted = read_request(std::get<json::object>(body), synthesizer, fault);
    if (fault) return responder->reply(fault_reply(*fault));
    if (!model_serves(wanted->model, ModelUse::speech, services)) return responder->reply(model_not_found_reply(wanted->model));
    auto pieces = pieces_of(wanted->input, services.agents()->plain.session.input_language);
    if (pieces.empty())
        return responder->reply(error_reply(400, "invalid_value", "there is nothing in 'input' that can be said", {}, "input"));
    auto resampler = audio::Resampler::open(synthesizer.sample_rate(), kSampleRate);
    auto encoder = audio::SoundEncoder::open(wanted->format, kSampleRate);
    if (!resampler) return responder->reply(failure_reply(resampler.error()));
    if (!encoder) return responder->reply(failure_reply(encoder.error()));
    std::make_shared<Speech>(*wanted, std::move(pieces), std::move(*resampler), std::move(*encoder), engines, std::move(responder))
        ->submit();
}

}  // namespace antiphon::edge
