#include "engine/piper/piper_synthesizer.hpp"

#include "base/utf8.hpp"
#include "engine/clause_sound.hpp"
#include "engine/clauses.hpp"
#include "engine/language_tag.hpp"
#include "engine/piper/espeak_phonemizer.hpp"
#include "engine/piper/pieces.hpp"
#include "engine/piper/voice_config.hpp"

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <string>
#include <utility>

namespace antiphon::engine::piper {
namespace {

constexpr float kSlowest = 0.25F;
constexpr float kFastest = 4.0F;
constexpr int kQuiet = ORT_LOGGING_LEVEL_FATAL;  // a run that is stopped would log itself as an error

base::Result<void> check(const PiperSettings& settings) {
    const auto refuse = [](const char* name, const char* range) {
        return base::error(base::Errc::invalid, std::string("the voice's ") + name + " must be " + range, name);
    };
    if (settings.threads < 1 || settings.threads > 64) return refuse("threads", "1 to 64");
    if (settings.max_characters < 1) return refuse("max_characters", "at least 1");
    if (!(settings.loudness_dbfs >= -40.0F && settings.loudness_dbfs <= -10.0F))
        return refuse("loudness_dbfs", "-40 to -10");
    for (const auto& [name, value] : {std::pair{"noise_scale", settings.noise_scale}, {"noise_w", settings.noise_w}})
        if (value && !(*value >= 0.0F && *value <= 2.0F)) return refuse(name, "0 to 2");
    return {};
}

Ort::SessionOptions session_options(int threads) {
    Ort::SessionOptions options;
    options.SetIntraOpNumThreads(threads);
    options.SetInterOpNumThreads(1);
    options.SetGraphOptimizationLevel(ORT_ENABLE_ALL);
    // Threads that spin between runs would take the cores from the recognizer and the language model.
    options.AddConfigEntry("session.intra_op.allow_spinning", "0");
    options.AddConfigEntry("session.inter_op.allow_spinning", "0");
    // Each text has its own shapes: patterns kept per shape would only grow.
    options.DisableMemPattern();
    return options;
}

}  // namespace

struct PiperSynthesizer::Voice {
    Voice(PiperSettings settings_, VoiceConfig config_, EspeakPhonemizer phonemizer_)
        : settings(std::move(settings_)), config(std::move(config_)), phonemizer(std::move(phonemizer_)) {}

    PiperSettings settings;
    VoiceConfig config;
    EspeakPhonemizer phonemizer;
    Ort::Env env{ORT_LOGGING_LEVEL_ERROR, "piper"};
    Ort::Session session{nullptr};
    std::atomic<std::size_t> unknown = 0;

    base::Result<void> load();
    base::Result<std::int64_t> speaker(const std::string& name) const;
    base::Result<std::vector<Piece>> pieces_of(const std::string& text, const std::stop_token& stop) const;
    base::Result<std::vector<float>> run(std::vector<std::int64_t> ids, std::int64_t speaker_id, float speed,
                                         const std::stop_token& stop);
};

base::Result<void> PiperSynthesizer::Voice::load() {
    const std::string path = settings.model.string();
    try {
        session = Ort::Session(env, settings.model.c_str(), session_options(settings.threads));
        std::set<std::string> inputs;
        Ort::AllocatorWithDefaultOptions allocator;
        for (std::size_t i = 0; i < session.GetInputCount(); ++i)
            inputs.insert(session.GetInputNameAllocated(i, allocator).get());
        std::set<std::string> expected{"input", "input_lengths", "scales"};
        if (config.speakers > 1) expected.insert("sid");
        if (inputs != expected || session.GetOutputCount() < 1)
            return base::error(base::Errc::engine, path + " is no Piper voice: its inputs have other names");
    } catch (const Ort::Exception& failure) {
        return base::error(base::Errc::engine, path + " cannot be loaded: " + failure.what());
    }
    // The first run also sets up the library's buffers, so that the first caller need not wait for it.
    const auto sound = run(to_ids(U"a.", config).ids, 0, 1.0F, {});
    if (!sound) return base::error(base::Errc::engine, path + " does not speak: " + sound.error().text);
    return {};
}

base::Result<std::int64_t> PiperSynthesizer::Voice::speaker(const std::string& name) const {
    if (name.empty()) return std::int64_t{0};
    if (const auto found = config.speaker_ids.find(name); found != config.speaker_ids.end()) return found->second;
    if (config.speakers == 1 && (name == config.dataset || name == settings.model.stem().string()))
        return std::int64_t{0};
    return base::error(base::Errc::unsupported, "the model has no voice \"" + name + "\"", "voice");
}

base::Result<std::vector<Piece>> PiperSynthesizer::Voice::pieces_of(const std::string& text,
                                                                    const std::stop_token& stop) const {
    std::vector<Piece> clauses;
    for (const Clause& clause : split_clauses(text)) {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "speaking was stopped");
        auto phonemes = phonemizer.phonemes(clause.text);
        if (!phonemes) return phonemes.error();
        if (!phonemes->empty()) clauses.push_back({std::move(*phonemes), clause.mark});
    }
    return plan_pieces(clauses);
}

base::Result<std::vector<float>> PiperSynthesizer::Voice::run(std::vector<std::int64_t> ids, std::int64_t speaker_id,
                                                              float speed, const std::stop_token& stop) {
    const std::array<std::int64_t, 2> ids_shape{1, static_cast<std::int64_t>(ids.size())};
    std::array<std::int64_t, 1> length{ids_shape[1]};
    const std::array<std::int64_t, 1> one{1};
    std::array<float, 3> scales{settings.noise_scale.value_or(config.noise_scale), config.length_scale / speed,
                                settings.noise_w.value_or(config.noise_w)};
    const std::array<std::int64_t, 1> three{3};
    std::array<std::int64_t, 1> sid{speaker_id};
    try {
        const auto memory = Ort::MemoryInfo::CreateCpu(OrtArenaAllocator, OrtMemTypeDefault);
        std::vector<Ort::Value> inputs;
        inputs.push_back(Ort::Value::CreateTensor<std::int64_t>(memory, ids.data(), ids.size(), ids_shape.data(), 2));
        inputs.push_back(Ort::Value::CreateTensor<std::int64_t>(memory, length.data(), 1, one.data(), 1));
        inputs.push_back(Ort::Value::CreateTensor<float>(memory, scales.data(), scales.size(), three.data(), 1));
        if (config.speakers > 1)
            inputs.push_back(Ort::Value::CreateTensor<std::int64_t>(memory, sid.data(), 1, one.data(), 1));
        const std::array<const char*, 4> names{"input", "input_lengths", "scales", "sid"};
        Ort::AllocatorWithDefaultOptions allocator;
        const auto output_name = session.GetOutputNameAllocated(0, allocator);
        const char* const output = output_name.get();

        Ort::RunOptions options;
        options.SetRunLogSeverityLevel(kQuiet);
        const std::stop_callback terminate(stop, [&options] { options.SetTerminate(); });
        const auto results = session.Run(options, names.data(), inputs.data(), inputs.size(), &output, 1);
        const auto info = results.front().GetTensorTypeAndShapeInfo();
        if (info.GetElementType() != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT || info.GetElementCount() == 0)
            return base::error(base::Errc::engine, "the voice gave no sound");
        const float* samples = results.front().GetTensorData<float>();
        std::vector<float> sound(samples, samples + info.GetElementCount());
        if (!audio::all_finite(sound))
            return base::error(base::Errc::engine, "the voice gave samples that are no numbers");
        return sound;
    } catch (const Ort::Exception& failure) {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "speaking was stopped");
        return base::error(base::Errc::engine, std::string("the voice failed: ") + failure.what());
    }
}

base::Result<std::unique_ptr<PiperSynthesizer>> PiperSynthesizer::open(const PiperSettings& settings) {
    if (auto checked = check(settings); !checked) return checked.error();
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(settings.model, ignored))
        return base::error(base::Errc::unavailable, "there is no voice " + settings.model.string());
    PiperSettings complete = settings;
    if (complete.config.empty()) complete.config = settings.model.string() + ".json";
    auto config = read_voice_config(complete.config);
    if (!config) return config.error();
    auto phonemizer = EspeakPhonemizer::open(config->espeak_voice);
    if (!phonemizer) return phonemizer.error();
    auto voice = std::make_unique<Voice>(std::move(complete), std::move(*config), std::move(*phonemizer));
    if (auto loaded = voice->load(); !loaded) return loaded.error();
    return std::unique_ptr<PiperSynthesizer>(new PiperSynthesizer(std::move(voice)));
}

PiperSynthesizer::PiperSynthesizer(std::unique_ptr<Voice> voice) : voice_(std::move(voice)) {}
PiperSynthesizer::~PiperSynthesizer() = default;

base::Result<void> PiperSynthesizer::synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) {
    Voice& voice = *voice_;
    const auto cancelled = [] { return base::error(base::Errc::cancelled, "speaking was stopped"); };
    if (stop.stop_requested()) return cancelled();
    if (!base::is_utf8(utterance.text)) return base::error(base::Errc::invalid, "the text is not UTF-8", "text");
    if (base::code_points(utterance.text).size() > voice.settings.max_characters)
        return base::error(base::Errc::invalid,
                           "the text is longer than " + std::to_string(voice.settings.max_characters) + " characters",
                           "text");
    if (!(utterance.speed >= kSlowest && utterance.speed <= kFastest))
        return base::error(base::Errc::invalid, "the speed must be 0.25 to 4", "speed");
    if (!speaks(voice.config.language, utterance.language))
        return base::error(base::Errc::unsupported,
                           "the voice speaks " + voice.config.language + ", not " + utterance.language, "language");
    const auto speaker = voice.speaker(utterance.voice);
    if (!speaker) return speaker.error();
    const auto pieces = voice.pieces_of(utterance.text, stop);
    if (!pieces) return pieces.error();

    for (const Piece& piece : *pieces) {
        auto [ids, unknown] = to_ids(piece.phonemes, voice.config);
        voice.unknown += unknown;
        const auto raw = voice.run(std::move(ids), *speaker, utterance.speed, stop);
        if (!raw) return raw.error();
        ClauseShape shape;
        shape.loudness_dbfs = voice.settings.loudness_dbfs;
        shape.pause = pause_after(piece.mark, utterance.speed);
        audio::Pcm chunk{shape_clause(*raw, voice.config.sample_rate, shape), voice.config.sample_rate};
        if (stop.stop_requested()) return cancelled();
        if (!chunk.samples.empty()) sink(std::move(chunk));
    }
    // Told after the last chunk, a stop still means that the rest of the turn is not wanted.
    if (stop.stop_requested()) return cancelled();
    return {};
}

int PiperSynthesizer::sample_rate() const noexcept { return voice_->config.sample_rate; }

const std::string& PiperSynthesizer::language() const noexcept { return voice_->config.language; }

std::vector<std::string> PiperSynthesizer::voices() const {
    std::vector<std::string> names;
    for (const auto& [name, id] : voice_->config.speaker_ids) names.push_back(name);
    if (voice_->config.speakers == 1) {
        names.push_back(voice_->settings.model.stem().string());
        if (!voice_->config.dataset.empty()) names.push_back(voice_->config.dataset);
    }
    return names;
}

std::size_t PiperSynthesizer::unknown_phonemes() const noexcept { return voice_->unknown; }

}  // namespace antiphon::engine::piper
