// The server without its models: the real listener, sessions, calls, pools and io threads around engines that
// answer at once. What it takes, in time and memory, is what the server itself adds.
//
//     fake_server --port-file FILE [--port 0] [--io-threads 2] [--workers 2] [--answer-ms 2000]
//                 [--silence-ms 500] [--no-speculation] [--max-calls 20000] [--log-level info]
//                 [--silero silero_vad.onnx] [--webrtc-ports 0] [--redis-port 6379] [--drain-ms 5000]
//
// --redis-port: the Redis at 127.0.0.1 that keeps the conversations of resumable calls; none are kept without it.
// --silero: real voice detection instead of one by loudness. Calls over WebRTC come to 127.0.0.1; --webrtc-ports as
// webrtc.ports in docs/webrtc.md, "off" for none.
// Ends in order on SIGTERM and SIGINT, as docs/closing.md has it for the server. load_caller starts it by itself. The queues of the pools are long (4096):
// with instant engines a full queue would only say that the machine stood still for a moment.
#include "base/io_loops.hpp"
#include "base/log.hpp"
#include "base/worker_pool.hpp"
#include "bench/instant_engines.hpp"
#include "call/call_engines.hpp"
#include "edge/http_listener.hpp"
#include "edge/webrtc_stack.hpp"
#include "engine/silero/silero_voice_detector.hpp"
#include "fakes/fake_voice_detector.hpp"
#include "store/redis_store.hpp"
#include "store/write_behind.hpp"

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon {
namespace {

struct Options {
    std::uint16_t port = 0;
    std::string port_file;
    int io_threads = 2;
    std::size_t workers = 2;
    int answer_ms = 2000;
    int silence_ms = 500;
    bool no_speculation = false;
    std::size_t max_calls = 20'000;
    std::string log_level = "info";
    std::string silero;
    std::string webrtc_ports = "0";
    int redis_port = 0;
    int drain_ms = 5000;
};

/// One descriptor for each call; the usual 1024 is too few here.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

base::Result<std::unique_ptr<engine::VoiceDetector>> open_voice_detector(const std::string& silero) {
    if (silero.empty()) return std::unique_ptr<engine::VoiceDetector>(std::make_unique<fakes::FakeVoiceDetector>());
    auto opened = engine::silero::SileroVoiceDetector::open(silero);
    if (!opened) return opened.error();
    return std::unique_ptr<engine::VoiceDetector>(std::move(*opened));
}

base::Result<std::unique_ptr<edge::WebRtcStack>> open_webrtc(const std::string& ports) {
    if (ports == "off") return std::unique_ptr<edge::WebRtcStack>();
    edge::WebRtcSettings settings;
    settings.ports = ports;
    settings.bind_address = "127.0.0.1";
    return edge::WebRtcStack::open(settings);
}

std::unique_ptr<store::WriteBehind> open_session_store(int port, base::Metrics& metrics) {
    if (port == 0) return nullptr;
    store::RedisAddress address;
    address.host = "127.0.0.1";
    address.port = static_cast<std::uint16_t>(port);
    return std::make_unique<store::WriteBehind>(std::make_unique<store::RedisStore>(address, std::chrono::hours(1)),
                                                store::WriteBehindSettings{}, metrics);
}

int serve(const Options& options) {
    constexpr std::size_t kQueue = 4096;
    auto voice_detector = open_voice_detector(options.silero);
    if (!voice_detector) {
        std::fprintf(stderr, "%s\n", voice_detector.error().text.c_str());
        return 1;
    }
    bench::InstantRecognizer recognizer;
    bench::InstantLanguageModel language_model;
    bench::InstantSynthesizer synthesizer{base::milliseconds(options.answer_ms)};
    base::Metrics metrics;
    call::CallMetrics call_metrics{metrics};
    call::CallRegistry registry{options.max_calls};
    call::CallSettings call_settings;
    call_settings.speculate = !options.no_speculation;
    call::Session session;
    session.model = "fake";
    session.instructions = "Answer shortly.";
    session.turn_detection->silence_duration = base::milliseconds(options.silence_ms);

    // Made before the pools and ended after them: what a job still posts must find it.
    base::IoLoops io{static_cast<std::size_t>(options.io_threads)};
    base::WorkerPool recognizer_workers{"stt", options.workers, kQueue};
    base::WorkerPool language_model_workers{"llm", options.workers, kQueue};
    base::WorkerPool synthesizer_workers{"tts", options.workers, kQueue};
    const call::CallEngines engines{.voice_detector = **voice_detector,
                                    .recognizer = recognizer,
                                    .language_model = language_model,
                                    .synthesizer = synthesizer,
                                    .recognizer_workers = recognizer_workers,
                                    .language_model_workers = language_model_workers,
                                    .synthesizer_workers = synthesizer_workers,
                                    .metrics = call_metrics};
    const auto agents = std::make_shared<const call::Agents>(call::Agents{{{}, {}, session, call_settings, {}}, {}});
    auto webrtc = open_webrtc(options.webrtc_ports);
    if (!webrtc) {
        std::fprintf(stderr, "%s\n", webrtc.error().text.c_str());
        return 1;
    }
    const auto session_store = open_session_store(options.redis_port, metrics);
    std::atomic<bool> ending = false;
    const edge::Services services{.registry = registry,
                                  .agents = [agents] { return agents; },
                                  .readiness =
                                      [&ending] {
                                          edge::Readiness readiness;
                                          readiness.ready = !ending;
                                          return readiness;
                                      },
                                  .engines = [&engines] { return &engines; },
                                  .metrics = metrics,
                                  .webrtc = webrtc->get(),
                                  .session_store = session_store.get()};
    edge::EdgeSettings settings;
    settings.port = options.port;
    auto listener = edge::HttpListener::open(io, settings, services);
    if (!listener) {
        std::fprintf(stderr, "%s\n", listener.error().text.c_str());
        return 1;
    }
    boost::asio::signal_set signals(io.at(0), SIGINT, SIGTERM);
    signals.async_wait([&](const boost::system::error_code&, int) {
        ending = true;
        registry.close();
        (*listener)->drain(base::milliseconds(options.drain_ms));
    });
    if (!options.port_file.empty()) {
        // Under its own name only when it is whole: who waits for it may read it at once.
        std::ofstream(options.port_file + ".part") << (*listener)->port() << '\n';
        std::rename((options.port_file + ".part").c_str(), options.port_file.c_str());
    }
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < io.count(); ++i) threads.emplace_back([&loop = io.at(i)] { loop.run(); });
    threads.clear();  // ends when they do
    if (*webrtc) (*webrtc)->close();
    if (session_store) session_store->close(std::chrono::seconds(2));
    return 0;
}

}  // namespace
}  // namespace antiphon

int main(int argc, char** argv) {
    antiphon::Options options;
    CLI::App app{"The server around engines that answer at once"};
    app.add_option("--port", options.port);
    app.add_option("--port-file", options.port_file);
    app.add_option("--io-threads", options.io_threads)->check(CLI::Range(1, 64));
    app.add_option("--workers", options.workers)->check(CLI::Range(1, 64));
    app.add_option("--answer-ms", options.answer_ms)->check(CLI::Range(20, 60'000));
    app.add_option("--silence-ms", options.silence_ms)->check(CLI::Range(32, 10'000));
    app.add_flag("--no-speculation", options.no_speculation);
    app.add_option("--max-calls", options.max_calls);
    app.add_option("--log-level", options.log_level);
    app.add_option("--silero", options.silero)->check(CLI::ExistingFile);
    app.add_option("--webrtc-ports", options.webrtc_ports);
    app.add_option("--redis-port", options.redis_port)->check(CLI::Range(1, 65'535));
    app.add_option("--drain-ms", options.drain_ms)->check(CLI::Range(0, 600'000));
    CLI11_PARSE(app, argc, argv);
    antiphon::raise_descriptor_limit();
    if (!antiphon::base::log::set_level(options.log_level)) return 2;
    return antiphon::serve(options);
}
