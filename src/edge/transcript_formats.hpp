// A recording's words in the forms of OpenAI's transcription endpoint.
//
// pure. Times of SubRip and WebVTT are rounded to milliseconds.
#pragma once

#include "edge/reply.hpp"
#include "listen/recording.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace antiphon::edge {

enum class TranscriptFormat { json, text, verbose_json, srt, vtt };

/// "json", "text", "verbose_json", "srt", "vtt"; none for another name.
std::optional<TranscriptFormat> transcript_format(std::string_view name);

/// The whole answer. In verbose_json a segment's avg_logprob is the logarithm of the mean probability of its
/// tokens, no_speech_prob is one minus the voice detector's mean over it, compression_ratio is of its text by
/// zlib, and `tokens` is empty: the recognizer keeps them to itself.
Reply transcript_reply(const listen::RecordingWords& words, TranscriptFormat format, float temperature);

}  // namespace antiphon::edge
