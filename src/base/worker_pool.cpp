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
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
        queue_.clear();
    }
    ready_.notify_all();
    for (auto& thread : threads_) thread.join();
}

Result<void> WorkerPool::submit(Job job) {
    {
        const std::scoped_lock lock(mutex_);
        if (closing_ || queue_.size() >= queue_limit_)
            return error(Errc::overloaded, "the " + name_ + " queue is full");
        queue_.push_back(std::move(job));
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
        Job job;
        {
            std::unique_lock lock(mutex_);
            ready_.wait(lock, [this] { return closing_ || !queue_.empty(); });
            if (closing_) return;
            job = std::move(queue_.front());
            queue_.pop_front();
        }
        job();
    }
}

}  // namespace antiphon::base
