// Many calls over WebRTC from one program, and what they see of the server. Prints Markdown tables.
//
//     webrtc_caller connect [--calls 100]                calls one after the other, each until sound has gone both ways
//     webrtc_caller talk    [--calls 50] [--seconds 60]  calls at the same time that speak and are answered
//     webrtc_caller idle    [--calls 50] [--seconds 10]  calls at the same time that do nothing
//     webrtc_caller ask     --port N FILE.wav...         one call that asks spoken questions, a line of JSON for each
//
// Starts a fake_server beside it (its options after --; see there) unless --port and --pid name another one on this
// machine, with real voice detection (Silero) unless --by-loudness. A caller sends Opus every 20 ms, without pause:
// 2.6 s of a real voice, then silence until it has been answered and half a second more. Its packets go to the server by
// sockets of this program (udp_ways.hpp), which see when the server sends, and can be a bad network in both directions:
// --network "loss=0.1 delay_ms=100 jitter_ms=30 reorder=0.02 duplicate=0.01 keep_order=0" (network/impairment.hpp).
// --flood valid|garbage: one more call sends --flood-packets packets every 20 ms, of right SRTP or of anything.
//
// What is measured:
//   POST           from before the connection to the server to the whole answer.
//   first sound    from before the POST until the first packet of the server came, and until the server has said that it
//                  hears speech: the caller speaks as soon as the session is created, so the latter has in it the data
//                  channel's opening, the jitter buffer, voice detection with its 32 ms windows, and the way back.
//   sent gap       between two packets of the server's sound that follow one another within a talk spurt (by number and
//                  timestamp), by the kernel's clock as the server sends them. 20 ms would be perfect.
//   arrival gap    the same as the callers' threads come to it, behind the network that is asked for.
//   lost           calls that were not opened, or closed, or told of an error, without a session 30 s after the offer, or with a
//                  turn that was not answered to its end within 20 s.
//   CPU            user and system time of the server's process by the seconds of all calls together.
//   memory         the server's resident set (RSS), and its proportional one (PSS).
// This program runs on the same machine as the server; "late frames" says how often it was itself more than 5 ms late.
#include "bench/figures.hpp"
#include "bench/rtc_crowd.hpp"
#include "bench/rtc_questions.hpp"
#include "bench/server_process.hpp"
#include "fakes/test_models.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::bench {
namespace {

using base::Clock;
using base::milliseconds;

struct Plan {
    std::size_t calls = 0;
    int seconds = 0;
    pid_t pid = 0;
    RtcServer server;
    network::Settings network;
    std::string flood = "none";
    int flood_packets = 4000;
};

int finish(const RtcSeen& seen) {
    if (seen.lost > 0) std::printf("\nThe first loss: %s\n", seen.why_lost.c_str());
    return seen.lost == 0 ? 0 : 1;
}

double cpu_seconds() {
    rusage own{};
    getrusage(RUSAGE_SELF, &own);
    return static_cast<double>(own.ru_utime.tv_sec + own.ru_stime.tv_sec) + 1e-6 * static_cast<double>(own.ru_utime.tv_usec + own.ru_stime.tv_usec);
}

void open_all(RtcCrowd& crowd, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) crowd.add();
    if (!crowd.all_greeted(std::chrono::seconds(30))) std::fprintf(stderr, "not all calls were opened in time\n");
}

/// One call that sends far too much, on a thread of its own.
class Flood {
public:
    Flood(RtcCall& call, bool valid, int packets) : call_(call), valid_(valid), packets_(packets), thread_([this] { run(); }) {}
    ~Flood() {
        ended_ = true;
        thread_.join();
    }
    std::uint64_t sent() const { return sent_; }

private:
    void run() {
        std::mt19937 random(1);
        std::vector<std::uint8_t> packet(100);
        for (auto& byte : packet) byte = static_cast<std::uint8_t>(random());
        const std::vector<std::uint8_t> opus(packet.begin(), packet.begin() + 60);
        // What the first byte makes it look like (RFC 7983): STUN, DTLS, SRTP, and nothing that there is.
        constexpr std::array<std::uint8_t, 6> kKinds{0x00, 0x16, 0x80, 0x80, 0x80, 0xF0};
        for (auto due = Clock::now(); !ended_; due += milliseconds(20)) {
            std::this_thread::sleep_until(due);
            for (int i = 0; i < packets_ && !ended_; ++i) {
                if (valid_) {
                    call_.send_sound(opus, false);
                    ++sent_;
                    continue;
                }
                packet[0] = kKinds[static_cast<std::size_t>(i) % kKinds.size()];
                packet[1] = i % 3 == 0 ? 200 : RtcCall::kOpus;
                if (call_.way()->send_to_server(packet)) ++sent_;
            }
            due = std::max(due, Clock::now() - milliseconds(20));
        }
    }

    RtcCall& call_;
    const bool valid_;
    const int packets_;
    std::atomic<bool> ended_ = false;
    std::atomic<std::uint64_t> sent_ = 0;
    std::thread thread_;
};

int connect(const Plan& plan, const SpokenTurn& sound) {
    const std::string load_before = load_average();
    RtcCrowd crowd(sound, plan.server, RtcManner::talk, nullptr);
    std::size_t unheard = 0;
    for (std::size_t i = 0; i < plan.calls; ++i) {
        crowd.add();
        if (!crowd.all_greeted(std::chrono::seconds(10))) ++unheard;
        crowd.clear();
    }
    RtcSeen seen = crowd.seen();
    seen.lost += unheard;
    std::printf("%zu calls one after the other; load average %s before, %s after\n\n", plan.calls, load_before.c_str(), load_average().c_str());
    print_row_head();
    print_row("POST to answer", seen.post);
    print_row("offer to first sound of the server", seen.first_from_server);
    print_row("offer to \"session.created\"", seen.session);
    print_row("offer to \"speech_started\"", seen.first_to_server);
    std::printf("\n| | |\n|---|---:|\n| lost calls | %zu |\n", seen.lost);
    return finish(seen);
}

int talk(const Plan& plan, const SpokenTurn& sound) {
    const std::string load_before = load_average();
    const Usage empty = usage_of(plan.pid);
    UdpWays ways(plan.network);
    RtcCrowd crowd(sound, plan.server, RtcManner::talk, &ways);
    RtcCaller& first = crowd.add();
    open_all(crowd, plan.flood == "none" ? plan.calls - 1 : plan.calls);
    if (plan.flood != "none") first.take_no_part();
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const Usage before = usage_of(plan.pid);
    const double own_before = cpu_seconds();
    const auto began = Clock::now();
    crowd.measure(true);
    ways.measure(true);
    std::uint64_t flooded = 0;
    {
        std::optional<Flood> flood;
        if (plan.flood != "none") flood.emplace(first.call(), plan.flood == "valid", plan.flood_packets);
        std::this_thread::sleep_for(std::chrono::seconds(plan.seconds));
        if (flood) flooded = flood->sent();
    }
    crowd.measure(false);
    ways.measure(false);
    const double seconds = base::seconds(Clock::now() - began);
    const Usage after = usage_of(plan.pid);
    const double own = cpu_seconds() - own_before;
    const RtcSeen seen = crowd.seen();
    const WaySeen sent = ways.seen(plan.flood == "none" ? nullptr : first.call().way().get());
    crowd.hang_up();
    std::this_thread::sleep_for(std::chrono::seconds(3));
    const Usage end = usage_of(plan.pid);

    const double call_seconds = seconds * static_cast<double>(plan.calls);
    std::printf("%zu calls at the same time for %.0f s, %zu turns; load average %s before, %s after\n\n", plan.calls, seconds,
                seen.turns, load_before.c_str(), load_average().c_str());
    print_row_head();
    print_row("sent gap", sent.gaps);
    print_row("arrival gap", seen.arrival_gaps);
    print_row("offer to \"session.created\"", seen.session);
    std::printf("\n| | |\n|---|---:|\n| lost calls | %zu |\n| answers cut short | %zu |\n", seen.lost, seen.cut_short);
    std::printf("| server CPU by call-second | %.2f ms |\n", (after.cpu - before.cpu) * 1000.0 / call_seconds);
    std::printf("| of all seconds the server spoke in | %.0f %% |\n", static_cast<double>(sent.sounds) * 2.0 / call_seconds);
    if (plan.flood != "none") std::printf("| packets of the flood | %.0f a second |\n", static_cast<double>(flooded) / seconds);
    std::printf("| server CPU | %.0f %% of a core |\n", (after.cpu - before.cpu) / seconds * 100.0);
    std::printf("| this program's CPU | %.0f %% of a core |\n", own / seconds * 100.0);
    std::printf("| late frames | %.2f %% |\n", 100.0 * static_cast<double>(seen.late) / static_cast<double>(std::max<std::size_t>(seen.frames, 1)));
    std::printf("| server's memory (RSS) empty, full, after | %.1f, %.1f, %.1f MiB |\n", empty.rss / 1024, after.rss / 1024, end.rss / 1024);
    std::printf("| threads empty, full, after | %d, %d, %d |\n", empty.threads, after.threads, end.threads);
    std::printf("| descriptors empty, full, after | %d, %d, %d |\n", empty.descriptors, after.descriptors, end.descriptors);
    return finish(seen);
}

int idle(const Plan& plan, const SpokenTurn& sound) {
    const std::string load_before = load_average();
    const Usage empty = usage_of(plan.pid);
    RtcCrowd crowd(sound, plan.server, RtcManner::idle, nullptr);
    const auto print = [&](const char* name, const Usage& usage) {
        std::printf("| %s | %.1f MiB | %.1f MiB | %d | %d |\n", name, usage.rss / 1024, usage.pss / 1024, usage.threads, usage.descriptors);
    };
    open_all(crowd, 1);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const Usage one = usage_of(plan.pid);
    open_all(crowd, plan.calls - 1);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const Usage before = usage_of(plan.pid);
    std::this_thread::sleep_for(std::chrono::seconds(plan.seconds));
    const Usage full = usage_of(plan.pid);
    const std::size_t open = crowd.open();
    RtcSeen seen = crowd.seen();
    seen.lost = std::max(seen.lost, plan.calls - open);
    crowd.clear();
    std::this_thread::sleep_for(std::chrono::seconds(3));
    const Usage end = usage_of(plan.pid);
    std::printf("%zu idle calls for %d s; load average %s before, %s after\n\n", open, plan.seconds, load_before.c_str(), load_average().c_str());
    std::printf("| calls | RSS | PSS | threads | descriptors |\n|---|---:|---:|---:|---:|\n");
    print("none", empty);
    print("1", one);
    print(std::to_string(open).c_str(), full);
    print("after", end);
    const auto calls = static_cast<double>(plan.calls);
    std::printf("\n| | |\n|---|---:|\n| lost calls | %zu |\n| memory by call (RSS) | %.0f KiB |\n", seen.lost, (full.rss - empty.rss) / calls);
    std::printf("| the same without the first call's | %.0f KiB |\n", (full.rss - one.rss) / std::max(calls - 1, 1.0));
    std::printf("| server CPU by call-second | %.2f ms |\n", (full.cpu - before.cpu) * 1000.0 / (calls * plan.seconds));
    return finish(seen);
}

int run(int argc, char** argv) {
    Plan plan;
    std::vector<std::string> server_options;
    std::string network;
    bool by_loudness = false;
    AskPlan ask;
    CLI::App app{"Many callers over WebRTC in one program"};
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--port", plan.server.port, "the port of a server that runs already on this machine");
    app.add_option("--pid", plan.pid, "its process");
    app.add_option("--network", network, "what the network does to packets, both ways");
    app.add_flag("--by-loudness", by_loudness, "no Silero in the fake server");
    const auto add = [&](const char* name, const char* what, std::size_t calls, int seconds) {
        CLI::App* command = app.add_subcommand(name, what);
        command->add_option("--calls", plan.calls, "default " + std::to_string(calls))->check(CLI::Range(1, 10'000));
        if (seconds > 0) command->add_option("--seconds", plan.seconds, "default " + std::to_string(seconds));
        command->add_option("server", server_options, "options of the fake server, after --");
        command->callback([&plan, calls, seconds] {
            if (plan.calls == 0) plan.calls = calls;
            if (plan.seconds == 0) plan.seconds = seconds;
        });
        return command;
    };
    CLI::App* connecting = add("connect", "calls one after the other", 100, 0);
    CLI::App* talking = add("talk", "calls that speak and are answered", 50, 60);
    talking->add_option("--flood", plan.flood, "one more call floods the server")->check(CLI::IsMember({"none", "valid", "garbage"}));
    talking->add_option("--flood-packets", plan.flood_packets, "packets of it every 20 ms");
    add("idle", "calls that do nothing", 50, 10);
    CLI::App* asking = app.add_subcommand("ask", "one call that asks spoken questions");
    asking->add_option("file", ask.files, "WAV")->required()->check(CLI::ExistingFile);
    CLI11_PARSE(app, argc, argv);

    if (const auto wrong = network::change(plan.network, network); !wrong.empty()) throw std::runtime_error("--network: " + wrong);
    if (asking->parsed()) {
        if (plan.server.port == 0) throw std::runtime_error("ask needs a real server: --port");
        ask.server = plan.server;
        ask.network = plan.network;
        return run_questions(ask);
    }
    std::optional<ServerProcess> server;
    if (plan.server.port == 0) {
        if (!by_loudness) {
            server_options.push_back("--silero");
            server_options.push_back(fakes::model_file("silero-vad", "silero_vad.onnx").string());
        }
        server.emplace((fs::read_symlink("/proc/self/exe").parent_path() / "fake_server").string(), server_options);
        plan.server.port = static_cast<std::uint16_t>(server->port());
        plan.pid = server->pid();
    } else if (plan.pid == 0) {
        throw std::runtime_error("with --port, --pid is needed as well");
    }
    const SpokenTurn sound(plan.network.loss);
    if (connecting->parsed()) return connect(plan, sound);
    if (talking->parsed()) return talk(plan, sound);
    return idle(plan, sound);
}

}  // namespace
}  // namespace antiphon::bench

int main(int argc, char** argv) {
    try {
        return antiphon::bench::run(argc, argv);
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 2;
    }
}
