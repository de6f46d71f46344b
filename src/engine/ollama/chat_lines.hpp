// Reads the lines of a streamed answer of /api/chat.
//
// pure; lives as long as one answer.
#pragma once

#include "engine/ollama/forced_call.hpp"
#include "engine/remote_answer.hpp"
#include "engine/remote_server.hpp"

#include <optional>
#include <string_view>

namespace antiphon::engine::ollama {

class ChatLines {
public:
    /// `forced`: the request requires a tool, so what comes is read as its call.
    ChatLines(RemoteAnswer& answer, bool forced) : answer_(answer) {
        if (forced) forced_.emplace(answer);
    }

    /// Takes one line. Fails with what the answer fails with, and `engine` for what is no such line or is an error
    /// that the server tells of in the middle.
    base::Result<LineMeaning> take(std::string_view line);

    /// After the last line.
    base::Result<Generation> finish();

private:
    RemoteAnswer& answer_;
    std::optional<ForcedCall> forced_;
    FinishReason reason_ = FinishReason::stop;
    int prompt_tokens_ = -1;
    int completion_tokens_ = -1;
};

}  // namespace antiphon::engine::ollama
