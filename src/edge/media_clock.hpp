// The one clock of all calls whose sound travels by RTP: a thread that lets each line send its next 20 ms.
//
// thread-safe. The beats lie on an absolute scale, so that no error adds up. A beat that comes late is made up for by
// beats at half the distance, not by a burst.
#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace antiphon::edge {

/// When beats are due. pure.
class BeatSchedule {
public:
    static constexpr base::milliseconds kBeat{20};
    /// The least distance between two beats, while time is made up for.
    static constexpr base::milliseconds kLeast{10};
    /// Of a longer halt nothing is made up for.
    static constexpr base::milliseconds kForgotten{500};

    explicit BeatSchedule(base::Time first) : due_(first), earliest_(first) {}

    base::Time next() const { return std::max(due_, earliest_); }
    /// A beat begins now.
    void beaten(base::Time now);

private:
    base::Time due_;
    base::Time earliest_;
};

class MediaClock {
public:
    class Line {
    public:
        virtual ~Line() = default;
        /// On the clock's thread: must be short, and must neither block nor call the clock.
        virtual void beat(base::Time now) = 0;
    };

    MediaClock();
    /// No beat after this. Lines may be left.
    ~MediaClock();
    MediaClock(const MediaClock&) = delete;
    MediaClock& operator=(const MediaClock&) = delete;

    /// The clock holds the line until it is removed. The thread sleeps while there is none.
    void add(std::shared_ptr<Line> line);
    /// One more beat may be under way when this returns.
    void remove(const std::shared_ptr<Line>& line);

private:
    void run();

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::shared_ptr<Line>> lines_;
    bool closing_ = false;
    std::thread thread_;
};

}  // namespace antiphon::edge
