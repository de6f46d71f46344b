// Whisper with the window cut to the utterance against Whisper with its full window: words and time, on
// the same weights, turn by turn in one run. Then what a stop and the search for the language cost.
//
//     recognizer_window_bench [threads, default 2] [rounds, default 3]
#include "audio/resampler.hpp"
#include "contract/hearing_sounds.hpp"
#include "contract/word_errors.hpp"
#include "engine/piper/piper_synthesizer.hpp"
#include "engine/whisper/whisper_recognizer.hpp"
#include "fakes/test_models.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace antiphon {
namespace {

using Milliseconds = std::chrono::duration<double, std::milli>;

struct Utterance {
    std::string said;
    audio::Pcm sound;
};

/// Of about one, two, four and eight seconds each, when Piper's joe says them.
constexpr std::array kSentences{
    "Yes please.", "Not today.", "Good morning.", "Who are you?", "Tell me more.", "How are you?",
    "What is the weather like today?", "Please tell me a short story.", "I would like to book a table.",
    "How far is it to the nearest airport?", "Do you know a good place to eat near here?",
    "Can you turn on the lights in the kitchen and close the window in the bedroom?",
    "I have lost my key, and the door of the house is locked from the inside.",
    "She said that the meeting was moved to the other room because of the noise.",
    "If it rains tomorrow we will stay at home and watch a film with the children.",
    "Good evening, I am calling because the washing machine that you sold me last week makes a terrible noise when it "
    "runs, and I would like to have it repaired.",
    "Yesterday we walked along the river until the sun went down, then we sat by the fire and talked about old times "
    "until everyone was tired and went to bed."};

struct Cut {
    double from;
    double to;
    const char* said;
};
/// Between the words of Kennedy's sentence.
constexpr std::array kCuts{
    Cut{0.2, 1.3, "and so"}, Cut{3.15, 4.5, "ask not"}, Cut{0.2, 2.2, "and so my fellow americans"},
    Cut{5.3, 7.7, "what your country can do for you"}, Cut{8.0, 11.0, "ask what you can do for your country"},
    Cut{0.1, 4.6, "and so my fellow americans ask not"}, Cut{3.15, 7.8, "ask not what your country can do for you"},
    Cut{0.0, 7.9, "and so my fellow americans ask not what your country can do for you"},
    Cut{3.1, 11.0, "ask not what your country can do for you ask what you can do for your country"}};

template <typename T>
T taken(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

/// With a little of a quiet room around it.
audio::Pcm in_a_room(const std::vector<float>& speech) {
    const std::size_t before = contract::samples_of(0.2);
    audio::Pcm sound = contract::noise(
        contract::Noise::pink, static_cast<double>(before + speech.size()) / contract::kHearingRate + 0.15, -55.0F);
    for (std::size_t i = 0; i < speech.size(); ++i) sound.samples[before + i] += speech[i];
    return sound;
}

std::vector<Utterance> utterances() {
    engine::piper::PiperSettings settings;
    settings.model = fakes::model_file("piper-en_US-joe-medium", "en_US-joe-medium.onnx");
    settings.noise_scale = 0.0F;
    settings.noise_w = 0.0F;
    const auto voice = taken(engine::piper::PiperSynthesizer::open(settings));
    std::vector<Utterance> all;
    for (const char* sentence : kSentences) {
        std::vector<float> samples;
        const auto spoken = voice->synthesize({sentence, "", "", 1.0F}, [&](audio::Pcm chunk) {
            samples.insert(samples.end(), chunk.samples.begin(), chunk.samples.end());
        }, {});
        if (!spoken) throw std::runtime_error(spoken.error().text);
        all.push_back({sentence, in_a_room(taken(audio::resample(samples, voice->sample_rate(), contract::kHearingRate)))});
    }
    for (const Cut& cut : kCuts) all.push_back({cut.said, contract::kennedy(cut.from, cut.to)});
    return all;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values.empty() ? 0.0 : values[values.size() / 2];
}

struct Heard {
    std::string text;
    double milliseconds;
};

Heard hear(engine::Recognizer& recognizer, const audio::Pcm& sound, const char* language) {
    const auto begin = std::chrono::steady_clock::now();
    auto transcript = taken(recognizer.transcribe({sound, language, ""}, {}));
    return {std::move(transcript.text), Milliseconds(std::chrono::steady_clock::now() - begin).count()};
}

/// What one way of hearing made of a group of utterances.
struct Tally {
    std::size_t errors = 0;
    std::vector<double> milliseconds;
};

void compare(engine::Recognizer& cut, engine::Recognizer& full, const std::vector<Utterance>& all, int rounds) {
    std::printf("%-10s %4s %6s | %9s %9s | %9s %9s %6s\n", "length", "n", "words", "WER cut", "WER full", "cut ms", "full ms", "ratio");
    const std::array<double, 5> borders{0.0, 1.6, 3.0, 6.0, 31.0};
    Tally cut_all;
    Tally full_all;
    std::size_t words_all = 0;
    for (std::size_t group = 0; group + 1 < borders.size(); ++group) {
        Tally by_cut;
        Tally by_full;
        std::vector<double> ratios;
        std::size_t words = 0;
        std::size_t count = 0;
        double seconds = 0.0;
        for (const Utterance& utterance : all) {
            const double length = base::seconds(utterance.sound.duration());
            if (length <= borders[group] || length > borders[group + 1]) continue;
            ++count;
            seconds += length;
            words += contract::words_of(utterance.said).size();
            std::vector<double> cut_times;
            std::vector<double> full_times;
            for (int round = 0; round < rounds; ++round) {
                const Heard a = hear(cut, utterance.sound, "en");
                const Heard b = hear(full, utterance.sound, "en");
                cut_times.push_back(a.milliseconds);
                full_times.push_back(b.milliseconds);
                if (round > 0) continue;  // the words are the same each time
                const std::size_t cut_errors = contract::word_errors(a.text, utterance.said);
                const std::size_t full_errors = contract::word_errors(b.text, utterance.said);
                by_cut.errors += cut_errors;
                by_full.errors += full_errors;
                if (cut_errors != full_errors)
                    std::printf("  said: %s\n   cut: %s\n  full: %s\n", utterance.said.c_str(), a.text.c_str(), b.text.c_str());
            }
            by_cut.milliseconds.push_back(median(cut_times));
            by_full.milliseconds.push_back(median(full_times));
            ratios.push_back(by_cut.milliseconds.back() / by_full.milliseconds.back());
        }
        const auto percent = [&](std::size_t errors) { return 100.0 * static_cast<double>(errors) / static_cast<double>(words); };
        std::printf("about %3.0f s %4zu %6zu | %8.1f%% %8.1f%% | %9.0f %9.0f %6.2f\n", seconds / static_cast<double>(count), count,
                    words, percent(by_cut.errors), percent(by_full.errors), median(by_cut.milliseconds),
                    median(by_full.milliseconds), median(ratios));
        cut_all.errors += by_cut.errors;
        full_all.errors += by_full.errors;
        words_all += words;
    }
    std::printf("together: %zu errors of %zu words cut, %zu full\n", cut_all.errors, words_all, full_all.errors);
}

void time_the_language(engine::Recognizer& recognizer, const audio::Pcm& sound) {
    std::vector<double> told;
    std::vector<double> found;
    for (int i = 0; i < 9; ++i) {
        told.push_back(hear(recognizer, sound, "en").milliseconds);
        found.push_back(hear(recognizer, sound, "").milliseconds);
    }
    std::printf("finding the language: %.0f ms instead of %.0f\n", median(found), median(told));
}

void time_the_stop(engine::Recognizer& recognizer, const audio::Pcm& sound) {
    std::vector<double> delays;
    for (int i = 0; i < 20; ++i) {
        std::stop_source stop;
        std::chrono::steady_clock::time_point asked;
        std::jthread stopper([&] {
            std::this_thread::sleep_for(std::chrono::milliseconds(10 + 5 * i));
            asked = std::chrono::steady_clock::now();
            stop.request_stop();
        });
        const auto heard = recognizer.transcribe({sound, "en", ""}, stop.get_token());
        const auto back = std::chrono::steady_clock::now();
        stopper.join();
        if (!heard) delays.push_back(Milliseconds(back - asked).count());
    }
    std::printf("stopped %zu times within 8 s of speech: back after a median of %.2f ms, at most %.2f (goal: 50)\n", delays.size(),
                median(delays), delays.empty() ? 0.0 : *std::max_element(delays.begin(), delays.end()));
}

void run(int threads, int rounds) {
    const std::vector<Utterance> all = utterances();
    for (const auto& [model, file] : {std::pair{"whisper-base", "ggml-base.bin"}, std::pair{"whisper-tiny.en", "ggml-tiny.en.bin"}}) {
        engine::whisper::WhisperSettings settings{.model = fakes::model_file(model, file), .threads = threads, .states = 1};
        const auto cut = taken(engine::whisper::WhisperRecognizer::open(settings));
        settings.cut_window = false;
        const auto full = taken(engine::whisper::WhisperRecognizer::open(settings));
        double load = 0.0;
        getloadavg(&load, 1);
        std::printf("\n%s, %d threads, %d rounds; load average %.2f\n", model, threads, rounds, load);
        compare(*cut, *full, all, rounds);
        time_the_language(*cut, contract::kennedy(8.0, 11.0));
        time_the_stop(*full, contract::kennedy(0.0, 8.0));
    }
}

}  // namespace
}  // namespace antiphon

int main(int argc, char** argv) {
    const int threads = argc > 1 ? std::atoi(argv[1]) : 2;
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 3;
    if (threads < 1 || threads > 64 || rounds < 1 || rounds > 100) {
        std::fprintf(stderr, "recognizer_window_bench [threads 1..64] [rounds 1..100]\n");
        return 2;
    }
    try {
        antiphon::run(threads, rounds);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
    return 0;
}
