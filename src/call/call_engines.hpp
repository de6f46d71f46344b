// What every call shares: the engines, the pools they run on, and the metrics.
//
// thread-safe members; made once by app/engines, outlives every call.
#pragma once

#include "base/workers.hpp"
#include "call/call_metrics.hpp"
#include "engine/language_model.hpp"
#include "engine/recognizer.hpp"
#include "engine/synthesizer.hpp"
#include "engine/voice_detector.hpp"
#include "think/knowledge.hpp"

namespace antiphon::call {

struct CallEngines {
    engine::VoiceDetector& voice_detector;
    engine::Recognizer& recognizer;
    engine::LanguageModel& language_model;
    engine::Synthesizer& synthesizer;
    base::Workers& recognizer_workers;
    base::Workers& language_model_workers;
    base::Workers& synthesizer_workers;
    CallMetrics& metrics;
    const think::Knowledge* knowledge = nullptr;  ///< null: no documents
};

}  // namespace antiphon::call
