// A fake of time and threads in one thread, for tests that play very many calls.
//
// Unlike fakes::Simulation it has no threads at all: a job of the workers runs whole, at a time of its own, and what
// it posts arrives spread over the time that follows, in order. To the call this looks like an engine that takes its
// time; only a stop in the middle of a job is not seen by the engine, as when it comes a moment too late. The same
// seed plays the same way.
#pragma once

#include "base/strand.hpp"
#include "base/workers.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <utility>

namespace antiphon::fakes {

class InlineSimulation {
public:
    explicit InlineSimulation(std::mt19937_64& random) : random_(random), strand_(std::make_shared<InlineStrand>(*this)) {}
    InlineSimulation(const InlineSimulation&) = delete;
    InlineSimulation& operator=(const InlineSimulation&) = delete;

    std::shared_ptr<base::Strand> strand() { return strand_; }
    base::Time now() const { return now_; }

    /// Does all that is due now, and lets no time pass.
    void run_ready() { run_for({}); }

    void run_for(base::Duration length) {
        const base::Time end = now_ + length;
        while (!tasks_.empty() && tasks_.begin()->first.first <= end) {
            now_ = std::max(now_, tasks_.begin()->first.first);
            const auto task = std::move(tasks_.begin()->second);
            tasks_.erase(tasks_.begin());
            task();
        }
        now_ = end;
    }

    std::size_t waiting() const { return tasks_.size(); }

    /// A pool with that many places in its queue, of which each job takes one until it has run; now and then it is
    /// full for no reason.
    class InlineWorkers final : public base::Workers {
    public:
        InlineWorkers(InlineSimulation& simulation, std::size_t queue_limit)
            : simulation_(simulation), queue_limit_(queue_limit) {}

        base::Result<void> submit(Job job) override {
            if (queued_ >= queue_limit_ || simulation_.chance(0.01))
                return base::error(base::Errc::overloaded, "the simulated queue is full");
            ++queued_;
            // Jobs of one pool begin in the order in which they were accepted.
            begins_ = std::max(begins_, simulation_.now_ + simulation_.some_milliseconds(80));
            simulation_.add(begins_, [this, run = std::move(job)] {
                --queued_;
                simulation_.run_job(run);
            });
            return {};
        }

    private:
        InlineSimulation& simulation_;
        const std::size_t queue_limit_;
        std::size_t queued_ = 0;
        base::Time begins_{};
    };

private:
    class InlineStrand final : public base::Strand {
    public:
        explicit InlineStrand(InlineSimulation& simulation) : simulation_(simulation) {}
        void post(Task task) override { simulation_.post(std::move(task)); }
        void post_at(base::Time when, Task task) override { simulation_.add(when, std::move(task)); }
        base::Time now() const override { return simulation_.in_job_ ? simulation_.job_time_ : simulation_.now_; }

    private:
        InlineSimulation& simulation_;
    };

    bool chance(double share) { return std::uniform_real_distribution<>()(random_) < share; }
    base::milliseconds some_milliseconds(int most) {
        return base::milliseconds(std::uniform_int_distribution<>(0, most)(random_));
    }
    void add(base::Time when, std::function<void()> task) {
        tasks_.emplace(std::pair(std::max(when, now_), ++order_), std::move(task));
    }
    void post(std::function<void()> task) {
        if (in_job_) job_time_ += some_milliseconds(15);
        add(in_job_ ? job_time_ : now_, std::move(task));
    }
    void run_job(const base::Workers::Job& job) {
        in_job_ = true;
        job_time_ = now_;
        job();
        in_job_ = false;
    }

    std::mt19937_64& random_;
    base::Time now_ = base::Time{} + std::chrono::hours(1);
    base::Time job_time_{};
    bool in_job_ = false;
    std::uint64_t order_ = 0;
    std::map<std::pair<base::Time, std::uint64_t>, std::function<void()>> tasks_;
    std::shared_ptr<InlineStrand> strand_;
};

}  // namespace antiphon::fakes
