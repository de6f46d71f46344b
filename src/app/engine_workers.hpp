// A pool for one engine that can be closed while calls still refer to it, and that counts what it does.
//
// thread-safe.
#pragma once

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/worker_pool.hpp"
#include "base/workers.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>

namespace antiphon::app {

class EngineWorkers final : public base::Workers {
public:
    /// The metrics, which must outlive the pool, bear `name` as the label `engine`.
    EngineWorkers(const std::string& name, std::size_t threads, std::size_t queue_limit, base::Metrics& metrics);

    /// `overloaded` when the queue is full, and after close().
    base::Result<void> submit(Job job) override;
    /// Work for idle time waits for nobody and keeps nobody waiting: only its thread is counted as busy.
    base::Result<void> submit_spare(SpareJob job) override;

    /// Drops what waits and returns when the running jobs have ended. Must not be called by a job.
    void close();

private:
    class Ticket;

    struct Counts {
        Counts(const std::string& engine, std::size_t threads, std::size_t queue_limit, base::Metrics& metrics);

        prometheus::Gauge& waiting;
        prometheus::Gauge& busy;
        prometheus::Counter& refused;
        prometheus::Histogram& wait_seconds;
        prometheus::Histogram& job_seconds;
    };

    Counts counts_;
    std::mutex mutex_;
    std::unique_ptr<base::WorkerPool> pool_;
};

}  // namespace antiphon::app
