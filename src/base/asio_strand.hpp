// The server's strand: Asio's, over an io_context that the io threads run.
//
// thread-safe. Tasks that are still queued when the io_context is destroyed are dropped unrun.
#pragma once

#include "base/strand.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/io_context.hpp>

namespace antiphon::base {

class AsioStrand final : public Strand {
public:
    /// Over an executor whose tasks may run on several threads at once.
    explicit AsioStrand(const boost::asio::any_io_executor& io);

    /// Over a loop that one thread alone runs: nothing more is needed for one task at a time, in order, and Asio's
    /// own strand would cost a hop for each of them (base/io_loops.hpp).
    struct OneThread {
        boost::asio::io_context& loop;
    };
    explicit AsioStrand(OneThread thread);

    void post(Task task) override;
    /// A time to come is rounded up to a whole millisecond.
    void post_at(Time when, Task task) override;
    Time now() const override { return Clock::now(); }

    /// For the edge, which runs its socket operations on the call's own strand.
    const boost::asio::any_io_executor& executor() const { return executor_; }

private:
    boost::asio::any_io_executor executor_;
};

}  // namespace antiphon::base
