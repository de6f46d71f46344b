// The server's strand: Asio's, over the io_context that the io threads run.
//
// thread-safe. Tasks that are still queued when the io_context is destroyed are dropped unrun.
#pragma once

#include "base/strand.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/strand.hpp>

namespace antiphon::base {

class AsioStrand final : public Strand {
public:
    explicit AsioStrand(const boost::asio::any_io_executor& io);

    void post(Task task) override;
    /// Rounded up to a whole millisecond.
    void post_at(Time when, Task task) override;
    Time now() const override { return Clock::now(); }

    /// For the edge, which runs its socket operations on the call's own strand.
    const boost::asio::strand<boost::asio::any_io_executor>& executor() const { return strand_; }

private:
    boost::asio::strand<boost::asio::any_io_executor> strand_;
};

}  // namespace antiphon::base
