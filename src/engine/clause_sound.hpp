// What a voice gives for a clause, made ready to be played after other pieces: even loudness, no silence before,
// a pause after.
//
// pure.
#pragma once

#include "base/clock.hpp"

#include <span>
#include <vector>

namespace antiphon::engine {

struct ClauseShape {
    float loudness_dbfs = -20.0F;   ///< of the voiced parts
    float most_gain_db = 15.0F;     ///< up or down
    float peak = 0.95F;             ///< the gain never lifts a sample above this
    base::milliseconds pause{100};  ///< what follows the last sound
};

/// The pause that a clause's mark asks for: . ! ? 150 ms, ; : 120 ms, a comma 90 ms, none (0) 40 ms, divided by
/// the speed.
base::milliseconds pause_after(char32_t mark, float speed);

/// The level of the voiced parts: frames of 20 ms every 10 ms; of those above -60 dBFS the mean power
/// P1; of those within 10 dB of P1 the mean power P2; the loudness is 10 log10 P2. The two gates are
/// those of ITU-R BS.1770, without its frequency weighting. -120 if no frame passes.
float voiced_level_dbfs(std::span<const float> samples, int sample_rate);

/// 1. Gain g = 10^(clamp(loudness_dbfs - L, -most_gain_db, +most_gain_db) / 20), where L is the voiced
///    level, then at most peak / max|x|: linear, so nothing clips.
/// 2. Silence is what lies below -45 dBFS in windows of 5 ms. Before the first louder window 10 ms stay,
///    faded in; after the last one `pause` stays, faded out over its first 30 ms at the latest and silent
///    then, made longer where the model gave less.
/// Empty if no window is louder.
std::vector<float> shape_clause(std::span<const float> samples, int sample_rate, const ClauseShape& shape);

}  // namespace antiphon::engine
