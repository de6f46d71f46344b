#include "base/worker_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace antiphon::base {

WorkerPool::WorkerPool(std::string name, std::size_t threads, std::size_t queue_limit)
    : name_(std::move(name)), queue_limit_(queue_limit) {
    const std::size_t count = std::max<std::size_t>(threads, 1);
    threads_.reserve(count);
    for (std::size_t i = 0; i < count; ++i) {
        threads_.emplace_back([this] { run(); });
        // Linux keeps 15 characters of a thread's name.
        pthread_setname_np(threads_.back().native_handle(), name_.substr(0, 15).c_str());
    }
}

WorkerPool::~WorkerPool() {
    std::optional<std::stop_source> spare;
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
        queue_.clear();
        spare = spare_;
    }
    ready_.notify_all();
    if (spare) spare->request_stop();
    for (auto& thread : threads_) thread.join();
}

Result<void> WorkerPool::submit(Job job) {
    std::optional<std::stop_source> spare;
    {
        const std::scoped_lock lock(mutex_);
        if (closing_ || queue_.size() >= queue_limit_)
            return error(Errc::overloaded, "the " + name_ + " queue is full");
        queue_.push_back({std::move(job), false});
        spare = spare_;
    }
    ready_.notify_one();
    // Outside the lock: whoever waits for the stop is told on this thread.
    if (spare) spare->request_stop();
    return {};
}

Result<void> WorkerPool::submit_spare(SpareJob job) {
    {
        const std::scoped_lock lock(mutex_);
        if (closing_ || running_ > 0 || spare_ || !queue_.empty())
            return error(Errc::overloaded, "the " + name_ + " threads are not idle");
        spare_.emplace();
        queue_.push_back({[job = std::move(job), stop = spare_->get_token()] { job(stop); }, true});
    }
    ready_.notify_one();
    return {};
}

std::size_t WorkerPool::waiting() const {
    const std::scoped_lock lock(mutex_);
    return queue_.size();
}

void WorkerPool::run() {
    for (;;) {
        Queued next;
        {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
            if (closing_) return;
            next = std::move(queue_.front());
            queue_.pop_front();
            if (!next.spare) ++running_;
        }
        next.job();
        next.job = nullptr;  // what it owns goes before the thread counts as idle
        const std::scoped_lock lock(mutex_);
        if (next.spare) spare_.reset();
        else --running_;
    }
}

}  // namespace antiphon::base
