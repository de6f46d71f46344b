#include "fuzz/corpus_replay.hpp"
#include "fuzz/multipart_fuzz.cpp"  // its entry point is all there is in it

TEST(MultipartCorpus, HoldsForEach) { antiphon::fuzz::replay_corpus("multipart", 20); }
