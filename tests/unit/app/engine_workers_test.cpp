#include "app/engine_workers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace antiphon::app {
namespace {

TEST(EngineWorkers, RefuseMoreThanTheQueueHolds) {
    base::Metrics metrics;
    EngineWorkers workers("test", 1, 1, metrics);
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

TEST(EngineWorkers, CountWhatWaitsRunsAndIsRefused) {
    using testing::HasSubstr;
    base::Metrics metrics;
    EngineWorkers workers("language-model", 1, 1, metrics);
    std::latch running(1);
    std::latch go_on(1);
    ASSERT_TRUE(workers.submit([&] {
        running.count_down();
        go_on.wait();
    }));
    running.wait();
    ASSERT_TRUE(workers.submit([] {}));
    ASSERT_FALSE(workers.submit([] {}));
    const std::string under_way = metrics.text();
    EXPECT_THAT(under_way, HasSubstr("antiphon_engine_threads{engine=\"language_model\"} 1\n"));
    EXPECT_THAT(under_way, HasSubstr("antiphon_engine_queue_limit{engine=\"language_model\"} 1\n"));
    EXPECT_THAT(under_way, HasSubstr("antiphon_engine_busy_threads{engine=\"language_model\"} 1\n"));
    EXPECT_THAT(under_way, HasSubstr("antiphon_engine_waiting_jobs{engine=\"language_model\"} 1\n"));
    EXPECT_THAT(under_way, HasSubstr("antiphon_engine_refused_jobs_total{engine=\"language_model\"} 1\n"));
    EXPECT_THAT(under_way, HasSubstr("antiphon_engine_wait_seconds_count{engine=\"language_model\"} 1\n"));
    go_on.count_down();
    workers.close();  // drops the waiting job, unless it has begun meanwhile
    const std::string closed = metrics.text();
    EXPECT_THAT(closed, HasSubstr("antiphon_engine_busy_threads{engine=\"language_model\"} 0\n"));
    EXPECT_THAT(closed, HasSubstr("antiphon_engine_waiting_jobs{engine=\"language_model\"} 0\n"));
}

TEST(EngineWorkers, CloseWaitsForTheRunningJobAndDropsTheWaitingOne) {
    base::Metrics metrics;
    EngineWorkers workers("test", 1, 4, metrics);
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
