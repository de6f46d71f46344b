// Computes one answer of POST /v1/chat/completions and sends it, whole or as server-sent events.
//
// Lives on the thread of the worker that runs it.
#pragma once

#include "edge/openai_chat_request.hpp"
#include "edge/openai_endpoints.hpp"
#include "engine/language_model.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

class ChatAnswer {
public:
    ChatAnswer(ChatRequest request, std::shared_ptr<Responder> responder);

    /// Blocks until the answer has been handed over, or its client has gone. Once.
    void run(engine::LanguageModel& model);

private:
    boost::json::object envelope(std::string_view object) const;
    void take(const engine::Fragment& piece);
    void reply(const engine::Generation& generation);
    void event(const boost::json::value& data);
    void chunk(boost::json::object delta, boost::json::value finish_reason);
    void begin(boost::json::value content);
    void give(const engine::Fragment& piece, bool new_call);
    void finish(const engine::Generation& generation);
    void fail(const base::Error& failure);

    ChatRequest request_;
    const std::shared_ptr<Responder> responder_;
    const std::string id_;
    const std::int64_t created_;  ///< Unix time in seconds
    std::string text_;
    std::vector<engine::ToolCall> calls_;
    bool begun_ = false;
};

}  // namespace antiphon::edge
