// `antiphon call`: a caller without a microphone. It speaks WAV files to a server in real time, or types,
// prints the captions of both sides, and measures each answer's delay as a person would hear it.
//
// strand: runs on the calling thread until the call is over. Speaks only the public protocol, so it
// works against any server of the Realtime API.
#pragma once

#include "app/caller_ways.hpp"
#include "base/clock.hpp"
#include "edge/tls_relay.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::app {

struct CallCommand {
    std::vector<std::filesystem::path> wavs;  ///< spoken in order, one turn each; each waits for its answer
    std::vector<std::string> texts;           ///< typed in order, before the spoken ones
    std::filesystem::path out;                ///< 2-channel WAV: sent, played; empty: none
    std::string server = "http://127.0.0.1:8080";
    edge::TlsTrust trust;                       ///< of a server at https://
    std::string key;                            ///< of a server that asks for one
    CallerTransport transport = CallerTransport::automatic;
    base::milliseconds fallback{3000};          ///< for sound to flow over WebRTC
    std::optional<base::milliseconds> silence;  ///< that ends a turn; none: the server's setting
    bool json = false;                          ///< one JSON object per turn instead of captions
    std::chrono::seconds timeout{30};           ///< to connect, and without any sign of an answer
};

/// Makes the call. Gives the exit code: 0 when each turn was answered; 1 when something failed, after
/// one clear sentence on standard error; 130 when Ctrl-C ended it.
int run_call_command(const CallCommand& command);

}  // namespace antiphon::app
