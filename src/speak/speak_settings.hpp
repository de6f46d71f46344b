// The settings of speaking.
//
// pure.
#pragma once

#include "base/clock.hpp"

namespace antiphon::speak {

struct SpeakSettings {
    /// How far ahead of real time sound is sent, so that a late packet is not heard.
    base::milliseconds lead{150};
    /// Sound made but not yet sent; the synthesizer waits beyond it.
    base::milliseconds max_ahead{10'000};
};

}  // namespace antiphon::speak
