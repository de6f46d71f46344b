// A pool for one engine that can be closed while calls still refer to it.
//
// thread-safe.
#pragma once

#include "base/worker_pool.hpp"
#include "base/workers.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace antiphon::app {

class EngineWorkers final : public base::Workers {
public:
    EngineWorkers(std::string name, std::size_t threads, std::size_t queue_limit)
        : pool_(std::make_unique<base::WorkerPool>(std::move(name), threads, queue_limit)) {}

    /// `overloaded` when the queue is full, and after close().
    base::Result<void> submit(Job job) override {
        const std::scoped_lock lock(mutex_);
        if (!pool_) return base::error(base::Errc::overloaded, "the server is shutting down");
        return pool_->submit(std::move(job));
    }

    base::Result<void> submit_spare(SpareJob job) override {
        const std::scoped_lock lock(mutex_);
        if (!pool_) return base::error(base::Errc::overloaded, "the server is shutting down");
        return pool_->submit_spare(std::move(job));
    }

    /// Drops what waits and returns when the running jobs have ended. Must not be called by a job.
    void close() {
        std::unique_ptr<base::WorkerPool> ending;
        {
            const std::scoped_lock lock(mutex_);
            ending = std::move(pool_);
        }
    }

private:
    std::mutex mutex_;
    std::unique_ptr<base::WorkerPool> pool_;
};

}  // namespace antiphon::app
