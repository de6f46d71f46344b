#include "engine/whisper/state_pool.hpp"

#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace antiphon::engine::whisper {
namespace {

constexpr int kBackgroundNice = 10;

}  // namespace

StatePool::StatePool(std::vector<State> states, Urgency urgency) : states_(std::move(states)) {
    threads_.reserve(states_.size());
    for (const State& state : states_) {
        threads_.emplace_back([this, &state, urgency] {
            // Of this thread alone, and of those that ggml makes from it; a system that refuses loses nothing but the order.
            if (urgency == Urgency::background) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kBackgroundNice);
            serve(*state);
        });
        pthread_setname_np(threads_.back().native_handle(), "whisper");
    }
}

StatePool::~StatePool() {
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    changed_.notify_all();
    for (auto& thread : threads_) thread.join();
}

base::Result<void> StatePool::run(Work work, std::stop_token stop) {
    const auto cancelled = base::error(base::Errc::cancelled, "the recognition was stopped");
    if (stop.stop_requested()) return cancelled;
    const auto job = std::make_shared<Job>(Job{std::move(work)});
    std::unique_lock lock(mutex_);
    waiting_.push_back(job);
    changed_.notify_all();
    if (changed_.wait(lock, stop, [&] { return job->done; })) return {};
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), job), waiting_.end());
    return cancelled;
}

void StatePool::serve(whisper_state& state) {
    std::unique_lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
        if (closing_) return;
        const auto job = std::move(waiting_.front());
        waiting_.pop_front();
        lock.unlock();
        job->work(state);
        lock.lock();
        job->done = true;
        changed_.notify_all();
    }
}

}  // namespace antiphon::engine::whisper
