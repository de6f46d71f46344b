// What the audio m-line of an offer says: codec, direction, feedback, extensions.
//
// pure.
#pragma once

#include "edge/sdp_lines.hpp"
#include "edge/sdp_offer.hpp"

namespace antiphon::edge {

/// Fills the fields of the sound. Fails as read_offer() does.
base::Result<void> read_offered_audio(const SdpText& text, const SdpSection& section, SdpOffer& offer);

}  // namespace antiphon::edge
