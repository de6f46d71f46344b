// Accepts connections and gives each its session: pages and answers over HTTP, calls over WebSocket.
//
// thread-safe.
#pragma once

#include "base/clock.hpp"
#include "base/io_loops.hpp"
#include "base/result.hpp"
#include "edge/edge_settings.hpp"
#include "edge/services.hpp"

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <memory>

namespace antiphon::edge {

class HttpListener {
public:
    /// Binds, accepts on the first loop and spreads the connections over all of them. `unavailable` when the port is
    /// taken (it is never shared with another process) or the address is not ours. `services` must outlive the
    /// loops' run.
    static base::Result<std::unique_ptr<HttpListener>> open(base::IoLoops& loops, const EdgeSettings& settings,
                                                            const Services& services);
    /// The same on one io_context, however many threads run it.
    static base::Result<std::unique_ptr<HttpListener>> open(boost::asio::io_context& io, const EdgeSettings& settings,
                                                            const Services& services);
    virtual ~HttpListener() = default;

    /// The port it listens on, also when the settings said 0.
    virtual std::uint16_t port() const = 0;

    /// Calls end as soon as nothing of them is cut off, those that are resumable with what they are kept in the store,
    /// and all others after `within`; until then everything but new calls is answered, which the caller refuses
    /// (CallRegistry::close). When no call is left nothing more is accepted, requests that are under way get their
    /// answers, and with the last of them, or after `within`, comes close(). Returns at once.
    virtual void drain(base::milliseconds within) = 0;

    /// Accepts no more, ends every call and closes its WebSocket with 1012 (service restart). Returns at
    /// once; a loop runs out of work when its last session is gone, which it does not before.
    virtual void close() = 0;
};

}  // namespace antiphon::edge
