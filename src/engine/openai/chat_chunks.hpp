// Reads the server-sent events of a streamed chat completion.
//
// pure; lives as long as one answer.
#pragma once

#include "engine/remote_answer.hpp"
#include "engine/remote_server.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace antiphon::engine::openai {

class ChatChunks {
public:
    explicit ChatChunks(RemoteAnswer& answer) : answer_(answer) {}

    /// Takes one line. Fails with what the answer fails with, `engine` for what is no chunk or is an error that the
    /// server tells of in the middle.
    base::Result<LineMeaning> take(std::string_view line);

    /// The server has said why the answer ended: some then close without "[DONE]".
    bool complete() const noexcept { return reason_.has_value(); }

    /// After the last line.
    base::Result<Generation> finish();

private:
    base::Result<LineMeaning> take_chunk(std::string_view text);

    RemoteAnswer& answer_;
    std::optional<std::size_t> call_;  ///< the server's number of the call under way
    std::optional<FinishReason> reason_;
    int prompt_tokens_ = -1;
    int cached_tokens_ = 0;
    int completion_tokens_ = -1;
};

}  // namespace antiphon::engine::openai
