// A fake of time and threads: runs a call, its strand and its workers on a clock of its own.
//
// Exactly one thread runs at any moment (the test's, or one worker's), so a scene plays the same way each
// time; an hour of conversation takes as long as its computing. Workers are real threads that give way in
// sleep(), where virtual time passes. Use from the test's thread, except where said.
#pragma once

#include "base/strand.hpp"
#include "base/workers.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

namespace antiphon::fakes {

class Simulation {
public:
    Simulation() : strand_(std::make_shared<SimulatedStrand>(*this)) {}
    ~Simulation() { run_for(std::chrono::hours(1)); }
    Simulation(const Simulation&) = delete;
    Simulation& operator=(const Simulation&) = delete;

    std::shared_ptr<base::Strand> strand() { return strand_; }

    base::Time now() const {
        const std::scoped_lock lock(mutex_);
        return now_;
    }

    /// Lets virtual time pass, and all that is due in it happen.
    void run_for(base::Duration length) {
        const base::Time end = now() + length;
        while (step(end)) {}
        const std::scoped_lock lock(mutex_);
        now_ = end;
    }

    /// From a worker: gives way for a time. False when `stop` was requested before it was over.
    bool sleep(base::Duration length, const std::stop_token& stop) {
        Worker* self = current_;
        {
            const std::scoped_lock lock(mutex_);
            self->wake = now_ + length;
            self->order = ++order_;
        }
        const std::stop_callback wake(stop, [this, self] {
            const std::scoped_lock lock(mutex_);
            self->wake = now_;
        });
        give_way(*self);
        return !stop.stop_requested();
    }

private:
    struct Worker {
        std::thread thread;
        std::condition_variable turn;
        bool may_run = false;
        bool ended = false;
        base::Time wake{};
        std::uint64_t order = 0;
        std::function<void()> after;
    };

    class SimulatedStrand final : public base::Strand {
    public:
        explicit SimulatedStrand(Simulation& simulation) : simulation_(simulation) {}
        void post(Task task) override { simulation_.add(base::Time::min(), std::move(task)); }
        void post_at(base::Time when, Task task) override { simulation_.add(when, std::move(task)); }
        base::Time now() const override { return simulation_.now(); }

    private:
        Simulation& simulation_;
    };

public:
    /// A pool of so many workers with so long a queue.
    class SimulatedWorkers final : public base::Workers {
    public:
        SimulatedWorkers(Simulation& simulation, std::size_t threads, std::size_t queue_limit)
            : simulation_(simulation), threads_(threads), queue_limit_(queue_limit) {}

        base::Result<void> submit(Job job) override {
            if (spare_) spare_->request_stop();
            if (running_ < threads_) {
                start(std::move(job));
            } else if (queue_.size() < queue_limit_) {
                queue_.push_back(std::move(job));
            } else {
                return base::error(base::Errc::overloaded, "the simulated queue is full");
            }
            return {};
        }

        base::Result<void> submit_spare(SpareJob job) override {
            if (running_ > 0 || threads_ == 0) return base::error(base::Errc::overloaded, "the simulated workers are not idle");
            spare_.emplace();
            start([this, job = std::move(job), stop = spare_->get_token()] {
                job(stop);
                spare_.reset();
            });
            return {};
        }

        /// From here on, every job is refused (or no longer).
        void refuse(bool refusing) { refusing ? (threads_was_ = threads_, threads_ = 0, limit_was_ = queue_limit_, queue_limit_ = 0)
                                              : (threads_ = threads_was_, queue_limit_ = limit_was_); }

    private:
        void start(Job job) {
            ++running_;
            simulation_.start(std::move(job), [this] {
                --running_;
                if (queue_.empty()) return;
                Job next = std::move(queue_.front());
                queue_.pop_front();
                start(std::move(next));
            });
        }

        Simulation& simulation_;
        std::size_t threads_;
        std::size_t queue_limit_;
        std::size_t threads_was_ = 0;
        std::size_t limit_was_ = 0;
        std::size_t running_ = 0;
        std::deque<Job> queue_;
        std::optional<std::stop_source> spare_;
    };

private:
    void add(base::Time when, std::function<void()> task) {
        const std::scoped_lock lock(mutex_);
        tasks_.emplace(std::pair(std::max(when, now_), ++order_), std::move(task));
    }

    void start(std::function<void()> job, std::function<void()> after) {
        const std::scoped_lock lock(mutex_);
        Worker& worker = workers_.emplace_back();
        worker.wake = now_;
        worker.order = ++order_;
        worker.after = std::move(after);
        worker.thread = std::thread([this, &worker, job = std::move(job)] {
            {
                std::unique_lock wait(mutex_);
                worker.turn.wait(wait, [&] { return worker.may_run; });
            }
            job();
            const std::scoped_lock end(mutex_);
            worker.ended = true;
            worker.may_run = false;
            back_.notify_one();
        });
    }

    void give_way(Worker& self) {
        std::unique_lock lock(mutex_);
        self.may_run = false;
        back_.notify_one();
        self.turn.wait(lock, [&] { return self.may_run; });
    }

    /// Does the next thing that is due up to `end`; false when there is none.
    bool step(base::Time end) {
        std::unique_lock lock(mutex_);
        auto next = workers_.end();
        for (auto it = workers_.begin(); it != workers_.end(); ++it)
            if (next == workers_.end() || std::pair(it->wake, it->order) < std::pair(next->wake, next->order)) next = it;
        const bool task_first =
            !tasks_.empty() && (next == workers_.end() || tasks_.begin()->first < std::pair(next->wake, next->order));
        if (task_first) {
            const auto at = tasks_.begin()->first.first;
            if (at > end) return false;
            now_ = std::max(now_, at);
            const auto task = std::move(tasks_.begin()->second);
            tasks_.erase(tasks_.begin());
            lock.unlock();
            task();
            return true;
        }
        if (next == workers_.end() || next->wake > end) return false;
        now_ = std::max(now_, next->wake);
        current_ = &*next;
        next->may_run = true;
        next->turn.notify_one();
        back_.wait(lock, [&] { return !next->may_run; });
        if (!next->ended) return true;
        lock.unlock();
        next->thread.join();
        const auto after = std::move(next->after);
        workers_.erase(next);
        after();
        return true;
    }

    mutable std::mutex mutex_;
    std::condition_variable back_;
    base::Time now_ = base::Time{} + std::chrono::hours(1);
    std::uint64_t order_ = 0;
    std::map<std::pair<base::Time, std::uint64_t>, std::function<void()>> tasks_;
    std::list<Worker> workers_;
    Worker* current_ = nullptr;
    std::shared_ptr<SimulatedStrand> strand_;
};

}  // namespace antiphon::fakes
