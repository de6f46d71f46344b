// When each stage of one turn was reached, and how much engine time went into it.
//
// pure.
#pragma once

#include "base/clock.hpp"
#include "call/call_event.hpp"
#include "call/call_metrics.hpp"

#include <optional>

namespace antiphon::call {

struct TurnMarks {
    std::optional<base::Time> speech_end;  ///< none: the turn was typed or committed by the client
    std::optional<base::Time> transcript;
    std::optional<base::Time> first_token;
    std::optional<base::Time> first_clause;
    std::optional<base::Time> first_sound;
    std::optional<base::Time> turn_end;
    std::optional<base::Time> first_audio;

    /// Sets the mark unless it has been set.
    static void mark(std::optional<base::Time>& at, base::Time now) {
        if (!at) at = now;
    }

    /// The seconds from the end of speech (else from the turn's end) to each mark.
    TurnMeasured measured(std::string response_id, bool speculated) const;
};

/// Enters the turn's stages into the histograms.
void observe(const TurnMeasured& turn, CallMetrics& metrics);

}  // namespace antiphon::call
