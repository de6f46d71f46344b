// Where blocking work is done: a pool's front, so that scenes can run the same code on a clock of
// their own.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <functional>
#include <stop_token>

namespace antiphon::base {

class Workers {
public:
    using Job = std::function<void()>;
    using SpareJob = std::function<void(std::stop_token)>;

    virtual ~Workers() = default;

    /// Takes the job, or refuses it with `overloaded` when the queue is full. Never waits.
    virtual Result<void> submit(Job job) = 0;

    /// Takes a job for idle time, one at a time: `overloaded` while any other job runs or waits. The job's token is
    /// requested as soon as another job comes, which then waits for nothing but the job's return.
    virtual Result<void> submit_spare(SpareJob) {
        return error(Errc::overloaded, "these workers do not know when they are idle");
    }
};

}  // namespace antiphon::base
