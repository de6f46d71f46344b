#include "app/caller_report.hpp"

#include <boost/json.hpp>

#include <cmath>
#include <cstdint>

namespace antiphon::app {
namespace {

namespace json = boost::json;

std::int64_t milliseconds_of(base::Duration duration) { return std::llround(base::seconds(duration) * 1000.0); }

json::value optional_milliseconds(const std::optional<base::Duration>& duration) {
    if (!duration) return nullptr;
    return milliseconds_of(*duration);
}

}  // namespace

std::string latency_line(const CallerTurn& turn) {
    std::string line = "voice to voice: ";
    if (turn.voice_to_voice)
        line += std::to_string(milliseconds_of(*turn.voice_to_voice)) + " ms";
    else if (turn.cut_ins > 0)
        line += "not measured";
    else
        line += "the answer had no audible sound";
    if (turn.cut_ins > 0)
        line += " (answered " + std::to_string(turn.cut_ins) + " time(s) before the question was over)";
    return line;
}

std::string way_line(const CallerWayReport& way) {
    std::string line = "way: ";
    if (way.webrtc) {
        line += "WebRTC";
        if (!way.remote_address.empty()) line += " to " + way.remote_address;
        if (way.websocket) line += ", then the WebSocket";
        const auto& sound = way.line;
        line += "; received " + std::to_string(sound.received) + " packets, " + std::to_string(sound.lost) + " lost (" +
                std::to_string(sound.recovered) + " recovered), " + std::to_string(sound.concealed) +
                " concealed; sent " + std::to_string(sound.sent) + ", " + std::to_string(sound.sent_lost) + " lost";
    } else {
        line += "the WebSocket";
    }
    if (way.falls > 0) line += "; fell back to the WebSocket";
    if (way.returns > 0) line += "; reconnected " + std::to_string(way.returns) + " time(s)";
    return line;
}

std::string turn_as_json(const CallerTurn& turn, int number, base::Duration lateness, const CallerWayReport& way) {
    json::array remarks;
    for (const std::string& remark : turn.remarks) remarks.push_back(json::parse(remark));
    json::object line;
    line["turn"] = number;
    line["kind"] = turn.spoken ? "spoken" : "typed";
    line["question"] = turn.question;
    line["heard"] = turn.heard;
    line["answer"] = turn.answer;
    line["voice_to_voice_ms"] = optional_milliseconds(turn.voice_to_voice);
    line["speech_end_ms"] = milliseconds_of(turn.speech_end);
    line["answer_begin_ms"] = optional_milliseconds(turn.answer_begin);
    line["cut_ins"] = turn.cut_ins;
    line["send_lateness_ms"] = milliseconds_of(lateness);
    line["way"] = way.websocket ? "websocket" : "webrtc";
    line["falls"] = way.falls;
    line["returns"] = way.returns;
    line["packets"] = nullptr;
    if (const auto& sound = way.line; way.webrtc)
        line["packets"] = {{"received", sound.received}, {"lost", sound.lost}, {"recovered", sound.recovered},
                           {"concealed", sound.concealed}, {"sent", sound.sent}, {"sent_lost", sound.sent_lost}};
    line["server"] = std::move(remarks);
    return json::serialize(line);
}

}  // namespace antiphon::app
