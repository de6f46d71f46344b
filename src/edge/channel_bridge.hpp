// Lets a channel be used from another strand than its own: a client that comes back has a new socket, with a strand of
// its own, and its call lives on.
//
// Each side sees the contract of message_channel.hpp on its own strand; what is said goes to the other by posts, in
// order. As the other side may be at work meanwhile, messages may still come for a moment after a close().
#pragma once

#include "base/strand.hpp"
#include "edge/message_channel.hpp"

#include <functional>
#include <memory>

namespace antiphon::edge {

/// The user for `channel`, to be called on the channel's strand. `make_user` is called once, on the user's strand and
/// before opened(), with a channel that is to be used there; the user it gives is let go of there after ended().
std::shared_ptr<ChannelUser> bridge_channel(
    std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> channel_strand,
    std::shared_ptr<base::Strand> user_strand,
    std::function<std::shared_ptr<ChannelUser>(std::shared_ptr<MessageChannel>)> make_user);

}  // namespace antiphon::edge
