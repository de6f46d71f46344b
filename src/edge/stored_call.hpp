// How a call stands in the session store: its settings and items as JSON, in the words of the Realtime API.
//
// pure. What is read is checked as if a client had sent it: a store may hold what another version, or somebody else,
// has written.
#pragma once

#include "base/result.hpp"
#include "edge/event_map.hpp"
#include "protocol/client_event.hpp"
#include "store/session_store.hpp"
#include "think/item.hpp"
#include "think/rolling_summary.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

/// A call that begins where another process has left it.
struct StoredCall {
    std::string session_id;
    std::string conversation_id;
    std::string agent;  ///< the named one that answered, may be empty
    std::string key;    ///< the name of the key that began it, empty: none
    std::string model;
    protocol::Dialect dialect = protocol::Dialect::ga;
    std::int64_t input_audio_ms = 0;  ///< from where on the caller's sound is to be said again
    std::string last_client_event;    ///< the last that needs not be sent again, may be empty
    protocol::UpdateSession session;  ///< makes the agent's session what it was
    std::vector<think::Item> items;
    think::Summary summary;  ///< of the oldest items; empty also where what is stored of it cannot be read
};

/// `input_audio_ms` and `last_client_event` as Unsaved has them, `key` as StoredCall.
std::string settings_to_store(const WireContext& context, const std::string& key, std::int64_t input_audio_ms,
                              const std::string& last_client_event);

/// An item that is over. Sound whose words are not known is stored as sound without any.
std::string item_to_store(const think::Item& item);

/// Empty when there is none.
std::string summary_to_store(const think::Summary& summary);

/// Fails with `invalid`.
base::Result<StoredCall> read_stored_call(const store::StoredSession& stored);

/// What the store keeps in place of a token: SHA-256, in hexadecimal digits.
std::string token_hash(std::string_view token);

}  // namespace antiphon::edge
