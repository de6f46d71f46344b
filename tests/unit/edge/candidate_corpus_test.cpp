// Every input that the fuzzer starts from or once stumbled over, run as a test.
#define LLVMFuzzerTestOneInput fuzz_candidate  // there is one such entry for each fuzzer in this program
#include "fuzz/candidate_fuzz.cpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

TEST(CandidateCorpus, HoldsForEach) {
    int replayed = 0;
    for (const auto& entry : std::filesystem::directory_iterator(ANTIPHON_SOURCE_DIR "/tests/fuzz/corpus/candidate")) {
        SCOPED_TRACE(entry.path());
        std::ifstream file(entry.path(), std::ios::binary);
        const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
        EXPECT_EQ(fuzz_candidate(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()), 0);
        ++replayed;
    }
    EXPECT_GE(replayed, 20);
}
