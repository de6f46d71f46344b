// The voices that speak: Piper's, the Edge service's, espeak-ng's, in the order that the settings give them.
//
// On the loading thread. Which voice speaks an utterance is decided by engine::VoiceChoice (docs/voices.md).
#pragma once

#include "app/model_choice.hpp"
#include "app/settings.hpp"
#include "base/result.hpp"
#include "engine/model_store.hpp"
#include "engine/voice_choice.hpp"

#include <memory>
#include <stop_token>

namespace antiphon::app {

/// By synthesizer.backend. `threads` are those of one Piper voice at work. Fails as the engines do when one that is
/// needed cannot be opened, and with `cancelled`.
base::Result<std::unique_ptr<engine::VoiceChoice>> open_voices(const EngineSettings& settings, const ModelChoice& models,
                                                               int threads, engine::ModelStore& store,
                                                               const std::stop_token& stop);

}  // namespace antiphon::app
