// The way back to the client of one HTTP request, for answers that take their time.
//
// thread-safe. Either reply() once, or begin(), write() as often as wanted, then end() or abort(). What comes
// after that, or after the client has gone, is dropped. A responder that goes without an answer aborts.
#pragma once

#include "edge/reply.hpp"

#include <functional>
#include <stop_token>
#include <string>

namespace antiphon::edge {

class Responder {
public:
    virtual ~Responder() = default;

    /// A whole answer.
    virtual void reply(Reply whole) = 0;

    /// The head of an answer whose body is made while it is sent; its `body` is not looked at. Sent at once.
    virtual void begin(Reply head) = 0;

    /// The next bytes of the body. They wait in memory for a client that reads slowly: who makes much of them
    /// asks when_drained() in between. Beyond EdgeSettings::max_queued, and when a client reads nothing of what
    /// waits for EdgeSettings::idle_timeout, the connection is cut.
    virtual void write(std::string bytes) = 0;

    /// The body is whole.
    virtual void end() = 0;

    /// The body will not be whole: the connection is cut, so that the client sees it.
    virtual void abort() = 0;

    /// Runs once, on the connection's strand, when less than half of max_queued waits; not at all when the
    /// client has gone.
    virtual void when_drained(std::function<void()> go_on) = 0;

    /// Requested when the client has gone or was cut, and when the server ends: the work is in vain. A client
    /// that closes its sending side has gone as well.
    virtual std::stop_token gone() const = 0;
};

}  // namespace antiphon::edge
