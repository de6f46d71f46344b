// One call over WebRTC that asks spoken questions of a real server and listens to the answers.
#pragma once

#include "bench/rtc_crowd.hpp"
#include "network/impairment.hpp"

#include <string>
#include <vector>

namespace antiphon::bench {

struct AskPlan {
    RtcServer server;
    network::Settings network;
    std::vector<std::string> files;
};

/// Prints a line of JSON for each question, with the fields of `antiphon call --json` that voice_to_voice.py reads. 0 when
/// all were answered, else 1. Throws std::runtime_error.
int run_questions(const AskPlan& plan);

}  // namespace antiphon::bench
