// A fixed number of threads for the engines' blocking work, behind a bounded queue.
//
// thread-safe. Jobs start in the order they were accepted. A job must not throw, and must not block on
// another job of the same pool. What a job has to say it posts to its call's strand.
#pragma once

#include "base/workers.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::base {

class WorkerPool final : public Workers {
public:
    /// Starts `threads` threads (at least one), named after the pool in the process list. At most
    /// `queue_limit` jobs wait; running ones do not count.
    WorkerPool(std::string name, std::size_t threads, std::size_t queue_limit);

    /// Drops what waits, lets the running jobs end, joins. Request the jobs' stop tokens first; that of the job for
    /// idle time is requested here.
    ~WorkerPool() override;

    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// Takes the job, or refuses it with `overloaded` when the queue is full. Never waits.
    Result<void> submit(Job job) override;

    Result<void> submit_spare(SpareJob job) override;

    std::size_t waiting() const;

private:
    struct Queued {
        Job job;
        bool spare = false;
    };

    void run();

    const std::string name_;
    const std::size_t queue_limit_;
    mutable std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<Queued> queue_;
    bool closing_ = false;
    std::size_t running_ = 0;                ///< besides the job for idle time
    std::optional<std::stop_source> spare_;  ///< of that job, from when it is taken to its end
    std::vector<std::thread> threads_;
};

}  // namespace antiphon::base
