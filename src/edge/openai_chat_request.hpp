// Reads the body of POST /v1/chat/completions.
//
// pure.
#pragma once

#include "engine/language_model.hpp"
#include "protocol/fields.hpp"

#include <boost/json.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace antiphon::edge {

struct ChatRequest {
    std::string model;
    engine::GenerationRequest generation;  ///< without a conversation
    bool stream = false;
    bool stream_usage = false;
};

/// None: `fault` says what is wrong. System messages wherever they stand go to the front, as chat templates want
/// it; neighbours of one role become one message. Every call of a tool is answered before anything else is said.
/// `context_tokens`: the most that an answer can have.
std::optional<ChatRequest> read_chat_request(const boost::json::object& body, std::size_t context_tokens,
                                             std::optional<protocol::Fault>& fault);

}  // namespace antiphon::edge
