#include "engine/child_process.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <string_view>
#include <thread>

namespace antiphon::engine {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr int kTicksToEnd = 100;  // five seconds to end in order, then it is killed

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));  // exec's old signature
    list.push_back(nullptr);
    return list;
}

std::vector<std::string> environment_with(const std::vector<std::pair<std::string, std::string>>& extra) {
    std::vector<std::string> all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view name = std::string_view(*entry).substr(0, std::string_view(*entry).find('='));
        bool replaced = false;
        for (const auto& [other, value] : extra) replaced = replaced || name == other;
        if (!replaced) all.emplace_back(*entry);
    }
    for (const auto& [name, value] : extra) all.push_back(name + "=" + value);
    return all;
}

}  // namespace

base::Result<int> run(const Program& program, const std::function<void()>& tick, const std::stop_token& stop) {
    const std::vector<std::string> environment = environment_with(program.environment);
    ::posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, program.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC,
                                       0644);
    ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
    ::pid_t child = 0;
    const int fault = ::posix_spawnp(&child, program.arguments.front().c_str(), &files, nullptr,
                                     pointers(program.arguments).data(), pointers(environment).data());
    ::posix_spawn_file_actions_destroy(&files);
    if (fault != 0)
        return base::error(base::Errc::unavailable,
                           "cannot start " + program.arguments.front() + ": " + std::strerror(fault));

    int ticks_since_stop = 0;
    for (;;) {
        int status = 0;
        const ::pid_t ended = ::waitpid(child, &status, WNOHANG);
        if (ended == child) {
            if (stop.stop_requested())
                return base::error(base::Errc::cancelled, program.arguments.front() + " was stopped");
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        }
        if (ended < 0 && errno != EINTR)
            return base::error(base::Errc::unavailable, program.arguments.front() + " got lost");
        if (stop.stop_requested()) {
            if (ticks_since_stop == 0) ::kill(child, SIGTERM);
            if (ticks_since_stop == kTicksToEnd) ::kill(child, SIGKILL);
            ++ticks_since_stop;
        }
        if (tick) tick();
        std::this_thread::sleep_for(kTick);
    }
}

}  // namespace antiphon::engine
