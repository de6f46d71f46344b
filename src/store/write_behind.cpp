#include "store/write_behind.hpp"

#include "base/log.hpp"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace antiphon::store {

WriteBehind::WriteBehind(std::unique_ptr<SessionStore> store, WriteBehindSettings settings, base::Metrics& metrics)
    : store_(std::move(store)),
      settings_(settings),
      writes_(metrics.counter("antiphon_session_writes_total", "Changes of conversations that the session store has taken")),
      failures_(metrics.counter("antiphon_session_store_failures_total", "Tries that the session store did not answer or refused")),
      dropped_(metrics.counter("antiphon_session_writes_dropped_total", "Changes of conversations that were dropped: no room to wait, or never to be written")),
      waiting_sessions_(metrics.gauge("antiphon_session_writes_waiting", "Conversations with changes that wait for the session store")),
      waiting_bytes_(metrics.gauge("antiphon_session_writes_waiting_bytes", "Bytes of the changes that wait")),
      ok_(metrics.gauge("antiphon_session_store_ok", "1 while the session store does what it is asked to, else 0")),
      write_seconds_(metrics.seconds("antiphon_session_write_seconds", "One write into the session store")) {
    ok_.Set(1);
    thread_ = std::thread([this] { run(); });
    pthread_setname_np(thread_.native_handle(), "session-store");
}

WriteBehind::~WriteBehind() { close(base::milliseconds(0)); }

void WriteBehind::close(base::milliseconds patience) {
    {
        const std::scoped_lock lock(mutex_);
        if (!ending_) end_ = base::Clock::now() + patience;
        ending_ = true;
        next_try_ = {};
    }
    wake_.notify_all();
    const std::scoped_lock joining(joining_);
    if (thread_.joinable()) thread_.join();
}

StoreState WriteBehind::state() const {
    const std::scoped_lock lock(mutex_);
    return state_;
}

void WriteBehind::look_at_bounds() {
    waiting_sessions_.Set(static_cast<double>(waiting_.size()));
    waiting_bytes_.Set(static_cast<double>(bytes_));
}

void WriteBehind::put(const std::string& id, Waiting waiting) {
    waiting.bytes = waiting.erase ? id.size() : waiting.change.bytes();
    bytes_ += waiting.bytes;
    if (waiting_.insert_or_assign(id, std::move(waiting)).second) turn_.push_back(id);
    look_at_bounds();
}

base::Result<void> WriteBehind::write(const std::string& id, SessionChange change, Done done) {
    {
        const std::scoped_lock lock(mutex_);
        if (ending_) return base::error(base::Errc::unavailable, "the server is shutting down");
        const auto found = waiting_.find(id);
        if (found != waiting_.end() && found->second.erase) return {};  // it is over, and will be gone
        if (bytes_ + change.bytes() > settings_.max_bytes) {
            dropped_.Increment();
            return base::error(base::Errc::overloaded, "too much waits for the session store already");
        }
        Waiting next{std::move(change), std::move(done)};
        if (found != waiting_.end()) {
            bytes_ -= found->second.bytes;
            next.change = merged(std::move(found->second.change), std::move(next.change));
        }
        put(id, std::move(next));
    }
    wake_.notify_all();
    return {};
}

void WriteBehind::forget(const std::string& id, const std::string& owner) {
    {
        const std::scoped_lock lock(mutex_);
        if (ending_) return;
        if (const auto found = waiting_.find(id); found != waiting_.end()) bytes_ -= found->second.bytes;
        Waiting end;
        end.change.owner = owner;
        end.erase = true;
        put(id, std::move(end));
    }
    wake_.notify_all();
}

base::Result<void> WriteBehind::claim(const std::string& id, const std::string& token_hash, const std::string& owner,
                                      Claimed done) {
    {
        const std::scoped_lock lock(mutex_);
        if (ending_ || questions_.size() >= settings_.max_questions)
            return base::error(base::Errc::overloaded, "too much is asked of the session store already");
        questions_.push_back([this, id, token_hash, owner, done = std::move(done)] {
            auto session = store_->claim(id, token_hash, owner);
            const bool failed = !session && session.error().code == base::Errc::unavailable;
            {
                const std::scoped_lock relock(mutex_);
                take_outcome(failed ? base::Result<void>(session.error()) : base::Result<void>());
            }
            done(std::move(session));
        });
    }
    wake_.notify_all();
    return {};
}

base::Result<void> WriteBehind::erase(const std::string& id, Erased done) {
    {
        const std::scoped_lock lock(mutex_);
        if (ending_ || questions_.size() >= settings_.max_questions)
            return base::error(base::Errc::overloaded, "too much is asked of the session store already");
        questions_.push_back([this, id, done = std::move(done)] {
            auto there = store_->erase(id, "");
            {
                const std::scoped_lock relock(mutex_);
                take_outcome(there ? base::Result<void>() : base::Result<void>(there.error()));
                const auto found = waiting_.find(id);
                if (there && found != waiting_.end()) {
                    bytes_ -= found->second.bytes;
                    waiting_.erase(found);
                    std::erase(turn_, id);
                    look_at_bounds();
                }
            }
            done(std::move(there));
        });
    }
    wake_.notify_all();
    return {};
}

void WriteBehind::take_outcome(const base::Result<void>& outcome) {
    const base::Time now = base::Clock::now();
    next_check_ = now + settings_.check_interval;
    if (outcome) {
        pause_ = base::milliseconds(0);
        next_try_ = now;
        if (!state_.ok) base::log::info("session_store.back", {{"waiting", waiting_.size()}});
        state_ = {};
        ok_.Set(1);
        return;
    }
    failures_.Increment();
    ok_.Set(0);
    if (state_.ok || state_.reason != outcome.error().text)
        base::log::warning("session_store.degraded", {{"because", outcome.error().text}});
    state_ = {false, outcome.error().text};
    pause_ = pause_.count() == 0 ? settings_.first_pause : std::min(2 * pause_, settings_.longest_pause);
    next_try_ = now + pause_;
}

void WriteBehind::put_back(const std::string& id, Waiting waiting) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end()) return put(id, std::move(waiting));
    if (found->second.erase) return;
    if (waiting.erase) {
        bytes_ -= found->second.bytes;
        return put(id, std::move(waiting));
    }
    Waiting both{merged(std::move(waiting.change), std::move(found->second.change)), std::move(found->second.done)};
    bytes_ -= found->second.bytes;
    put(id, std::move(both));
}

void WriteBehind::write_next(std::unique_lock<std::mutex>& lock) {
    const std::string id = turn_.front();
    turn_.pop_front();
    Waiting next = std::move(waiting_.extract(id).mapped());
    lock.unlock();
    const base::Time began = base::Clock::now();
    base::Result<Written> outcome = Written::done;
    if (next.erase) {
        if (const auto there = store_->erase(id, next.change.owner); !there) outcome = there.error();
    } else {
        outcome = store_->write(id, next.change);
    }
    write_seconds_.Observe(base::seconds(base::Clock::now() - began));
    lock.lock();
    bytes_ -= next.bytes;
    const bool failed = !outcome && outcome.error().code == base::Errc::unavailable;
    take_outcome(failed ? base::Result<void>(outcome.error()) : base::Result<void>());
    if (failed) return put_back(id, std::move(next));
    look_at_bounds();
    if (outcome) {
        writes_.Increment();
    } else {
        dropped_.Increment();
        base::log::warning("session_store.dropped", {{"id", id}, {"because", outcome.error().text}});
    }
    if (!next.done) return;
    lock.unlock();
    next.done(std::move(outcome));
    next = {};
    lock.lock();
}

void WriteBehind::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const base::Time now = base::Clock::now();
        if (ending_ && (turn_.empty() || now >= end_)) break;
        if (!questions_.empty() && !ending_) {
            const auto question = std::move(questions_.front());
            questions_.pop_front();
            lock.unlock();
            question();
            lock.lock();
            continue;
        }
        if (!turn_.empty() && now >= next_try_) {
            write_next(lock);
            continue;
        }
        if (turn_.empty() && now >= next_check_ && !ending_) {
            lock.unlock();
            const auto outcome = store_->check();
            lock.lock();
            take_outcome(outcome);
            continue;
        }
        base::Time until = turn_.empty() ? next_check_ : next_try_;
        if (ending_) until = std::min(until, end_);
        wake_.wait_until(lock, until);
    }
    questions_.clear();
    if (turn_.empty()) return;
    dropped_.Increment(static_cast<double>(turn_.size()));
    base::log::warning("session_store.unwritten", {{"conversations", turn_.size()}});
}

}  // namespace antiphon::store
