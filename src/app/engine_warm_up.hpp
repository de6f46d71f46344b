// The first use of each engine, made before the first caller's: it touches the weights, allocates what
// is allocated once, and shows that the engine works.
//
// pure, but for the engines and a line in the log that says how long each took (engine.warmed). Each fails as the
// engine does.
#pragma once

#include "audio/pcm.hpp"
#include "base/result.hpp"
#include "engine/embedder.hpp"
#include "engine/language_detector.hpp"
#include "engine/language_model.hpp"
#include "engine/recognizer.hpp"
#include "engine/synthesizer.hpp"

#include <stop_token>
#include <string>

namespace antiphon::app {

/// Speaks a greeting; the sound is what the recognizer is warmed up with.
base::Result<audio::Pcm> warm_up(engine::Synthesizer& synthesizer, std::stop_token stop);

/// Recognizes the sound. What it understood is not judged: the voice may speak another language.
base::Result<void> warm_up(engine::Recognizer& recognizer, const audio::Pcm& sound, std::stop_token stop);

/// Answers one word under the instructions, which are then read for every call to come.
base::Result<void> warm_up(engine::LanguageModel& model, const std::string& instructions, std::stop_token stop);

/// Embeds one word.
base::Result<void> warm_up(engine::Embedder& embedder, std::stop_token stop);

/// Tells the language of the sound; which it finds is not judged.
base::Result<void> warm_up(engine::LanguageDetector& detector, const audio::Pcm& sound, std::stop_token stop);

/// Whether the recognizer can be asked for words of that language (BCP 47).
bool knows_language(engine::Recognizer& recognizer, const std::string& language);

}  // namespace antiphon::app
