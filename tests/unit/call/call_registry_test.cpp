#include "call/call_registry.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace antiphon::call {
namespace {

TEST(CallRegistry, RefusesOneMoreThanItsLimitAndTakesPlacesBack) {
    CallRegistry registry(2);
    auto first = registry.enter();
    auto second = registry.enter();
    ASSERT_TRUE(first && second);
    const auto third = registry.enter();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, base::Errc::overloaded);
    EXPECT_EQ(registry.calls(), 2U);
    EXPECT_EQ(registry.refused(), 1U);
    first->reset();
    EXPECT_TRUE(registry.enter());
}

TEST(CallRegistry, ClosedItTakesNobody) {
    CallRegistry registry(2);
    registry.close();
    EXPECT_FALSE(registry.enter());
    EXPECT_EQ(registry.refused(), 1U);
}

TEST(CallRegistry, APlaceMayOutliveTheRegistry) {
    CallPlace place;
    {
        CallRegistry registry(1);
        place = *registry.enter();
    }
    place.reset();
}

TEST(CallRegistry, HoldsItsLimitUnderThreads) {
    CallRegistry registry(8);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int j = 0; j < 5000; ++j) {
                const auto place = registry.enter();
                EXPECT_LE(registry.calls(), 8U + 4U);  // an attempt that is refused counts for a moment
            }
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(registry.calls(), 0U);
}

}  // namespace
}  // namespace antiphon::call
