#include "base/process_figures.hpp"

#include "fakes/scratch_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

namespace antiphon::base {
namespace {

TEST(ProcessFigures, AreThoseOfThisProcess) {
    const ProcessFigures figures = read_process_figures();
    EXPECT_GE(figures.threads, 1);
    EXPECT_GT(figures.resident_bytes, 1e6);
    EXPECT_GT(figures.memory_limit_bytes, figures.resident_bytes);
    EXPECT_GT(figures.virtual_bytes, figures.resident_bytes);
    EXPECT_GE(figures.open_files, 3);
    EXPECT_GT(figures.most_files, figures.open_files);
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    EXPECT_LT(figures.start_seconds, now + 1);
    EXPECT_GT(figures.start_seconds, now - 24 * 3600.0);
}

TEST(ProcessFigures, AProgramsNameMayHoldBlanksAndBrackets) {
    const fakes::ScratchFolder folder;
    folder.write("stat", "7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 250 50 0 0 20 0 9 0 1000 4096000 3 0\nbtime 100\n");
    folder.write("limits", "Max open files            unlimited            unlimited            files\n");
    const ProcessFigures figures = read_process_figures(folder.path(), folder.path());
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    EXPECT_DOUBLE_EQ(figures.cpu_seconds, 300 / ticks);
    EXPECT_EQ(figures.threads, 9);
    EXPECT_DOUBLE_EQ(figures.start_seconds, 100 + 1000 / ticks);
    EXPECT_EQ(figures.virtual_bytes, 4096000);
    EXPECT_EQ(figures.resident_bytes, 3.0 * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    EXPECT_TRUE(std::isinf(figures.most_files));
    EXPECT_EQ(figures.open_files, 0);
}

TEST(ProcessFigures, TheNarrowestGroupLimitsTheMemory) {
    const fakes::ScratchFolder folder;
    const auto limit = [&] { return read_process_figures(folder.path(), folder.path(), folder.path()).memory_limit_bytes; };
    EXPECT_EQ(limit(), 0);
    folder.write("meminfo", "MemTotal:       1000 kB\nMemFree:         10 kB\n");
    EXPECT_EQ(limit(), 1'024'000);
    folder.write("cgroup", "1:memory:/elsewhere\n0::/system.slice/antiphon.service\n");
    folder.write("elsewhere/memory.max", "1\n");
    folder.write("system.slice/antiphon.service/memory.max", "max\n");
    EXPECT_EQ(limit(), 1'024'000);
    folder.write("system.slice/memory.max", "500000\n");
    EXPECT_EQ(limit(), 500'000);
    folder.write("memory.max", "300000\n");
    EXPECT_EQ(limit(), 300'000);
}

TEST(ProcessFigures, WithoutProcTheyAreNothing) {
    const ProcessFigures figures = read_process_figures("/nowhere", "/nowhere", "/nowhere");
    EXPECT_EQ(figures.cpu_seconds, 0);
    EXPECT_EQ(figures.resident_bytes, 0);
    EXPECT_EQ(figures.most_files, 0);
}

}  // namespace
}  // namespace antiphon::base
