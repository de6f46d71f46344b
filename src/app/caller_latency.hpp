// Where speech ends and where an answer begins, found on the waveform.
//
// pure. Both rules look at 10 ms windows that advance by 1 ms. A window is audible when its RMS is above
// -45 dBFS; within an audible window the sample is taken that is itself above that level, so that the
// window's width does not shift the result in our favour.
#pragma once

#include "audio/pcm.hpp"

#include <cstddef>
#include <optional>

namespace antiphon::app {

/// The last sample of speech: in the last audible window that is also within 35 dB of the loudest
/// window (so that a recording's own noise does not count as speech). None: nothing is audible.
std::optional<std::size_t> last_speech_sample(const audio::Pcm& sound);

/// The first sample of sound at or after `from`, with three audible windows in a row from there on (30 ms,
/// so that a click does not count). None: there is none.
std::optional<std::size_t> first_audible_sample(const audio::Pcm& sound, std::size_t from);

}  // namespace antiphon::app
