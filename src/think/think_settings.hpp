// The settings of thinking.
//
// pure.
#pragma once

namespace antiphon::think {

struct ThinkSettings {
    int max_tokens = 160;       ///< of one answer, when the session does not say
    float temperature = 0.0F;
    /// Words after which the first piece of an answer is spoken even without a clause mark.
    int first_piece_words = 10;
};

}  // namespace antiphon::think
