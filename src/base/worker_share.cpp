#include "base/worker_share.hpp"

#include <deque>
#include <mutex>
#include <utility>

namespace antiphon::base {

struct WorkerShare::State {
    Workers& pool;
    const std::size_t at_once;
    const std::size_t queue_limit;
    std::mutex mutex;
    std::size_t running = 0;
    bool closed = false;
    std::deque<Job> waiting;
};

WorkerShare::WorkerShare(Workers& pool, std::size_t at_once, std::size_t queue_limit)
    : state_(new State{pool, at_once, queue_limit, {}, 0, false, {}}) {}

WorkerShare::~WorkerShare() { close(); }

Result<void> WorkerShare::submit(Job job) {
    {
        const std::scoped_lock lock(state_->mutex);
        if (state_->closed) return error(Errc::overloaded, "the server is shutting down");
        if (state_->running == state_->at_once) {
            if (state_->waiting.size() >= state_->queue_limit)
                return error(Errc::overloaded, "as many requests as may wait are waiting already");
            state_->waiting.push_back(std::move(job));
            return {};
        }
        ++state_->running;
    }
    auto started = start(state_, std::move(job));
    if (!started) finish(state_);
    return started;
}

Result<void> WorkerShare::start(const std::shared_ptr<State>& state, Job job) {
    return state->pool.submit([state, job = std::move(job)]() mutable {
        job();
        job = nullptr;  // what it owns goes before the next one begins
        finish(state);
    });
}

void WorkerShare::finish(const std::shared_ptr<State>& state) {
    for (;;) {
        Job next;
        {
            const std::scoped_lock lock(state->mutex);
            if (state->waiting.empty()) {
                --state->running;
                return;
            }
            next = std::move(state->waiting.front());
            state->waiting.pop_front();
        }
        if (start(state, std::move(next))) return;
    }
}

void WorkerShare::close() {
    std::deque<Job> dropped;
    const std::scoped_lock lock(state_->mutex);
    state_->closed = true;
    std::swap(dropped, state_->waiting);
}

}  // namespace antiphon::base
