// Tells when a decoder has fallen into a loop ("and so and so and so ...").
//
// pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace antiphon::engine::whisper {

/// How many tokens at the end only repeat what stands before them; 0 while the text is going on. A loop
/// is the same run of tokens three times in a row (runs of one or two tokens: five times, since people
/// do say "no no no" and "bye bye"), or a run of six and more twice.
std::size_t repeated_tail(std::span<const std::int32_t> tokens);

}  // namespace antiphon::engine::whisper
