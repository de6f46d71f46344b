#include "edge/media_clock.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::milliseconds;

const base::Time kStart{milliseconds(1'000'000)};

TEST(BeatScheduleTest, BeatsLieOnAnAbsoluteScale) {
    BeatSchedule schedule(kStart);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_EQ(schedule.next(), kStart + i * milliseconds(20));
        schedule.beaten(schedule.next() + milliseconds(i % 7));  // a little late each time
    }
}

TEST(BeatScheduleTest, ALateBeatIsMadeUpForWithoutABurst) {
    BeatSchedule schedule(kStart);
    schedule.beaten(kStart);
    base::Time now = kStart + milliseconds(130);  // the machine was busy
    int beats = 1;
    base::Time last = now;
    schedule.beaten(now);
    for (++beats; now < kStart + milliseconds(400); ++beats) {
        now = schedule.next();
        EXPECT_GE(now - last, milliseconds(10));
        last = now;
        schedule.beaten(now);
    }
    EXPECT_EQ(beats, 1 + (now - kStart) / milliseconds(20)) << "none is missing in the end";
}

TEST(BeatScheduleTest, AHaltOfTheMachineIsForgotten) {
    BeatSchedule schedule(kStart);
    schedule.beaten(kStart);
    const base::Time now = kStart + std::chrono::hours(3);
    schedule.beaten(now);
    EXPECT_EQ(schedule.next(), now + milliseconds(20));
}

struct Counter final : MediaClock::Line {
    void beat(base::Time) override {
        const std::scoped_lock lock(mutex);
        ++beats;
        changed.notify_all();
    }
    bool wait_for(int count) {
        std::unique_lock lock(mutex);
        return changed.wait_for(lock, std::chrono::seconds(20), [&] { return beats >= count; });
    }
    std::mutex mutex;
    std::condition_variable changed;
    int beats = 0;
};

TEST(MediaClockTest, LinesComeAndGo) {
    MediaClock clock;
    const auto one = std::make_shared<Counter>();
    const auto two = std::make_shared<Counter>();
    clock.add(one);
    ASSERT_TRUE(one->wait_for(3));
    clock.add(two);
    ASSERT_TRUE(two->wait_for(3));
    clock.remove(one);
    clock.remove(two);
    // It sleeps, and wakes up again.
    clock.add(two);
    EXPECT_TRUE(two->wait_for(6));
}

TEST(MediaClockTest, GoesWithLinesLeftAndLeavesThem) {
    const auto line = std::make_shared<Counter>();
    {
        MediaClock clock;
        clock.add(line);
        ASSERT_TRUE(line->wait_for(1));
    }
    EXPECT_EQ(line.use_count(), 1);
}

}  // namespace
}  // namespace antiphon::edge
