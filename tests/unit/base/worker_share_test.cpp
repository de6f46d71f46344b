#include "base/worker_share.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <utility>

namespace antiphon::base {
namespace {

/// A pool that runs what it has when it is told to.
class ManualPool final : public Workers {
public:
    Result<void> submit(Job job) override {
        if (full) return error(Errc::overloaded, "full");
        jobs.push_back(std::move(job));
        return {};
    }
    void run_one() {
        Job job = std::move(jobs.front());
        jobs.pop_front();
        job();
    }
    bool full = false;
    std::deque<Job> jobs;
};

TEST(WorkerShare, GivesThePoolOnlyItsPart) {
    ManualPool pool;
    WorkerShare share(pool, 2, 2);
    int ran = 0;
    for (int i = 0; i < 4; ++i) ASSERT_TRUE(share.submit([&] { ++ran; }));
    EXPECT_EQ(pool.jobs.size(), 2U);
    const auto fifth = share.submit([&] { ++ran; });
    ASSERT_FALSE(fifth);
    EXPECT_EQ(fifth.error().code, Errc::overloaded);
    pool.run_one();
    EXPECT_EQ(pool.jobs.size(), 2U) << "a waiting one takes the place";
    while (!pool.jobs.empty()) pool.run_one();
    EXPECT_EQ(ran, 4);
    EXPECT_TRUE(share.submit([&] { ++ran; }));
    pool.run_one();
    EXPECT_EQ(ran, 5);
}

TEST(WorkerShare, APoolThatIsFullTakesNoPlaceAway) {
    ManualPool pool;
    WorkerShare share(pool, 1, 1);
    pool.full = true;
    EXPECT_FALSE(share.submit([] {}));
    pool.full = false;
    EXPECT_TRUE(share.submit([] {}));
    EXPECT_EQ(pool.jobs.size(), 1U);
}

TEST(WorkerShare, DropsWaitingJobsThatThePoolRefuses) {
    ManualPool pool;
    WorkerShare share(pool, 1, 2);
    const auto owned = std::make_shared<int>(1);
    ASSERT_TRUE(share.submit([] {}));
    ASSERT_TRUE(share.submit([owned] {}));
    ASSERT_TRUE(share.submit([owned] {}));
    pool.full = true;
    pool.run_one();
    EXPECT_EQ(owned.use_count(), 1);
    pool.full = false;
    EXPECT_TRUE(share.submit([] {})) << "the place is free again";
}

TEST(WorkerShare, CloseDropsWhatWaits) {
    ManualPool pool;
    WorkerShare share(pool, 1, 2);
    const auto owned = std::make_shared<int>(1);
    ASSERT_TRUE(share.submit([] {}));
    ASSERT_TRUE(share.submit([owned] {}));
    share.close();
    EXPECT_EQ(owned.use_count(), 1);
    EXPECT_FALSE(share.submit([] {}));
    pool.run_one();
    EXPECT_TRUE(pool.jobs.empty());
}

TEST(WorkerShare, AJobMayOutliveIt) {
    ManualPool pool;
    {
        WorkerShare share(pool, 1, 1);
        ASSERT_TRUE(share.submit([] {}));
    }
    pool.run_one();
}

}  // namespace
}  // namespace antiphon::base
