// The states of a Whisper model, each with a thread of its own.
//
// thread-safe. Whisper's encoder cannot be interrupted (whisper.cpp looks at its abort callback only
// after the encoder is through), and it takes up to a second. So the work runs on the state's thread, and
// whoever asked for it leaves at once when told to stop; the state is free again when its work has
// come to the next step and seen the stop.
#pragma once

#include "base/result.hpp"
#include "engine/whisper/model.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace antiphon::engine::whisper {

class StatePool {
public:
    /// It may still run after run() has returned `cancelled`: it owns all that it touches.
    using Work = std::function<void(whisper_state& state)>;

    /// In the background: whenever other threads of the process want the processor, they go first (Linux, nice 10).
    enum class Urgency { normal, background };

    explicit StatePool(std::vector<State> states, Urgency urgency = Urgency::normal);

    /// No run() may be under way. Waits for work that was left.
    ~StatePool();

    StatePool(const StatePool&) = delete;
    StatePool& operator=(const StatePool&) = delete;

    /// Waits for a free state, does the work with it and returns when it is done. Work is done in the
    /// order it came. When `stop` is requested it returns `cancelled` at once; work that had not begun
    /// is not done. Bounded by its callers: each waits in here with at most one piece of work.
    base::Result<void> run(Work work, std::stop_token stop);

    std::size_t size() const { return threads_.size(); }

private:
    struct Job {
        Work work;
        bool done = false;
    };

    void serve(whisper_state& state);

    std::vector<State> states_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<std::shared_ptr<Job>> waiting_;
    bool closing_ = false;
    std::vector<std::thread> threads_;
};

}  // namespace antiphon::engine::whisper
