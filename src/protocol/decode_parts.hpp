// The nested objects of client events, one reader each. Inside this room only.
//
// pure. Each reads what `fields` holds and leaves a fault there if something is wrong; the value returned
// then does not count.
#pragma once

#include "protocol/client_event.hpp"
#include "protocol/fields.hpp"

namespace antiphon::protocol {

SessionChanges decode_session(const Fields& fields);
Item decode_item(const Fields& fields);
CreateResponse decode_response(const Fields& fields);

/// Fields that a session and a single response have in common.
std::optional<bool> decode_modalities(const Fields& fields);
std::optional<std::optional<int>> decode_max_output_tokens(const Fields& fields);
void refuse_tools(const Fields& fields);
/// The rate of an audio format; none if the field is absent.
std::optional<int> decode_format(const Fields& parent);

}  // namespace antiphon::protocol
