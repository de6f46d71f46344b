// What voice detection costs: the share of one core that a live call needs for it.
//
//     voice_detector_bench [seconds of speech, default 60]
#include "contract/hearing_sounds.hpp"
#include "engine/silero/silero_voice_detector.hpp"
#include "fakes/test_models.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <vector>

namespace antiphon {
namespace {

double computing_seconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

int run(double seconds) {
    const auto detector = engine::silero::SileroVoiceDetector::open(fakes::model_file("silero-vad", "silero_vad.onnx"));
    if (!detector) {
        std::fprintf(stderr, "%s\n", detector.error().text.c_str());
        return 1;
    }
    const std::size_t window = (*detector)->window();
    const std::vector<float>& speech = contract::kennedy().samples;
    const std::size_t whole = speech.size() / window;
    const auto windows = static_cast<std::size_t>(seconds * contract::kHearingRate / static_cast<double>(window));
    const auto stream = (*detector)->start();
    std::vector<double> milliseconds;
    const double before = computing_seconds();
    for (std::size_t i = 0; i < windows; ++i) {
        const auto begin = std::chrono::steady_clock::now();
        if (const auto probability = stream->push(std::span<const float>(speech).subspan(i % whole * window, window)); !probability) {
            std::fprintf(stderr, "%s\n", probability.error().text.c_str());
            return 1;
        }
        milliseconds.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count());
    }
    const double cpu = computing_seconds() - before;
    std::sort(milliseconds.begin(), milliseconds.end());
    double load = 0.0;
    getloadavg(&load, 1);
    std::printf("%zu windows of %zu samples; load average %.2f\n", windows, window, load);
    std::printf("per window: median %.3f ms, p99 %.3f ms, computing time %.3f ms\n", milliseconds[windows / 2],
                milliseconds[windows * 99 / 100], cpu * 1e3 / static_cast<double>(windows));
    std::printf("a live call needs %.2f %% of a core (goal: 1 %%)\n", cpu / seconds * 100.0);
    return 0;
}

}  // namespace
}  // namespace antiphon

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 60.0;
    if (seconds < 1.0 || seconds > 3600.0) {
        std::fprintf(stderr, "give 1 to 3600 seconds\n");
        return 2;
    }
    try {
        return antiphon::run(seconds);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
