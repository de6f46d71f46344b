// A fake_server of our own, and what the system says about a server's process.
//
// Use from one thread. Failures throw std::runtime_error with a sentence: the programs here end with it.
#pragma once

#include "base/clock.hpp"

#include <csignal>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::bench {

namespace fs = std::filesystem;

struct Usage {
    double cpu = 0;  ///< seconds
    double pss = 0;  ///< KiB
    double rss = 0;  ///< KiB
    int threads = 0;
    int descriptors = 0;
};

inline Usage usage_of(pid_t pid) {
    Usage usage;
    const std::string folder = "/proc/" + std::to_string(pid);
    std::ifstream stat(folder + "/stat");
    std::string line;
    std::getline(stat, line);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::vector<std::string> values{std::istream_iterator<std::string>(fields), {}};
    if (values.size() < 18) throw std::runtime_error("the server's process has gone");
    usage.cpu = (std::stod(values[11]) + std::stod(values[12])) / static_cast<double>(sysconf(_SC_CLK_TCK));
    usage.threads = std::stoi(values[17]);
    std::ifstream memory(folder + "/smaps_rollup");
    while (std::getline(memory, line)) {
        if (line.starts_with("Pss:")) usage.pss = std::stod(line.substr(4));
        if (line.starts_with("Rss:")) usage.rss = std::stod(line.substr(4));
    }
    for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder + "/fd")) ++usage.descriptors;
    return usage;
}

/// A fake_server of our own, ended with this object.
class ServerProcess {
public:
    ServerProcess(const std::string& program, std::vector<std::string> options) {
        folder_ = fs::temp_directory_path() / ("antiphon-load-" + std::to_string(getpid()));
        fs::create_directories(folder_);
        const std::string port_file = (folder_ / "port").string();
        options.insert(options.begin(), {program, "--port-file", port_file});
        std::vector<char*> arguments;
        for (std::string& option : options) arguments.push_back(option.data());
        arguments.push_back(nullptr);
        const std::string log = (folder_ / "log").string();
        pid_ = fork();
        if (pid_ == 0) {
            const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
            dup2(out, 2);
            execv(program.c_str(), arguments.data());
            _exit(127);
        }
        for (int i = 0; i < 500 && !fs::exists(port_file); ++i) {
            if (waitpid(pid_, nullptr, WNOHANG) == pid_) break;
            std::this_thread::sleep_for(base::milliseconds(20));
        }
        std::ifstream(port_file) >> port_;
        if (port_ == 0) throw std::runtime_error("the server did not start: see " + log);
    }
    ~ServerProcess() {
        kill(pid_, SIGTERM);
        waitpid(pid_, nullptr, 0);
        std::error_code ignored;
        fs::remove_all(folder_);
    }
    ServerProcess(const ServerProcess&) = delete;
    ServerProcess& operator=(const ServerProcess&) = delete;

    pid_t pid() const { return pid_; }
    int port() const { return port_; }

private:
    fs::path folder_;
    pid_t pid_ = 0;
    int port_ = 0;
};

}  // namespace antiphon::bench
