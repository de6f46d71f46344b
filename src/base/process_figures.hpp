// What the system says of this process: time, memory, files.
//
// thread-safe. From /proc (proc(5)) and the control groups (cgroup v2); a figure that cannot be read there is 0.
#pragma once

#include <filesystem>

namespace antiphon::base {

struct ProcessFigures {
    double cpu_seconds = 0;      ///< in user and kernel mode, of all threads
    double start_seconds = 0;    ///< since the epoch
    double threads = 0;
    double resident_bytes = 0;
    double virtual_bytes = 0;
    double memory_limit_bytes = 0;  ///< of the machine, or of the narrowest control group around the process
    double open_files = 0;
    double most_files = 0;       ///< the soft limit; infinite without one
};

/// `process`, `system` and `groups` are as /proc/self, /proc and /sys/fs/cgroup are.
ProcessFigures read_process_figures(const std::filesystem::path& process = "/proc/self",
                                    const std::filesystem::path& system = "/proc",
                                    const std::filesystem::path& groups = "/sys/fs/cgroup");

}  // namespace antiphon::base
