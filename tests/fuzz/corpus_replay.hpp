// Runs every input that a fuzzer starts from or once stumbled over, as a test of its entry point.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "source_folder.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace antiphon::fuzz {

/// The files of tests/fuzz/corpus/NAME, which must be `at_least` so many: an empty folder would hold as well.
inline void replay_corpus(const std::string& name, int at_least) {
    int replayed = 0;
    for (const auto& entry : std::filesystem::directory_iterator(ANTIPHON_SOURCE_DIR "/tests/fuzz/corpus/" + name)) {
        SCOPED_TRACE(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
        ++replayed;
    }
    EXPECT_GE(replayed, at_least);
}

}  // namespace antiphon::fuzz
