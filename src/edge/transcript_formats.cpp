#include "edge/transcript_formats.hpp"

#include <boost/json.hpp>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

constexpr std::array<std::pair<std::string_view, TranscriptFormat>, 5> kFormats{{
    {"json", TranscriptFormat::json},
    {"text", TranscriptFormat::text},
    {"verbose_json", TranscriptFormat::verbose_json},
    {"srt", TranscriptFormat::srt},
    {"vtt", TranscriptFormat::vtt},
}};

/// 00:00:00,000 (SubRip) or 00:00:00.000 (WebVTT).
std::string clock_time(base::Duration at, char point) {
    const long long ms = std::llround(base::seconds(at) * 1000.0);
    std::array<char, 40> text{};
    std::snprintf(text.data(), text.size(), "%02lld:%02lld:%02lld%c%03lld", ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, point,
                  ms % 1000);
    return text.data();
}

double compression_ratio(const std::string& text) {
    uLongf size = compressBound(static_cast<uLong>(text.size()));
    std::vector<Bytef> packed(size);
    compress(packed.data(), &size, reinterpret_cast<const Bytef*>(text.data()), static_cast<uLong>(text.size()));
    return static_cast<double>(text.size()) / static_cast<double>(size);
}

json::object usage_of(const listen::RecordingWords& words) {
    return {{"type", "duration"}, {"seconds", static_cast<std::int64_t>(std::ceil(base::seconds(words.duration)))}};
}

json::object verbose(const listen::RecordingWords& words, float temperature) {
    json::array segments;
    for (const auto& segment : words.segments)
        segments.push_back(json::object{{"id", segments.size()},
                                        {"seek", 0},
                                        {"start", base::seconds(segment.start)},
                                        {"end", base::seconds(segment.end)},
                                        {"text", segment.text},
                                        {"tokens", json::array()},
                                        {"temperature", temperature},
                                        {"avg_logprob", std::log(std::max(segment.confidence, 1e-6F))},
                                        {"compression_ratio", compression_ratio(segment.text)},
                                        {"no_speech_prob", 1.0F - segment.speech}});
    return {{"task", "transcribe"},
            {"language", words.language},
            {"duration", base::seconds(words.duration)},
            {"text", words.text},
            {"segments", std::move(segments)},
            {"usage", usage_of(words)}};
}

std::string captions(const listen::RecordingWords& words, bool numbered, char point) {
    std::string text;
    std::size_t number = 0;
    for (const auto& segment : words.segments) {
        if (numbered) text += std::to_string(++number) + "\n";
        text += clock_time(segment.start, point) + " --> " + clock_time(segment.end, point) + "\n" + segment.text + "\n\n";
    }
    return text;
}

}  // namespace

std::optional<TranscriptFormat> transcript_format(std::string_view name) {
    for (const auto& [known, format] : kFormats)
        if (known == name) return format;
    return std::nullopt;
}

Reply transcript_reply(const listen::RecordingWords& words, TranscriptFormat format, float temperature) {
    constexpr auto kText = "text/plain; charset=utf-8";
    switch (format) {
        case TranscriptFormat::text: return {200, kText, words.text + "\n"};
        case TranscriptFormat::srt: return {200, kText, captions(words, true, ',')};
        case TranscriptFormat::vtt: return {200, "text/vtt; charset=utf-8", "WEBVTT\n\n" + captions(words, false, '.')};
        case TranscriptFormat::verbose_json: return {200, "application/json", json::serialize(verbose(words, temperature))};
        case TranscriptFormat::json: break;
    }
    return {200, "application/json", json::serialize(json::object{{"text", words.text}, {"usage", usage_of(words)}})};
}

}  // namespace antiphon::edge
