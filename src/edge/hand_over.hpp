// The way from the threads of the WebRTC library to a call's strand, until it is closed.
//
// thread-safe. The library's callbacks hold this and nothing else of ours: they hand over and return, keep no call
// alive, and stop when it is closed, so that nothing is posted to a strand whose io_context has gone.
#pragma once

#include "base/strand.hpp"

#include <memory>
#include <mutex>
#include <utility>

namespace antiphon::edge {

class HandOver {
public:
    explicit HandOver(std::shared_ptr<base::Strand> strand) : strand_(std::move(strand)) {}

    /// Runs the task soon, on the strand; drops it after close().
    void post(base::Strand::Task task) {
        const std::scoped_lock lock(mutex_);
        if (strand_) strand_->post(std::move(task));
    }

    void close() {
        const std::scoped_lock lock(mutex_);
        strand_.reset();
    }

private:
    std::mutex mutex_;
    std::shared_ptr<base::Strand> strand_;
};

}  // namespace antiphon::edge
