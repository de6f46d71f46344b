#include "fuzz/corpus_replay.hpp"
#include "fuzz/decode_fuzz.cpp"  // its entry point is all there is in it

TEST(DecodeCorpus, gives_an_event_or_a_refusal_for_each) { antiphon::fuzz::replay_corpus("decode", 45); }
