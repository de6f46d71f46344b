// A file that goes with the test that made it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace antiphon::fakes {

class ScratchFile {
public:
    /// Named after the running test, with `prefix` before it and `suffix` after it.
    ScratchFile(std::string_view prefix, std::string_view suffix, std::string_view content)
        : path_(std::filesystem::path(testing::TempDir()) /
                (std::string(prefix) + testing::UnitTest::GetInstance()->current_test_info()->name() + std::string(suffix))) {
        std::ofstream(path_, std::ios::binary) << content;
    }
    ~ScratchFile() { std::filesystem::remove(path_); }
    ScratchFile(const ScratchFile&) = delete;
    ScratchFile& operator=(const ScratchFile&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace antiphon::fakes
