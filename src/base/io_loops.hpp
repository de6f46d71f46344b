// The loops of the io threads: an io_context for each thread, so that all of one connection stays on one of them.
//
// thread-safe. One io_context under several threads would hand each connection's next step from thread to thread,
// with a lock and often a wake-up at every step. Here nothing is shared but what is posted from outside. In return a
// loop's connections wait for one another: no task on a strand may take long, which none may anyway.
#pragma once

#include "base/asio_strand.hpp"

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

namespace antiphon::base {

class IoLoops {
public:
    /// At least one. Each loop must be run by one thread at a time.
    explicit IoLoops(std::size_t count);
    /// Only when no thread runs a loop any more and no strand of them is used.
    ~IoLoops();
    IoLoops(const IoLoops&) = delete;
    IoLoops& operator=(const IoLoops&) = delete;

    std::size_t count() const { return loops_.size(); }
    boost::asio::io_context& at(std::size_t number) { return loops_.at(number)->io; }

    /// A strand on the loop that has the fewest of those that are still there.
    std::shared_ptr<AsioStrand> make_strand();

    /// Every loop ends at once, with whatever it still has to do.
    void stop();

private:
    struct Context final : boost::asio::io_context {
        using boost::asio::io_context::io_context;
        using boost::asio::execution_context::shutdown;
    };
    struct Loop {
        Context io{1};
        std::shared_ptr<std::atomic<std::size_t>> strands = std::make_shared<std::atomic<std::size_t>>(0);
    };

    std::vector<std::unique_ptr<Loop>> loops_;
    std::atomic<std::size_t> turn_{0};  ///< where the search begins, so that equals come one after the other
};

}  // namespace antiphon::base
