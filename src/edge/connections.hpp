// The connections that are open, so that a shutdown reaches every one of them.
//
// thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace antiphon::edge {

class Connection {
public:
    virtual ~Connection() = default;
    /// Ends the connection soon. Safe to call from any thread.
    virtual void shut_down() = 0;
    /// The server is going to end: what can end without cutting anything off does so, the rest goes on until
    /// shut_down(). Safe to call from any thread.
    virtual void drain() {}
    /// Nothing more will be asked on it: it ends with the answer that is under way, or now without one. Safe to call from
    /// any thread.
    virtual void finish() {}
};

/// A place in the list of connections; given back when the last copy goes.
using ConnectionEntry = std::shared_ptr<void>;

class Connections : public std::enable_shared_from_this<Connections> {
public:
    static std::shared_ptr<Connections> make() { return std::shared_ptr<Connections>(new Connections); }

    /// After drain(), finish() or shut_down() the connection is told so at once.
    ConnectionEntry add(const std::shared_ptr<Connection>& connection);

    /// Tells every connection, those to come included.
    void drain();
    void finish();

    /// Counts as a request under way until the last copy goes.
    std::shared_ptr<void> request();
    std::size_t requests() const;

    /// Tells every connection to end, those to come included.
    void shut_down();

private:
    Connections() = default;
    void tell(bool Connections::* state, void (Connection::* what)());
    void remove(std::uint64_t number);
    /// Those that are open. With the lock held; to be told without it, as the last reference may go with its entry.
    std::vector<std::shared_ptr<Connection>> alive() const;

    std::mutex mutex_;
    bool draining_ = false;
    bool finishing_ = false;
    bool shut_down_ = false;
    std::uint64_t next_ = 0;
    std::unordered_map<std::uint64_t, std::weak_ptr<Connection>> open_;
    const std::shared_ptr<std::atomic<std::size_t>> requests_ = std::make_shared<std::atomic<std::size_t>>(0);
};

}  // namespace antiphon::edge
