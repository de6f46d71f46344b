// Questions and answers with one server over UDP, for STUN and TURN.
//
// Not thread-safe; blocks. The socket is connected, so the kernel lets only that server's datagrams through.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/stun_message.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace antiphon::edge {

class DatagramExchange {
public:
    using Read = std::function<base::Result<StunResponse>(std::span<const std::uint8_t>)>;

    /// Resolves the name, which may take as long as the system's resolver likes; IPv4 addresses come first.
    /// `not_found` for a name that nobody knows, `unavailable` when there is no way to it.
    static base::Result<DatagramExchange> open(const std::string& host, std::uint16_t port);

    DatagramExchange(DatagramExchange&& other) noexcept;
    DatagramExchange& operator=(DatagramExchange&&) = delete;
    ~DatagramExchange();

    /// Sends the request at once, and again 0.5 s and 1.5 s later, until `read` takes what comes; what it refuses is
    /// passed over. `unavailable` when that has not happened by `give_up`.
    base::Result<StunResponse> ask(const std::vector<std::uint8_t>& request, const Read& read, base::Time give_up);

private:
    DatagramExchange(int socket, std::string name) : socket_(socket), name_(std::move(name)) {}

    int socket_;
    std::string name_;  ///< of the server, for messages
};

}  // namespace antiphon::edge
