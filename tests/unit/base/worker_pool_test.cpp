#include "base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <latch>
#include <set>
#include <stop_token>
#include <thread>

namespace antiphon::base {
namespace {

/// Keeps the pool's only thread busy until released.
class Blocker {
public:
    explicit Blocker(WorkerPool& pool) {
        EXPECT_TRUE(pool.submit([this] {
            started_.count_down();
            release_.wait();
        }));
        started_.wait();
    }
    void release() { release_.count_down(); }

private:
    std::latch started_{1};
    std::latch release_{1};
};

TEST(WorkerPool, RunsJobsInTheOrderTheyCame) {
    std::vector<int> order;
    std::promise<void> done;
    {
        WorkerPool pool("test", 1, 100);
        for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.submit([&order, i] { order.push_back(i); }));
        ASSERT_TRUE(pool.submit([&] { done.set_value(); }));
        done.get_future().wait();
    }
    ASSERT_EQ(order.size(), 50U);
    for (int i = 0; i < 50; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(WorkerPool, RefusesWhenItsQueueIsFullAndTakesAgainLater) {
    WorkerPool pool("stt", 1, 2);
    Blocker blocker(pool);
    std::latch both(2);
    EXPECT_EQ(pool.waiting(), 0U) << "a running job does not wait";
    ASSERT_TRUE(pool.submit([&] { both.count_down(); }));
    ASSERT_TRUE(pool.submit([&] { both.count_down(); }));
    EXPECT_EQ(pool.waiting(), 2U);
    bool ran = false;
    const auto refused = pool.submit([&] { ran = true; });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    EXPECT_EQ(refused.error().text, "the stt queue is full");
    blocker.release();
    both.wait();
    EXPECT_FALSE(ran);
    std::promise<void> later;
    ASSERT_TRUE(pool.submit([&] { later.set_value(); }));
    later.get_future().wait();
}

TEST(WorkerPool, ItsThreadsWorkAtTheSameTime) {
    WorkerPool pool("test", 3, 10);
    std::latch together(3);
    std::latch done(3);
    for (int i = 0; i < 3; ++i)
        ASSERT_TRUE(pool.submit([&] {
            together.arrive_and_wait();  // would wait for ever with fewer threads
            done.count_down();
        }));
    done.wait();
}

TEST(WorkerPool, AJobForIdleTimeRunsOnlyThen) {
    WorkerPool pool("test", 2, 10);
    Blocker blocker(pool);
    const auto refused = pool.submit_spare([](std::stop_token) {});
    ASSERT_FALSE(refused) << "one of its threads is at work";
    EXPECT_EQ(refused.error().code, Errc::overloaded);
    blocker.release();
    std::promise<void> stopped;
    const auto until_stopped = [&](std::stop_token stop) {
        std::promise<void> told;
        const std::stop_callback tell(stop, [&] { told.set_value(); });
        told.get_future().wait();
        stopped.set_value();
    };
    while (!pool.submit_spare(until_stopped)) std::this_thread::yield();
    EXPECT_FALSE(pool.submit_spare([](std::stop_token) {})) << "one at a time";
    std::promise<void> ran;
    ASSERT_TRUE(pool.submit([&] { ran.set_value(); }));
    stopped.get_future().wait();
    ran.get_future().wait();
}

TEST(WorkerPool, TheEndStopsTheJobForIdleTime) {
    std::atomic<bool> stopped{false};
    std::latch begun(1);
    {
        WorkerPool pool("test", 1, 10);
        ASSERT_TRUE(pool.submit_spare([&](std::stop_token stop) {
            begun.count_down();
            std::promise<void> told;
            const std::stop_callback tell(stop, [&] { told.set_value(); });
            told.get_future().wait();
            stopped = true;
        }));
        begun.wait();
    }
    EXPECT_TRUE(stopped);
}

TEST(WorkerPool, AskedForNoThreadItHasOne) {
    WorkerPool pool("test", 0, 1);
    std::promise<void> ran;
    ASSERT_TRUE(pool.submit([&] { ran.set_value(); }));
    ran.get_future().wait();
}

TEST(WorkerPool, TheEndDropsWhatWaitsAndLetsTheRunningJobFinish) {
    std::atomic<bool> finished{false};
    std::atomic<int> waiting_ran{0};
    std::latch started(1);
    std::promise<void> release;
    std::thread releaser;
    {
        WorkerPool pool("test", 1, 10);
        ASSERT_TRUE(pool.submit([&, released = release.get_future().share()] {
            started.count_down();
            released.wait();
            finished = true;
        }));
        started.wait();
        for (int i = 0; i < 10; ++i) ASSERT_TRUE(pool.submit([&] { ++waiting_ran; }));
        // The queue is cleared before the destructor waits for the running job.
        releaser = std::thread([&] {
            while (pool.waiting() != 0) std::this_thread::yield();
            release.set_value();
        });
    }
    releaser.join();
    EXPECT_TRUE(finished);
    EXPECT_EQ(waiting_ran, 0);
}

TEST(WorkerPool, TakesJobsFromManyThreads) {
    std::atomic<int> accepted{0};
    std::atomic<int> refused{0};
    std::atomic<int> ran{0};
    {
        WorkerPool pool("test", 2, 16);
        std::vector<std::thread> callers;
        for (int i = 0; i < 4; ++i)
            callers.emplace_back([&] {
                for (int j = 0; j < 500; ++j) ++(pool.submit([&] { ++ran; }) ? accepted : refused);
            });
        for (auto& caller : callers) caller.join();
        while (pool.waiting() != 0) std::this_thread::yield();
    }
    EXPECT_EQ(accepted + refused, 2000);
    EXPECT_EQ(ran, accepted);
}

}  // namespace
}  // namespace antiphon::base
