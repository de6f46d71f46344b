// Writes sessions into a store from a thread of its own, so that no call ever waits for it.
//
// thread-safe; nothing here blocks but close(). What waits for a session is one change: later ones are merged into it,
// so a store that is away for a minute costs memory for the conversations, not for each word of them. While the store
// fails, everything waits and is tried again, after a pause that doubles up to WriteBehindSettings::longest_pause.
//
// Only what was answered to a Done is written: that is acknowledged, and nothing else is.
#pragma once

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "store/session_store.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace antiphon::store {

struct WriteBehindSettings {
    std::size_t max_bytes = 64U << 20U;  ///< of all changes that wait
    std::size_t max_questions = 64;      ///< claims and erasures that wait
    base::milliseconds first_pause{100};
    base::milliseconds longest_pause{2'000};
    base::milliseconds check_interval{2'000};  ///< with nothing to write, the store is asked whether it could
};

/// How the store did when it was last asked.
struct StoreState {
    bool ok = true;
    std::string reason;  ///< a sentence when not
};

class WriteBehind {
public:
    /// Says on the writer's thread what became of a session's changes up to the one that it came with; one that a later
    /// change came after is not called. It must only hand over. `invalid` when they were dropped for good.
    using Done = std::function<void(base::Result<Written>)>;
    using Claimed = std::function<void(base::Result<StoredSession>)>;
    using Erased = std::function<void(base::Result<bool>)>;

    WriteBehind(std::unique_ptr<SessionStore> store, WriteBehindSettings settings, base::Metrics& metrics);
    /// Without waiting for what was not written.
    ~WriteBehind();

    bool durable() const noexcept { return store_->durable(); }

    /// Takes the change, or drops it with `overloaded`: of that session then only a whole change makes sense.
    base::Result<void> write(const std::string& id, SessionChange change, Done done);

    /// The call has ended: nothing of the session is to be left, sooner or later, if it is still its owner's.
    void forget(const std::string& id, const std::string& owner);

    /// SessionStore::claim() and erase(), before all that waits to be written, and tried once. An erasure also takes
    /// what waits of the session. Fails at once with `overloaded`, `done` is not called then.
    base::Result<void> claim(const std::string& id, const std::string& token_hash, const std::string& owner, Claimed done);
    base::Result<void> erase(const std::string& id, Erased done);

    StoreState state() const;

    /// Writes what waits, for at most `patience` and one command of the store, and ends. Nothing is called back later,
    /// and what comes later is dropped. Safe to call twice.
    void close(base::milliseconds patience);

private:
    struct Waiting {
        SessionChange change;
        Done done;
        bool erase = false;  ///< instead of the change, of which only the owner counts
        std::size_t bytes = 0;
    };

    void run();
    void write_next(std::unique_lock<std::mutex>& lock);
    /// What could not be written waits again, below what has come since.
    void put_back(const std::string& id, Waiting waiting);
    void put(const std::string& id, Waiting waiting);
    void take_outcome(const base::Result<void>& outcome);
    void look_at_bounds();

    const std::unique_ptr<SessionStore> store_;
    const WriteBehindSettings settings_;

    prometheus::Counter& writes_;
    prometheus::Counter& failures_;
    prometheus::Counter& dropped_;
    prometheus::Gauge& waiting_sessions_;
    prometheus::Gauge& waiting_bytes_;
    prometheus::Gauge& ok_;
    prometheus::Histogram& write_seconds_;

    mutable std::mutex mutex_;
    std::condition_variable wake_;
    std::unordered_map<std::string, Waiting> waiting_;
    std::deque<std::string> turn_;  ///< the ids in waiting_, each once, in the order in which they are written
    std::size_t bytes_ = 0;         ///< of waiting_ and of what is being written
    std::deque<std::function<void()>> questions_;  ///< asked without the lock
    StoreState state_;
    base::milliseconds pause_{0};   ///< until the next try, after a failure
    base::Time next_try_{};
    base::Time next_check_{};
    bool ending_ = false;
    base::Time end_{};              ///< with ending_: what is not written by then stays unwritten
    std::mutex joining_;
    std::thread thread_;
};

}  // namespace antiphon::store
