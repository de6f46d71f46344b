#include "app/engine_workers.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace antiphon::app {
namespace {

TEST(EngineWorkers, RefuseMoreThanTheQueueHolds) {
    EngineWorkers workers("test", 1, 1);
    std::latch running(1);
    std::latch go_on(1);
    ASSERT_TRUE(workers.submit([&] {
        running.count_down();
        go_on.wait();
    }));
    running.wait();
    EXPECT_TRUE(workers.submit([] {}));
    const auto refused = workers.submit([] {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::overloaded);
    go_on.count_down();
}

TEST(EngineWorkers, CloseWaitsForTheRunningJobAndDropsTheWaitingOne) {
    EngineWorkers workers("test", 1, 4);
    std::latch running(1);
    std::latch go_on(1);
    std::atomic<bool> ended = false;
    std::atomic<bool> waiting_ran = false;
    ASSERT_TRUE(workers.submit([&] {
        running.count_down();
        go_on.wait();
        ended = true;
    }));
    running.wait();
    ASSERT_TRUE(workers.submit([&] { waiting_ran = true; }));
    std::jthread closer([&] {
        workers.close();
        EXPECT_TRUE(ended);
    });
    // The job goes on only when close() has begun, which is what it is refused for then.
    for (;;) {
        const auto taken = workers.submit([&] { waiting_ran = true; });
        if (!taken && taken.error().text == "the server is shutting down") break;
        std::this_thread::yield();
    }
    go_on.count_down();
    closer.join();
    EXPECT_FALSE(waiting_ran);
    const auto refused = workers.submit([] {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::overloaded);
    workers.close();  // once more is fine
}

}  // namespace
}  // namespace antiphon::app
