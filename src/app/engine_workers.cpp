#include "app/engine_workers.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::app {
namespace {

std::string label_of(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
}

}  // namespace

EngineWorkers::Counts::Counts(const std::string& engine, std::size_t threads, std::size_t queue_limit, base::Metrics& m)
    : waiting(m.gauge("antiphon_engine_waiting_jobs", "Jobs that wait for one of the engine's threads", {{"engine", engine}})),
      busy(m.gauge("antiphon_engine_busy_threads", "The engine's threads that are at work", {{"engine", engine}})),
      refused(m.counter("antiphon_engine_refused_jobs_total", "Jobs for which the engine's queue had no room",
                        {{"engine", engine}})),
      wait_seconds(m.seconds("antiphon_engine_wait_seconds", "How long jobs waited for a thread", {{"engine", engine}})),
      job_seconds(m.seconds("antiphon_engine_job_seconds", "How long jobs took, without the wait", {{"engine", engine}})) {
    m.gauge("antiphon_engine_threads", "Jobs that the engine can do at the same time", {{"engine", engine}})
        .Set(static_cast<double>(threads));
    m.gauge("antiphon_engine_queue_limit", "Jobs that may wait", {{"engine", engine}})
        .Set(static_cast<double>(queue_limit));
}

/// Counts one job as waiting until it begins, or is dropped with its pool.
class EngineWorkers::Ticket {
public:
    explicit Ticket(Counts& counts) : counts_(counts), since_(base::Clock::now()) { counts_.waiting.Increment(); }
    ~Ticket() {
        if (!begun_) counts_.waiting.Decrement();
    }
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

    void run(const Job& job) {
        begun_ = true;
        const base::Time start = base::Clock::now();
        counts_.waiting.Decrement();
        counts_.wait_seconds.Observe(base::seconds(start - since_));
        counts_.busy.Increment();
        job();
        counts_.busy.Decrement();
        counts_.job_seconds.Observe(base::seconds(base::Clock::now() - start));
    }

private:
    Counts& counts_;
    const base::Time since_;
    bool begun_ = false;
};

EngineWorkers::EngineWorkers(const std::string& name, std::size_t threads, std::size_t queue_limit, base::Metrics& metrics)
    : counts_(label_of(name), threads, queue_limit, metrics),
      pool_(std::make_unique<base::WorkerPool>(name, threads, queue_limit)) {}

base::Result<void> EngineWorkers::submit(Job job) {
    const std::scoped_lock lock(mutex_);
    if (!pool_) return base::error(base::Errc::overloaded, "the server is shutting down");
    auto counted = [ticket = std::make_shared<Ticket>(counts_), job = std::move(job)] { ticket->run(job); };
    auto taken = pool_->submit(std::move(counted));
    if (!taken) counts_.refused.Increment();
    return taken;
}

base::Result<void> EngineWorkers::submit_spare(SpareJob job) {
    const std::scoped_lock lock(mutex_);
    if (!pool_) return base::error(base::Errc::overloaded, "the server is shutting down");
    return pool_->submit_spare([this, job = std::move(job)](std::stop_token stop) {
        counts_.busy.Increment();
        job(std::move(stop));
        counts_.busy.Decrement();
    });
}

void EngineWorkers::close() {
    std::unique_ptr<base::WorkerPool> ending;
    {
        const std::scoped_lock lock(mutex_);
        ending = std::move(pool_);
    }
}

}  // namespace antiphon::app
