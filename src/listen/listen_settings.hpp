// The settings of hearing.
//
// pure.
#pragma once

#include "base/clock.hpp"

namespace antiphon::listen {

struct ListenSettings {
    /// Silence after speech that is taken as the hint of a pause: speculation begins here.
    base::milliseconds pause_hint{120};
    /// Speech that is needed to begin a turn; while the assistant speaks, to interrupt it.
    base::milliseconds min_speech{64};
    base::milliseconds min_interruption{192};
    /// A turn that lasts longer than this is ended, and sound held longer than this is dropped.
    base::milliseconds max_utterance{120'000};
    /// How often the words so far are recognized while the caller still speaks, for clients that want it.
    base::milliseconds partial_interval{800};
};

}  // namespace antiphon::listen
