// Every input that the fuzzer starts from or once stumbled over, run as a test.
#include "fuzz/jitter_buffer_fuzz.cpp"  // its entry point is all there is in it
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

TEST(JitterBufferCorpus, HoldsForEach) {
    int replayed = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(ANTIPHON_SOURCE_DIR "/tests/fuzz/corpus/jitter_buffer")) {
        SCOPED_TRACE(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
        ++replayed;
    }
    EXPECT_GE(replayed, 35);
}
