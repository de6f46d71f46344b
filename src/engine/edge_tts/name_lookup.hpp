// Addresses of a host, looked up where nobody has to wait for the answer.
//
// thread-safe. The system's look-up can neither be stopped nor be given a time, so it runs on a thread of its own and
// is left behind when it takes too long.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/thread_pool.hpp>

#include <stop_token>
#include <string>

namespace antiphon::engine::edge_tts {

class NameLookup {
public:
    using Addresses = boost::asio::ip::tcp::resolver::results_type;

    /// Waits for a look-up that is under way: there is no way to end it.
    ~NameLookup();

    /// Blocks, but no longer than told. Fails with `cancelled`, or with `engine` when there is no such host or no
    /// answer in time.
    base::Result<Addresses> find(const std::string& host, const std::string& port, base::Time until,
                                 const std::stop_token& stop);

private:
    boost::asio::thread_pool thread_{1};
};

}  // namespace antiphon::engine::edge_tts
