// The terminal caller's WebSocket: messages out, messages in with the time of their arrival.
//
// thread-safe. The socket lives on a thread of its own, so that an arrival is stamped when it happens and
// not when the caller comes to look. Queues are bounded: a server that takes nothing for 20 s of speech,
// or that sends faster than we look by 10000 messages, ends the connection with an error.
#pragma once

#include "app/caller_address.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/tls_relay.hpp"

#include <memory>
#include <optional>
#include <string>

namespace antiphon::app {

class CallerConnection {
public:
    struct Message {
        std::string text;
        base::Time arrived;
    };

    /// Connects and shakes hands; blocks for at most `timeout`. `unavailable` when the server cannot be
    /// reached, is none of `trust` (with https://), or refuses (the text has its message), but `not_found` when it
    /// refuses with 404. `key` is shown to the server; empty: none.
    static base::Result<std::unique_ptr<CallerConnection>> open(const CallerAddress& address, base::Duration timeout,
                                                                const edge::TlsTrust& trust = {},
                                                                const std::string& key = {});

    /// Says goodbye (close code 1000) and waits for the answer for at most a second.
    ~CallerConnection();

    CallerConnection(const CallerConnection&) = delete;
    CallerConnection& operator=(const CallerConnection&) = delete;

    /// Queues one text message. A failure shows at the next receive().
    void send(std::string text);

    /// The next message, or none when there is none by `until`. `unavailable` once the connection is lost
    /// and everything that had arrived has been given out.
    base::Result<std::optional<Message>> receive(base::Time until);

private:
    class Socket;

    explicit CallerConnection(std::unique_ptr<Socket> socket);

    std::unique_ptr<Socket> socket_;
};

}  // namespace antiphon::app
