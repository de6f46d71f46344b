#include "base/asio_strand.hpp"

#include <gtest/gtest.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <atomic>
#include <future>
#include <thread>
#include <vector>

namespace antiphon::base {
namespace {

class AsioStrandTest : public testing::Test {
protected:
    AsioStrandTest() : work_(boost::asio::make_work_guard(io_)), strand_(io_.get_executor()) {
        for (int i = 0; i < 3; ++i) threads_.emplace_back([this] { io_.run(); });
    }
    ~AsioStrandTest() override {
        work_.reset();
        for (auto& thread : threads_) thread.join();
    }

    boost::asio::io_context io_;
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
    AsioStrand strand_;
    std::vector<std::thread> threads_;
};

TEST_F(AsioStrandTest, RunsOneTaskAtATimeInOrder) {
    std::vector<int> order;
    std::atomic<int> inside{0};
    std::atomic<bool> overlapped{false};
    std::promise<void> done;
    for (int i = 0; i < 500; ++i)
        strand_.post([&, i] {
            if (++inside != 1) overlapped = true;
            order.push_back(i);
            --inside;
        });
    strand_.post([&] { done.set_value(); });
    done.get_future().wait();
    EXPECT_FALSE(overlapped);
    ASSERT_EQ(order.size(), 500U);
    EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST_F(AsioStrandTest, APostedTaskRunsAfterItsPosterHasReturned) {
    std::vector<int> order;
    std::promise<void> done;
    strand_.post([&] {
        strand_.post([&] {
            order.push_back(2);
            done.set_value();
        });
        order.push_back(1);
    });
    done.get_future().wait();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST_F(AsioStrandTest, ATimedTaskDoesNotRunEarly) {
    std::promise<Time> ran;
    const Time when = strand_.now() + milliseconds(20);
    strand_.post_at(when, [&] { ran.set_value(strand_.now()); });
    EXPECT_GE(ran.get_future().get(), when);
}

TEST_F(AsioStrandTest, ATimeThatHasPassedIsSoon) {
    std::promise<void> ran;
    strand_.post_at(strand_.now() - milliseconds(1000), [&] { ran.set_value(); });
    ran.get_future().wait();
}

TEST(AsioStrandOnOneThread, KeepsOrderAndTime) {
    boost::asio::io_context io{1};
    AsioStrand strand(AsioStrand::OneThread{io});
    std::vector<int> order;
    Time ran{};
    const Time when = strand.now() + milliseconds(5);
    strand.post_at(when, [&] { ran = strand.now(); });
    strand.post_at(strand.now(), [&] { order.push_back(1); });
    strand.post([&] {
        strand.post([&] { order.push_back(4); });
        order.push_back(2);
    });
    strand.post([&] { order.push_back(3); });
    EXPECT_TRUE(order.empty()) << "nothing runs from within post()";
    io.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2, 3, 4}));
    EXPECT_GE(ran, when);
}

}  // namespace
}  // namespace antiphon::base
