#include "base/process_figures.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace antiphon::base {
namespace {

// Where the fields of stat stand behind the program's name, which may hold blanks and brackets itself: proc(5)
// counts them from 1, and the first behind the name is the third.
constexpr std::size_t kUserTime = 14 - 3;
constexpr std::size_t kKernelTime = 15 - 3;
constexpr std::size_t kThreads = 20 - 3;
constexpr std::size_t kStartTime = 22 - 3;
constexpr std::size_t kVirtualBytes = 23 - 3;
constexpr std::size_t kResidentPages = 24 - 3;

std::string content(const std::filesystem::path& file) {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The number behind `name` at the beginning of one of the file's lines.
double number_of(const std::filesystem::path& file, const std::string& name) {
    std::istringstream lines(content(file));
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(name, 0) != 0) continue;
        std::istringstream rest(line.substr(name.size()));
        if (double number = 0; rest >> number) return number;
        return std::numeric_limits<double>::infinity();
    }
    return 0;
}

double memory_limit(const std::filesystem::path& process, const std::filesystem::path& system,
                    const std::filesystem::path& groups) {
    constexpr double kKibibyte = 1024;
    double limit = number_of(system / "meminfo", "MemTotal:") * kKibibyte;
    std::istringstream lines(content(process / "cgroup"));
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind("0::/", 0) != 0) continue;  // the others are of version 1
        // Each group around this one may be narrower. In a container the path begins at its own.
        for (std::filesystem::path group = line.substr(4);; group = group.parent_path()) {
            if (const double bytes = number_of(groups / group / "memory.max", ""); bytes > 0)
                limit = limit > 0 ? std::min(limit, bytes) : bytes;
            if (group.empty()) break;
        }
    }
    return limit;
}

}  // namespace

ProcessFigures read_process_figures(const std::filesystem::path& process, const std::filesystem::path& system,
                                    const std::filesystem::path& groups) {
    ProcessFigures figures;
    const std::string stat = content(process / "stat");
    std::vector<double> fields;
    if (const auto name_end = stat.rfind(')'); name_end != std::string::npos) {
        std::istringstream rest(stat.substr(name_end + 1));
        std::string state;
        rest >> state;
        fields.push_back(0);
        for (double field = 0; rest >> field;) fields.push_back(field);
    }
    if (fields.size() > kResidentPages) {
        const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
        figures.cpu_seconds = (fields[kUserTime] + fields[kKernelTime]) / ticks;
        figures.threads = fields[kThreads];
        figures.start_seconds = number_of(system / "stat", "btime ") + fields[kStartTime] / ticks;
        figures.virtual_bytes = fields[kVirtualBytes];
        figures.resident_bytes = fields[kResidentPages] * static_cast<double>(::sysconf(_SC_PAGESIZE));
    }
    figures.memory_limit_bytes = memory_limit(process, system, groups);
    figures.most_files = number_of(process / "limits", "Max open files");
    std::error_code failure;
    for (std::filesystem::directory_iterator each(process / "fd", failure), end; !failure && each != end;
         each.increment(failure))
        ++figures.open_files;
    return figures;
}

}  // namespace antiphon::base
