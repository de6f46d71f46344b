// One utterance through Whisper: encoded once, its language found if need be, decoded greedily.
//
// This runs the library's encoder and decoder step by step instead of calling whisper_full: that one
// encodes twice when it has to find the language (and the first time with the full window), cannot be
// told that a text repeats itself, and looks for "nobody speaks" at the wrong token.
#pragma once

#include "base/result.hpp"
#include "engine/whisper/model.hpp"

#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine::whisper {

struct Listening {
    int language = -1;  ///< Whisper's id; -1: find out
    std::vector<whisper_token> hint;
    int window = 0;        ///< encoder frames
    int token_budget = 0;  ///< see window.hpp
    int threads = 1;
};

enum class Ending {
    finished,   ///< the model said that the text ends
    repeated,   ///< cut where the model began to repeat itself
    exhausted,  ///< more tokens than anybody says in that time
};

struct Heard {
    std::string text;  ///< as the model wrote it
    int tokens = 0;    ///< of the text
    Ending ending = Ending::finished;
    int language = 0;              ///< Whisper's id
    float no_speech = 0.0F;        ///< probability of the "no speech" token at the start of the transcript
    float mean_probability = 0.0F; ///< of the text's tokens, 0..1; 0 without text
    float mean_log_probability = 0.0F;
};

/// Recognizes 16 kHz samples, at least kShortestSound of them. Between the steps it looks at `stop`;
/// the encoder itself cannot be interrupted. Fails with `cancelled` or `engine`.
base::Result<Heard> hear(const Model& model, whisper_state& state, std::span<const float> samples,
                         const Listening& listening, const std::stop_token& stop);

/// The probabilities of the model's languages, by Whisper's ids, together 1: one look at 16 kHz samples, at least
/// kShortestSound of them, through a window of so many encoder frames. whisper_lang_auto_detect is not used: it takes
/// the library's list of languages for the model's, and so reads "transcribe this" as a language of older models. Looks
/// at `stop` between the steps. Fails with `cancelled` or `engine`.
base::Result<std::vector<float>> language_probabilities(const Model& model, whisper_state& state,
                                                        std::span<const float> samples, const Listening& listening,
                                                        const std::stop_token& stop);

}  // namespace antiphon::engine::whisper
