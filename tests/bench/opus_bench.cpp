// What Opus costs for each second of a call, and what is left of the speech: complexities and bitrates of the writer,
// then the way in (reader and jitter buffer) with and without loss. Prints Markdown tables.
//
//     opus_bench [rounds, default 5]
//
// Times are the thread's CPU time, the least of the rounds. "Distance" is the log-spectral distance to the original in
// dB (frames of 32 ms that are not silent, 100 to 7500 Hz, mean of the frames' root mean squares): 0 is the same sound.
// "Word errors" are those of Whisper base on what was decoded.
#include "audio/opus_codec.hpp"
#include "audio/pcm.hpp"
#include "audio/resampler.hpp"
#include "audio/wav.hpp"
#include "contract/word_errors.hpp"
#include "engine/whisper/whisper_recognizer.hpp"
#include "fakes/test_models.hpp"
#include "listen/sound_receiver.hpp"
#include "source_folder.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <numbers>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace antiphon {
namespace {

using base::milliseconds;
using Packet = std::vector<std::uint8_t>;

constexpr const char* kSaid =
    "And so my fellow Americans ask not what your country can do for you ask what you can do for your country";

template <typename T>
T taken(base::Result<T> result) {
    if (!result) throw std::runtime_error(result.error().text);
    return std::move(*result);
}

double cpu_milliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) * 1e-6;
}

/// dB for each of the bands of 31.25 Hz, for each frame of 512 samples at 16 kHz.
std::vector<std::vector<double>> spectra(const std::vector<float>& sound) {
    constexpr std::size_t kSize = 512, kFirst = 3, kLast = 240;
    std::vector<double> cosines(kSize), window(kSize);
    for (std::size_t i = 0; i < kSize; ++i) {
        cosines[i] = std::cos(2.0 * std::numbers::pi * static_cast<double>(i) / kSize);
        window[i] = 0.5 - 0.5 * cosines[i];
    }
    std::vector<std::vector<double>> frames;
    for (std::size_t at = 0; at + kSize <= sound.size(); at += kSize / 2) {
        std::vector<double> bands;
        for (std::size_t band = kFirst; band < kLast; ++band) {
            double real = 0, imaginary = 0;
            for (std::size_t i = 0; i < kSize; ++i) {
                const double sample = static_cast<double>(sound[at + i]) * window[i];
                real += sample * cosines[band * i % kSize];
                imaginary += sample * cosines[(band * i + kSize / 4) % kSize];
            }
            bands.push_back(10.0 * std::log10(real * real + imaginary * imaginary + 1e-7));
        }
        frames.push_back(std::move(bands));
    }
    return frames;
}

/// At the shift, up to 15 ms, at which the two fit best.
double distance(const std::vector<float>& original, const std::vector<float>& heard) {
    std::size_t best = 0;
    double most = 0;
    for (std::size_t shift = 0; shift < 240; ++shift) {
        double product = 0;
        for (std::size_t i = 0; i < original.size() && i + shift < heard.size(); i += 5)
            product += static_cast<double>(original[i] * heard[i + shift]);
        if (product > most) most = product, best = shift;
    }
    const auto a = spectra(original);
    const auto b = spectra({heard.begin() + static_cast<std::ptrdiff_t>(best), heard.end()});
    double sum = 0;
    int count = 0;
    for (std::size_t f = 0; f < std::min(a.size(), b.size()); ++f) {
        if (audio::level_dbfs({original.data() + f * 256, 512}) < -45.0F) continue;
        double square = 0;
        for (std::size_t i = 0; i < a[f].size(); ++i) square += (a[f][i] - b[f][i]) * (a[f][i] - b[f][i]);
        sum += std::sqrt(square / static_cast<double>(a[f].size()));
        ++count;
    }
    return sum / count;
}

std::size_t words_wrong(engine::Recognizer& recognizer, const std::vector<float>& sound) {
    const auto transcript = taken(recognizer.transcribe({{sound, 16000}, "en", ""}, {}));
    return contract::word_errors(transcript.text, kSaid);
}

std::vector<Packet> written(const std::vector<float>& sound, const audio::OpusWriterSettings& settings, double loss) {
    auto writer = taken(audio::OpusWriter::open(settings));
    writer.expect_loss(loss);
    std::vector<Packet> packets;
    for (std::size_t at = 0; at + 480 <= sound.size(); at += 480)
        packets.push_back(taken(writer.encode({sound.data() + at, 480})));
    return packets;
}

std::vector<float> read(const std::vector<Packet>& packets) {
    auto reader = taken(audio::OpusReader::open(16000));
    std::vector<float> sound;
    for (const Packet& packet : packets) {
        const auto piece = packet.empty() ? reader.conceal(milliseconds(20)) : taken(reader.decode(packet));
        sound.insert(sound.end(), piece.begin(), piece.end());
    }
    return sound;
}

/// What comes out of the receiver on a way that loses and delays; the time that it took is added to `spent`.
std::vector<float> received(const std::vector<Packet>& packets, double loss, int jitter, unsigned seed, double& spent,
                            listen::ReceiverFigures& figures) {
    struct Sent { base::Time at; std::size_t index; };
    std::mt19937 random(seed);
    std::uniform_real_distribution<double> even(0.0, 1.0);
    const base::Time start{std::chrono::hours(1)};
    std::vector<Sent> sent;
    for (std::size_t i = 0; i < packets.size(); ++i) {
        const milliseconds late(static_cast<int>(even(random) * jitter));
        if (even(random) >= loss && !packets[i].empty()) sent.push_back({start + milliseconds(20) * i + late, i});
    }
    std::stable_sort(sent.begin(), sent.end(), [](const Sent& a, const Sent& b) { return a.at < b.at; });
    auto receiver = taken(listen::SoundReceiver::open());
    std::vector<float> sound;
    sound.reserve((packets.size() + 10) * 320);
    const double before = cpu_milliseconds();
    auto next = sent.begin();
    for (std::size_t step = 0; step < packets.size() + 10; ++step) {
        const base::Time now = start + milliseconds(20) * step + milliseconds(5);
        for (; next != sent.end() && next->at <= now; ++next)
            receiver.put(static_cast<std::uint16_t>(next->index), static_cast<std::uint32_t>(next->index * 960),
                         packets[next->index], next->at);
        const auto frame = receiver.step(now);
        if (frame) sound.insert(sound.end(), frame->begin(), frame->end());
        else sound.insert(sound.end(), 320, 0.0F);
    }
    spent += cpu_milliseconds() - before;
    figures = receiver.figures();
    return sound;
}

void measure_writer(const std::vector<float>& speech, const std::vector<float>& original,
                    engine::Recognizer& recognizer, int rounds) {
    const double seconds = static_cast<double>(speech.size()) / 24000.0;
    std::puts("| kbit/s | loss expected | complexity | write, ms/s | read, ms/s | sent | distance, dB | word errors |");
    std::puts("|---:|---:|---:|---:|---:|---:|---:|---:|");
    for (const auto& [bits, loss] :
         std::vector<std::pair<int, double>>{{32000, 0.0}, {32000, 0.1}, {24000, 0.0}, {24000, 0.1}, {20000, 0.0}})
        for (int complexity = 0; complexity <= 10; ++complexity) {
            audio::OpusWriterSettings settings;
            settings.bits_per_second = bits;
            settings.complexity = complexity;
            double write = 1e9, reading = 1e9;
            std::vector<Packet> packets;
            std::vector<float> heard;
            for (int round = 0; round < rounds; ++round) {
                double before = cpu_milliseconds();
                packets = written(speech, settings, loss);
                write = std::min(write, cpu_milliseconds() - before);
                before = cpu_milliseconds();
                heard = read(packets);
                reading = std::min(reading, cpu_milliseconds() - before);
            }
            std::size_t bytes = 0;
            for (const Packet& packet : packets) bytes += packet.size();
            std::printf("| %d | %.0f %% | %d | %.2f | %.2f | %.1f | %.2f | %zu |\n", bits / 1000, loss * 100,
                        complexity, write / seconds, reading / seconds, static_cast<double>(bytes) * 8e-3 / seconds,
                        distance(original, heard), words_wrong(recognizer, heard));
            std::fflush(stdout);
        }
}

void measure_receiver(const std::vector<float>& speech, engine::Recognizer& recognizer, int rounds) {
    const double seconds = static_cast<double>(speech.size()) / 24000.0;
    std::puts("\n| loss | jitter | copies | receive, ms/s | word errors, mean | recovered | concealed | changed |");
    std::puts("|---:|---:|---|---:|---:|---:|---:|---:|");
    for (const double loss : {0.0, 0.05, 0.1, 0.2})
        for (const int jitter : {0, 60})
            for (const bool copies : {true, false}) {
                if (loss == 0.0 && !copies) continue;
                audio::OpusWriterSettings settings;
                settings.in_band_fec = copies;
                const auto packets = written(speech, settings, std::max(loss, 0.1));
                double spent = 1e9, recovered = 0, concealed = 0, changed = 0, errors = 0;
                for (int round = 0; round < rounds; ++round) {
                    double once = 0;
                    listen::ReceiverFigures figures;
                    const auto heard = received(packets, loss, jitter, static_cast<unsigned>(round + 1), once, figures);
                    spent = std::min(spent, once);
                    recovered += static_cast<double>(figures.jitter.recovered) / rounds;
                    concealed += static_cast<double>(figures.jitter.concealed) / rounds;
                    changed += static_cast<double>(figures.left_out + figures.said_twice) / rounds;
                    errors += static_cast<double>(words_wrong(recognizer, heard)) / rounds;
                }
                std::printf("| %.0f %% | %d ms | %s | %.2f | %.1f | %.0f | %.0f | %.0f |\n", loss * 100, jitter,
                            copies ? "yes" : "no", spent / seconds, errors, recovered, concealed, changed);
                std::fflush(stdout);
            }
}

}  // namespace
}  // namespace antiphon

int main(int count, char** arguments) try {
    using namespace antiphon;
    const int rounds = count > 1 ? std::max(1, std::atoi(arguments[1])) : 5;
    const auto wav = taken(audio::read_wav(ANTIPHON_SOURCE_DIR "/tests/golden/jfk.wav"));
    const auto speech = taken(audio::resample(wav.samples, wav.sample_rate, 24000));
    const auto original = taken(audio::resample(wav.samples, wav.sample_rate, 16000));
    engine::whisper::WhisperSettings settings;
    settings.model = fakes::model_file("whisper-base", "ggml-base.bin");
    const auto recognizer = taken(engine::whisper::WhisperRecognizer::open(settings));
    measure_writer(speech, original, *recognizer, rounds);
    measure_receiver(speech, *recognizer, rounds);
    return 0;
} catch (const std::exception& failure) {
    std::fprintf(stderr, "opus_bench: %s\n", failure.what());
    return 1;
}
