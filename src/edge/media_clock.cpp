#include "edge/media_clock.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <utility>

namespace antiphon::edge {
namespace {

/// base::Clock is CLOCK_MONOTONIC on Linux, with the same epoch. Waiting on a condition variable would wake up later.
void sleep_until(base::Time when) {
    const auto whole = std::chrono::floor<std::chrono::seconds>(when.time_since_epoch());
    const auto rest = std::chrono::duration_cast<std::chrono::nanoseconds>(when.time_since_epoch() - whole);
    const timespec at{static_cast<std::time_t>(whole.count()), static_cast<long>(rest.count())};
    while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, nullptr) == EINTR) {
    }
}

/// Ahead of the engines, which take every core for as long as they have work: a beat that waits for them is heard. Where
/// the process has no right to it (CAP_SYS_NICE, or the limits `rtprio` and `nice`), it stays as it is.
void take_precedence() {
    const sched_param least{::sched_get_priority_min(SCHED_RR)};
    if (::sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &least) == 0) return;
    constexpr int kNice = -10;
    [[maybe_unused]] const int refused = ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
}

}  // namespace

void BeatSchedule::beaten(base::Time now) {
    due_ += kBeat;
    if (now - due_ > kForgotten) due_ = now + kBeat;
    earliest_ = now + kLeast;
}

MediaClock::MediaClock() : thread_([this] { run(); }) { ::pthread_setname_np(thread_.native_handle(), "media-clock"); }

MediaClock::~MediaClock() {
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void MediaClock::add(std::shared_ptr<Line> line) {
    {
        const std::scoped_lock lock(mutex_);
        lines_.push_back(std::move(line));
    }
    changed_.notify_one();
}

void MediaClock::remove(const std::shared_ptr<Line>& line) {
    const std::scoped_lock lock(mutex_);
    std::erase(lines_, line);
}

void MediaClock::run() {
    take_precedence();
    std::vector<std::shared_ptr<Line>> lines;
    for (;;) {
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, [this] { return closing_ || !lines_.empty(); });
            if (closing_) return;
        }
        BeatSchedule schedule(base::Clock::now() + BeatSchedule::kBeat);
        for (;;) {
            sleep_until(schedule.next());
            {
                const std::scoped_lock lock(mutex_);
                if (closing_) return;
                lines = lines_;
            }
            if (lines.empty()) break;
            const base::Time now = base::Clock::now();
            schedule.beaten(now);
            for (const auto& line : lines) line->beat(now);
            lines.clear();
        }
    }
}

}  // namespace antiphon::edge
