// How the samples of a sound are written as bytes on the wire.
//
// pure.
#pragma once

namespace antiphon::audio {

enum class Encoding {
    pcm16,  ///< signed 16 bit, little-endian ("audio/pcm")
    mulaw,  ///< G.711, one byte a sample ("audio/pcmu")
    alaw,   ///< G.711, one byte a sample ("audio/pcma")
};

}  // namespace antiphon::audio
