// A part of a pool for one kind of work, so that it cannot take the whole.
//
// thread-safe.
#pragma once

#include "base/workers.hpp"

#include <cstddef>
#include <memory>

namespace antiphon::base {

class WorkerShare final : public Workers {
public:
    /// At most `at_once` of its jobs are with the pool at a time, at most `queue_limit` others wait here for
    /// one of them to end. `pool` must outlive the running jobs.
    WorkerShare(Workers& pool, std::size_t at_once, std::size_t queue_limit);

    /// As close().
    ~WorkerShare() override;

    /// `overloaded` when `queue_limit` jobs wait, when the pool itself takes no more, and after close(). A
    /// waiting job that the pool refuses when its turn comes is dropped unrun; what it owned says so to
    /// whoever waits for it.
    Result<void> submit(Job job) override;

    /// Drops what waits and takes no more. Jobs that are with the pool are the pool's to end.
    void close();

private:
    struct State;
    static Result<void> start(const std::shared_ptr<State>& state, Job job);
    static void finish(const std::shared_ptr<State>& state);

    std::shared_ptr<State> state_;
};

}  // namespace antiphon::base
