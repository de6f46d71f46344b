// What every call shares: the engines, the pools they run on, and the metrics.
//
// thread-safe members; made once by app/engines, outlives every call.
#pragma once

#include "base/workers.hpp"
#include "call/call_metrics.hpp"
#include "engine/language_detector.hpp"
#include "engine/language_model.hpp"
#include "engine/recognizer.hpp"
#include "engine/synthesizer.hpp"
#include "engine/voice_detector.hpp"

#include <string>
#include <vector>

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

    /// Tells in which language somebody speaks, on workers of its own; both null: nobody does, and the recognizer finds
    /// it out for each utterance.
    engine::LanguageDetector* language_detector = nullptr;
    base::Workers* language_workers = nullptr;
    struct Language {
        std::string code;  ///< primary language (BCP 47)
        std::string name;  ///< in English
    };
    /// Those that the detector tells and the recognizer knows.
    std::vector<Language> languages{};
};

}  // namespace antiphon::call
