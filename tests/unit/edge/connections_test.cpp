#include "edge/connections.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

struct Counting final : Connection {
    void shut_down() override { ++told; }
    void drain() override { ++drained; }
    int told = 0;
    int drained = 0;
};

TEST(Connections, tells_those_that_are_open_and_those_to_come) {
    const auto connections = Connections::make();
    const auto open = std::make_shared<Counting>();
    const auto gone = std::make_shared<Counting>();
    const auto late = std::make_shared<Counting>();
    const auto entry = connections->add(open);
    connections->add(gone);  // its entry goes at once
    connections->shut_down();
    EXPECT_EQ(open->told, 1);
    EXPECT_EQ(gone->told, 0);
    const auto late_entry = connections->add(late);
    EXPECT_EQ(late->told, 1);
}

TEST(Connections, drains_those_that_are_open_and_those_to_come_without_ending_them) {
    const auto connections = Connections::make();
    const auto open = std::make_shared<Counting>();
    const auto entry = connections->add(open);
    connections->drain();
    EXPECT_EQ(open->drained, 1);
    const auto late = std::make_shared<Counting>();
    const auto late_entry = connections->add(late);
    EXPECT_EQ(late->drained, 1);
    EXPECT_EQ(open->told + late->told, 0);
    connections->shut_down();
    EXPECT_EQ(open->told, 1);
    EXPECT_EQ(open->drained, 1);
}

TEST(Connections, an_entry_may_outlive_the_rest) {
    ConnectionEntry entry;
    {
        const auto connections = Connections::make();
        entry = connections->add(std::make_shared<Counting>());
        connections->shut_down();
    }
    entry.reset();
}

}  // namespace
}  // namespace antiphon::edge
