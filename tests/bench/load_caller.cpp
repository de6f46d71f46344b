// Hundreds of callers in one program, and what they see of the server. Prints Markdown tables.
//
//     load_caller talk  [--calls 200] [--seconds 600]   calls at the same time that speak and are answered
//     load_caller idle  [--calls 1000]                  calls at the same time that do nothing
//     load_caller cycle [--calls 10000]                 calls one after the other
//
// Starts a fake_server beside it (its options after --; see there) unless --host, --port and --pid name another one.
// A caller sends 20 ms of sound each 20 ms, without pause: in turns 0.8 s of speech and then silence until it has
// been answered; every second turn is typed instead. Callers begin spread over time, and are measured when all are
// there and two seconds have passed.
//
// What is measured, on this program's clock:
//   spoken turn  from just before the write of the frame that completes the turn's end to the first event of the turn
//                (speech_stopped) and to its first sound (response.output_audio.delta). That frame is known exactly:
//                speech_stopped says where the silence began, a turn ends with the first whole 32 ms window at which
//                the silence is long enough, and the server's own resampler, run here, says which frame brings that
//                window's last sample. The silence is not in the figure, nor is the wait for the next frame.
//   typed turn   from just before the write of response.create to response.created and to the first sound.
//   gap          between two frames of the same answer as they are read here, from the tenth frame on: the first ones
//                are sent ahead (playout.lead_ms). 20 ms would be perfect.
//   lost         calls that were not opened, or closed, or told of an error, or with a turn that was not answered
//                within 10 s.
//   CPU          user and system time of the server's process by the seconds of all calls together.
//   memory       the server's proportional set size (PSS), as /proc/PID/smaps_rollup has it.
// This program runs on the same machine as the server; where that is full, its own lateness is part of the figures.
// "late frames" says how often a frame went out more than 5 ms after its time, which is the sign of it.
#include "bench/crowd.hpp"
#include "bench/figures.hpp"
#include "bench/server_process.hpp"

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <vector>

namespace antiphon::bench {
namespace {

struct Plan {
    std::size_t calls = 0;
    int seconds = 0;
    int threads = 1;
    int silence_ms = 500;
    bool resumable = false;
    pid_t pid = 0;
    asio::ip::tcp::endpoint server;
};

int finish(const Seen& seen) {
    if (seen.lost > 0) std::printf("\nThe first loss: %s\n", seen.why_lost.c_str());
    return seen.lost == 0 ? 0 : 1;
}

/// Opens the calls, spread over time, and waits until they are all there.
void fill(Crowd& crowd, std::size_t calls) {
    for (std::size_t i = 0; i < calls; ++i) {
        crowd.add();
        std::this_thread::sleep_for(milliseconds(calls > 1000 ? 2 : 5));
    }
    for (int i = 0; i < 500 && crowd.open() + crowd.seen().lost < calls; ++i) std::this_thread::sleep_for(milliseconds(20));
}

int talk(const Plan& plan, const Sound& sound) {
    const std::string load_before = load_average();
    const Usage empty = usage_of(plan.pid);
    Crowd crowd(sound, plan.server, Manner::talk, plan.silence_ms, plan.threads, plan.resumable);
    fill(crowd, plan.calls);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const Usage before = usage_of(plan.pid);
    rusage own_before{};
    getrusage(RUSAGE_SELF, &own_before);
    const auto began = Clock::now();
    crowd.measure(true);
    std::this_thread::sleep_for(std::chrono::seconds(plan.seconds));
    crowd.measure(false);
    const double seconds = base::seconds(Clock::now() - began);
    const Usage after = usage_of(plan.pid);
    rusage own_after{};
    getrusage(RUSAGE_SELF, &own_after);
    const Seen seen = crowd.seen();
    crowd.hang_up();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const Usage end = usage_of(plan.pid);

    const double call_seconds = seconds * static_cast<double>(plan.calls);
    const auto own = [](const rusage& r) {
        return static_cast<double>(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + 1e-6 * static_cast<double>(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
    };
    std::printf("%zu calls at the same time for %.0f s, %zu turns; load average %s before, %s after\n\n", plan.calls, seconds,
                seen.turns, load_before.c_str(), load_average().c_str());
    print_row_head();
    print_row("spoken turn: end to first event", seen.spoken_event);
    print_row("spoken turn: end to first sound", seen.spoken_sound);
    print_row("typed turn: request to first event", seen.typed_event);
    print_row("typed turn: request to first sound", seen.typed_sound);
    print_row("gap between frames", seen.gaps);
    std::printf("\n| | |\n|---|---:|\n| lost calls | %zu |\n| server CPU by call-second | %.2f ms |\n", seen.lost,
                (after.cpu - before.cpu) * 1000.0 / call_seconds);
    std::printf("| server CPU | %.0f %% of a core |\n", (after.cpu - before.cpu) / seconds * 100.0);
    std::printf("| this program's CPU | %.0f %% of a core |\n", (own(own_after) - own(own_before)) / seconds * 100.0);
    std::printf("| late frames | %.2f %% |\n", 100.0 * static_cast<double>(seen.late) / static_cast<double>(std::max<std::size_t>(seen.frames, 1)));
    std::printf("| memory by call | %.0f KiB |\n", (after.pss - empty.pss) / static_cast<double>(plan.calls));
    std::printf("| server's memory empty, full, after | %.1f, %.1f, %.1f MiB |\n", empty.pss / 1024, after.pss / 1024, end.pss / 1024);
    std::printf("| threads empty, full, after | %d, %d, %d |\n", empty.threads, after.threads, end.threads);
    std::printf("| descriptors empty, full, after | %d, %d, %d |\n", empty.descriptors, after.descriptors, end.descriptors);
    return finish(seen);
}

int idle(const Plan& plan, const Sound& sound) {
    const std::string load_before = load_average();
    const Usage empty = usage_of(plan.pid);
    Crowd crowd(sound, plan.server, Manner::idle, plan.silence_ms, plan.threads);
    fill(crowd, plan.calls);
    std::this_thread::sleep_for(std::chrono::seconds(2));
    const Usage before = usage_of(plan.pid);
    std::this_thread::sleep_for(std::chrono::seconds(plan.seconds));
    const Usage full = usage_of(plan.pid);
    const std::size_t open = crowd.open();
    Seen seen = crowd.seen();
    seen.lost = std::max(seen.lost, plan.calls - open);
    crowd.hang_up();
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const Usage end = usage_of(plan.pid);
    std::printf("%zu idle calls for %d s; load average %s before, %s after\n\n", open, plan.seconds, load_before.c_str(),
                load_average().c_str());
    std::printf("| | empty | %zu calls | after |\n|---|---:|---:|---:|\n", open);
    std::printf("| memory (PSS) | %.1f MiB | %.1f MiB | %.1f MiB |\n", empty.pss / 1024, full.pss / 1024, end.pss / 1024);
    std::printf("| threads | %d | %d | %d |\n| descriptors | %d | %d | %d |\n", empty.threads, full.threads, end.threads,
                empty.descriptors, full.descriptors, end.descriptors);
    std::printf("\n| | |\n|---|---:|\n| lost calls | %zu |\n| memory by call | %.1f KiB |\n| server CPU by call-second | %.4f ms |\n",
                seen.lost, (full.pss - empty.pss) / static_cast<double>(plan.calls),
                (full.cpu - before.cpu) * 1000.0 / (static_cast<double>(plan.calls) * plan.seconds));
    return finish(seen);
}

int cycle(const Plan& plan, const Sound& sound) {
    const std::string load_before = load_average();
    Crowd crowd(sound, plan.server, Manner::one_typed_turn, plan.silence_ms, 1);
    const auto one = [&] {
        crowd.add();
        while (!crowd.all_done()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    };
    // The first calls make what stays: the io threads' memory, the log's.
    const std::size_t warm = std::min<std::size_t>(plan.calls / 10, 100);
    for (std::size_t i = 0; i < warm; ++i) one();
    const auto began = Clock::now();
    std::printf("| calls | memory (PSS) | threads | descriptors |\n|---:|---:|---:|---:|\n");
    const auto print = [&](std::size_t calls) {
        std::this_thread::sleep_for(milliseconds(500));
        const Usage now = usage_of(plan.pid);
        std::printf("| %zu | %.2f MiB | %d | %d |\n", calls, now.pss / 1024, now.threads, now.descriptors);
        std::fflush(stdout);
        return now;
    };
    const Usage before = print(warm);
    Usage after = before;
    const std::size_t step = std::max<std::size_t>((plan.calls - warm) / 5, 1);
    for (std::size_t calls = warm; calls < plan.calls;) {
        const std::size_t to = std::min(calls + step, plan.calls);
        for (; calls < to; ++calls) one();
        after = print(calls);
    }
    const Seen seen = crowd.seen();
    std::printf("\n%zu calls one after the other, a typed turn each, in %.0f s; %zu lost; server CPU %.2f ms by call; load "
                "average %s before, %s after\n",
                plan.calls, base::seconds(Clock::now() - began), seen.lost,
                (after.cpu - before.cpu) * 1000.0 / static_cast<double>(plan.calls - warm), load_before.c_str(), load_average().c_str());
    return finish(seen);
}

int run(int argc, char** argv) {
    Plan plan;
    std::string host = "127.0.0.1";
    int port = 0;
    std::vector<std::string> server_options;
    CLI::App app{"Hundreds of callers in one program"};
    app.require_subcommand(1);
    app.fallthrough();
    app.add_option("--host", host, "the address of a server that runs already");
    app.add_option("--port", port, "its port");
    app.add_option("--pid", plan.pid, "its process");
    app.add_option("--threads", plan.threads, "threads of the callers")->check(CLI::Range(1, 16));
    app.add_option("--silence-ms", plan.silence_ms, "the silence that ends a turn, as the server has it");
    const auto add = [&](const char* name, const char* what, std::size_t calls, int seconds) {
        CLI::App* command = app.add_subcommand(name, what);
        command->add_option("--calls", plan.calls, "default " + std::to_string(calls));
        if (seconds > 0) command->add_option("--seconds", plan.seconds, "default " + std::to_string(seconds));
        command->add_option("server", server_options, "options of the fake server, after --");
        command->callback([&plan, calls, seconds] {
            if (plan.calls == 0) plan.calls = calls;
            if (plan.seconds == 0) plan.seconds = seconds;
        });
        return command;
    };
    CLI::App* talking = add("talk", "calls that speak and are answered", 200, 600);
    talking->add_flag("--resumable", plan.resumable, "calls that ask to be kept (with -- --redis-port PORT: in Redis)");
    CLI::App* idling = add("idle", "calls that do nothing", 1000, 10);
    add("cycle", "calls one after the other", 10'000, 0);
    CLI11_PARSE(app, argc, argv);

    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::optional<ServerProcess> server;
    if (port == 0) {
        server.emplace((fs::read_symlink("/proc/self/exe").parent_path() / "fake_server").string(), server_options);
        port = server->port();
        plan.pid = server->pid();
    } else if (plan.pid == 0) {
        throw std::runtime_error("with --port, --pid is needed as well");
    }
    plan.server = {asio::ip::make_address(host), static_cast<std::uint16_t>(port)};
    const Sound sound;
    if (talking->parsed()) return talk(plan, sound);
    if (idling->parsed()) return idle(plan, sound);
    return cycle(plan, sound);
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
