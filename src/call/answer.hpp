// One answer, from the first token to the last sound.
//
// strand. Belongs to the Conversation. Behind its closed gate it is a guess: nobody has been told of it,
// and dropping it leaves no trace. Its output is a message, if it has words, and then the calls of tools.
#pragma once

#include "base/ids.hpp"
#include "base/utf8.hpp"
#include "call/call_event.hpp"
#include "call/turn_marks.hpp"
#include "speak/pacer.hpp"
#include "speak/playout_ledger.hpp"
#include "think/sentence_chunker.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::call {

/// A call of a tool, while the model writes it.
struct AnswerCall {
    think::Item item;      ///< its arguments grow
    std::size_t told = 0;  ///< how many bytes of them were sent
    bool announced = false;
    int output_index = 0;  ///< once announced
    bool whole = false;    ///< the arguments have come to their end
    bool over = false;     ///< OutputItemDone was sent
};

struct Answer {
    Answer(base::TurnId id, int sample_rate, base::milliseconds lead, const think::ChunkerSettings& chunks,
           double samples_per_letter)
        : turn(id), chunker(chunks), ledger(samples_per_letter), pacer(sample_rate, lead), rate(sample_rate) {}

    base::TurnId turn;
    Response response;
    bool gate_open = false;
    bool speculated = false;       ///< began behind a closed gate
    bool after_silence = false;    ///< the assistant spoke up by itself
    bool greets = false;           ///< nobody's turn: the first words of the call

    think::Item message;           ///< the assistant's words; its text is filled in at the end
    bool message_told = false;     ///< announced, with its first words
    bool message_over = false;     ///< OutputItemDone was sent
    std::vector<AnswerCall> calls;

    think::SentenceChunker chunker;
    std::string text;              ///< all words so far
    std::size_t told = 0;          ///< how much of them was sent, of an answer that does not speak
    speak::PlayoutLedger ledger;
    speak::Pacer pacer;
    int rate;                      ///< samples per second of the sound sent
    std::size_t pieces_said = 0;
    std::size_t pieces_spoken = 0;
    bool sounding = false;         ///< OutputSoundStarted was sent, and its end not yet

    std::string language{};        ///< it is spoken in, BCP 47; empty: nobody knows
    bool thought = false;          ///< the language model is done
    std::optional<Usage> usage;
    bool cut_short = false;        ///< by max_output_tokens
    std::string failure;           ///< what went wrong, empty if nothing

    base::Duration busy{};         ///< engine time that went into it
    TurnMarks marks;

    bool has_words() const { return !base::trimmed(text).empty(); }
    /// No more words will come.
    bool words_over() const { return thought || !calls.empty(); }
    bool all_spoken() const { return words_over() && pieces_spoken == pieces_said; }
};

}  // namespace antiphon::call
