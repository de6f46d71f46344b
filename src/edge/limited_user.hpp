// Stands before the user of a channel and lets it hear no more than the limits allow.
//
// strand, as the channel that is watched. Above the limits the client gets an `error` event, `rate_limit_exceeded`, which
// says whether it is the connection's limit or its key's, and what it sends is dropped; if it goes on, the channel is
// closed with 1008.
#pragma once

#include "base/metrics.hpp"
#include "base/strand.hpp"
#include "edge/message_channel.hpp"
#include "edge/message_limits.hpp"
#include "edge/services.hpp"

#include <memory>
#include <string>

namespace antiphon::edge {

/// The user for `channel`, on `strand`. Gives `user` itself where nothing is limited. `metrics` counts what is dropped,
/// and must outlive the channel.
std::shared_ptr<ChannelUser> limit_messages(const MessageLimits& limits, base::Metrics& metrics,
                                            std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand,
                                            std::shared_ptr<ChannelUser> user);

/// The same by the access rules of now, if there are any. `key` is the name of the key whose call it is; empty: none.
std::shared_ptr<ChannelUser> limit_messages(const Services& services, const std::string& key,
                                            std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand,
                                            std::shared_ptr<ChannelUser> user);

}  // namespace antiphon::edge
