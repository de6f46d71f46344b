// The nested objects of client events, one reader each. Inside this room only.
//
// pure. Each reads what `fields` holds and leaves a fault there if something is wrong; the value returned
// then does not count.
#pragma once

#include "protocol/client_event.hpp"
#include "protocol/fields.hpp"

namespace antiphon::protocol {

SessionChanges decode_session(const Fields& fields);
CreateResponse decode_response(const Fields& fields);

/// `may_refer`: whether it may be a reference to an item of the conversation.
Item decode_item(const Fields& fields, bool may_refer);
std::vector<Item> decode_input_items(const Fields& fields);

// What a session and a single response have in common, and what both dialects write alike. `key` is the field's
// name in the dialect.
std::optional<std::optional<int>> decode_max_output_tokens(const Fields& fields, std::string_view key);
std::optional<std::string> decode_voice(const Fields& fields);
std::string decode_metadata(const Fields& fields);
void refuse_prompt(const Fields& fields);

std::optional<std::vector<Tool>> decode_tools(const Fields& fields);
std::optional<ToolChoice> decode_tool_choice(const Fields& fields);

std::optional<TurnDetectionChanges> decode_turn_detection(const Fields& parent);
std::optional<TranscriptionChanges> decode_transcription(const Fields& parent, std::string_view key);
std::optional<std::string> decode_noise_reduction(const Fields& parent, std::string_view key);
std::optional<std::string> decode_tracing(const Fields& fields);
std::optional<std::string> decode_include(const Fields& fields);
std::optional<std::string> decode_reasoning(const Fields& fields);
void decode_antiphon(const Fields& parent, SessionChanges& changes);

/// Fields of the beta dialect: see beta_decode.cpp.
SessionChanges decode_beta_session(const Fields& fields);
CreateResponse decode_beta_response(const Fields& fields);

}  // namespace antiphon::protocol
