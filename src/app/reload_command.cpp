#include "app/reload_command.hpp"

#include "app/pid_file.hpp"
#include "base/clock.hpp"

#include <signal.h>

#include <iostream>
#include <thread>
#include <utility>

namespace antiphon::app {
namespace {

constexpr std::chrono::milliseconds kLookAgain{10};

int fail(const std::string& text) {
    std::cerr << "antiphon: " << text << "\n";
    return 1;
}

base::Result<std::filesystem::path> pid_file_of(const ReloadCommand& command) {
    if (command.pid_file) return *command.pid_file;
    auto environment = environment_with_dotenv();
    if (!environment) return environment.error();
    SettingSources sources{
        .file = command.config, .environment = std::move(*environment), .assignments = command.assignments};
    if (command.port) sources.assignments.push_back("server.port=" + std::to_string(*command.port));
    const auto settings = read_settings(sources);
    if (!settings) return settings.error();
    if (!settings->pid_file.empty()) return std::filesystem::path(settings->pid_file);
    if (settings->edge.port != 0) return default_pid_file(settings->edge.port);
    return base::error(base::Errc::invalid,
                       "a server on any free port has no pid file of its own; set server.pid_file");
}

}  // namespace

int run_reload_command(const ReloadCommand& command) {
    const auto path = pid_file_of(command);
    if (!path) return fail(path.error().text);
    const auto server = RunningServer::find(*path);
    if (!server) return fail(server.error().text);
    // An outcome of a reload that began earlier may not have seen what is to be read now.
    const base::Time began = base::Clock::now();
    if (auto sent = server->signal(SIGHUP); !sent) return fail(sent.error().text);
    while (base::Clock::now() < began + command.timeout) {
        if (const auto outcome = server->outcome(); outcome && outcome->began >= began) {
            if (!outcome->done) return fail("the server keeps what it had: " + outcome->text);
            std::cout << outcome->text;
            return 0;
        }
        if (server->ended()) return fail("the server ended before it had read the settings again");
        std::this_thread::sleep_for(kLookAgain);
    }
    return fail("the server said nothing about the reload within " + std::to_string(command.timeout.count()) +
                " s; its log may");
}

}  // namespace antiphon::app
