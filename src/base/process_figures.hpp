// What the system says of this process: time, memory, files.
//
// thread-safe. From /proc (proc(5)); a figure that cannot be read there is 0.
#pragma once

#include <filesystem>

namespace antiphon::base {

struct ProcessFigures {
    double cpu_seconds = 0;      ///< in user and kernel mode, of all threads
    double start_seconds = 0;    ///< since the epoch
    double threads = 0;
    double resident_bytes = 0;
    double virtual_bytes = 0;
    double open_files = 0;
    double most_files = 0;       ///< the soft limit; infinite without one
};

/// `process` and `system` are as /proc/self and /proc are.
ProcessFigures read_process_figures(const std::filesystem::path& process = "/proc/self",
                                    const std::filesystem::path& system = "/proc");

}  // namespace antiphon::base
