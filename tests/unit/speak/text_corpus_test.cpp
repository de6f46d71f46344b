#include "fuzz/corpus_replay.hpp"
#include "fuzz/speech_text_fuzz.cpp"  // its entry point is all there is in it

TEST(SpeechTextCorpus, every_input_gives_something_speakable) { antiphon::fuzz::replay_corpus("speech_text", 20); }
