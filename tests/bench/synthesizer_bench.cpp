// How soon and how fast the Piper voice speaks: milliseconds to the first chunk, and the real-time
// factor (seconds of work by second of speech), on 1 and 2 threads.
//
//     synthesizer_bench [rounds]       prints the machine's load first: compare ratios, not figures
#include "base/clock.hpp"
#include "engine/piper/piper_synthesizer.hpp"
#include "fakes/test_models.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

namespace antiphon {
namespace {

struct Case {
    const char* name;
    const char* text;
};
constexpr std::array<Case, 4> kCases{{
    {"first clause", "Sure, I can help,"},
    {"short sentence", "The train leaves at noon."},
    {"sentence", "The quick brown fox jumps over the lazy dog near the river bank."},
    {"long sentence",
     "When the sun went down behind the old mill, the children, who had played there since noon, ran home "
     "along the narrow path, and nobody saw the fox that had watched them all day long."},
}};

double milliseconds_since(base::Time begin) { return 1000.0 * base::seconds(base::Clock::now() - begin); }

double at_share(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

int measure(int rounds) {
    std::array<double, 3> load{};
    if (getloadavg(load.data(), 3) == 3) std::printf("load average: %.2f %.2f %.2f\n", load[0], load[1], load[2]);
    std::printf("%-15s %7s %8s %12s %12s %9s %9s\n", "text", "threads", "speech s", "first ms p50", "first ms min",
                "rtf p50", "rtf min");
    for (const int threads : {1, 2}) {
        engine::piper::PiperSettings settings;
        settings.model = fakes::model_file("piper-en_US-joe-medium", "en_US-joe-medium.onnx");
        settings.threads = threads;
        const auto begin = base::Clock::now();
        const auto voice = engine::piper::PiperSynthesizer::open(settings);
        if (!voice) {
            std::fprintf(stderr, "%s\n", voice.error().text.c_str());
            return 1;
        }
        const double opening = milliseconds_since(begin);
        for (const Case& one : kCases) {
            std::vector<double> first;
            std::vector<double> factor;
            double length = 0.0;
            for (int round = 0; round < rounds; ++round) {
                double first_ms = 0.0;
                double seconds = 0.0;
                const auto start = base::Clock::now();
                const auto spoken = (*voice)->synthesize({one.text, "en", "", 1.0F},
                                                         [&](const audio::Pcm& chunk) {
                                                             if (seconds == 0.0) first_ms = milliseconds_since(start);
                                                             seconds += base::seconds(chunk.duration());
                                                         },
                                                         {});
                if (!spoken) {
                    std::fprintf(stderr, "%s\n", spoken.error().text.c_str());
                    return 1;
                }
                first.push_back(first_ms);
                factor.push_back(milliseconds_since(start) / 1000.0 / seconds);
                length = seconds;
            }
            std::printf("%-15s %7d %8.2f %12.0f %12.0f %9.3f %9.3f\n", one.name, threads, length, at_share(first, 0.5),
                        at_share(first, 0.0), at_share(factor, 0.5), at_share(factor, 0.0));
        }
        std::printf("loading with %d thread(s): %.0f ms\n", threads, opening);
    }
    return 0;
}

}  // namespace
}  // namespace antiphon

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 15;
    try {
        return antiphon::measure(std::max(1, rounds));
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
