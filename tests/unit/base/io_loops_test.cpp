#include "base/io_loops.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace antiphon::base {
namespace {

/// The loop whose thread runs the strand's tasks.
std::size_t loop_of(IoLoops& loops, const AsioStrand& strand) {
    for (std::size_t i = 0; i < loops.count(); ++i)
        if (strand.executor() == boost::asio::any_io_executor(loops.at(i).get_executor())) return i;
    return loops.count();
}

TEST(IoLoops, ThereIsAtLeastOne) {
    EXPECT_EQ(IoLoops(0).count(), 1U);
    EXPECT_EQ(IoLoops(3).count(), 3U);
}

TEST(IoLoops, StrandsGoWhereTheFewestAre) {
    IoLoops loops(2);
    std::vector<std::shared_ptr<AsioStrand>> strands;
    for (int i = 0; i < 6; ++i) strands.push_back(loops.make_strand());
    std::vector<std::size_t> count(2);
    for (const auto& strand : strands) ++count.at(loop_of(loops, *strand));
    EXPECT_EQ(count, (std::vector<std::size_t>{3, 3}));

    // Those of the second loop end: the next three go there.
    std::erase_if(strands, [&](const auto& strand) { return loop_of(loops, *strand) == 1; });
    for (int i = 0; i < 3; ++i) {
        strands.push_back(loops.make_strand());
        EXPECT_EQ(loop_of(loops, *strands.back()), 1U);
    }
}

TEST(IoLoops, AStrandStaysOnItsThread) {
    IoLoops loops(2);
    const auto one = loops.make_strand();
    const auto other = loops.make_strand();
    std::vector<std::thread::id> seen[2];
    for (int i = 0; i < 100; ++i) {
        one->post([&] { seen[0].push_back(std::this_thread::get_id()); });
        other->post([&] { seen[1].push_back(std::this_thread::get_id()); });
    }
    {
        std::jthread first([&] { loops.at(0).run(); });
        std::jthread second([&] { loops.at(1).run(); });
    }
    for (const auto& threads : seen) {
        ASSERT_EQ(threads.size(), 100U);
        for (const auto id : threads) EXPECT_EQ(id, threads.front());
    }
    EXPECT_NE(seen[0].front(), seen[1].front());
}

}  // namespace
}  // namespace antiphon::base
