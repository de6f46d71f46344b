#include "fuzz/corpus_replay.hpp"
#include "fuzz/wav_fuzz.cpp"  // its entry point is all there is in it

TEST(WavCorpus, HoldsForEach) { antiphon::fuzz::replay_corpus("wav", 25); }
