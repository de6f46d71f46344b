// One answer, from the first token to the last sound.
//
// strand. Belongs to the Conversation. Behind its closed gate it is a guess: nobody has been told of it,
// and dropping it leaves no trace.
#pragma once

#include "base/ids.hpp"
#include "call/call_event.hpp"
#include "call/turn_marks.hpp"
#include "speak/pacer.hpp"
#include "speak/playout_ledger.hpp"
#include "think/sentence_chunker.hpp"

#include <cstddef>
#include <optional>
#include <string>

namespace antiphon::call {

struct Answer {
    Answer(base::TurnId id, int sample_rate, base::milliseconds lead, const think::ChunkerSettings& chunks)
        : turn(id), chunker(chunks), pacer(sample_rate, lead), rate(sample_rate) {}

    base::TurnId turn;
    Response response;
    think::Item item;             ///< the assistant's; its text is filled in at the end
    bool in_conversation = true;
    bool gate_open = false;
    bool speculated = false;      ///< began behind a closed gate
    bool greets = false;          ///< nobody's turn: the first words of the call

    think::SentenceChunker chunker;
    std::string text;             ///< all text so far, of an answer that does not speak
    std::size_t told = 0;         ///< how much of it was sent
    speak::PlayoutLedger ledger;
    speak::Pacer pacer;
    int rate;                     ///< samples per second of the sound sent
    std::size_t pieces_said = 0;
    std::size_t pieces_spoken = 0;

    bool thought = false;         ///< the language model is done
    std::optional<Usage> usage;
    bool cut_short = false;       ///< by max_output_tokens
    std::string failure;          ///< what went wrong, empty if nothing

    base::Duration busy{};        ///< engine time that went into it
    TurnMarks marks;
};

}  // namespace antiphon::call
