#include "base/anchor.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace antiphon::base {
namespace {

struct Owner {
    int touched = 0;
    Anchor<Owner> anchor{this};
};

TEST(Anchor, ATaskReachesAnOwnerThatIsThere) {
    Owner owner;
    const auto task = owner.anchor.handle().tie([](Owner& it) { ++it.touched; });
    task();
    task();
    EXPECT_EQ(owner.touched, 2);
}

TEST(Anchor, ATaskOfAnOwnerThatIsGoneDoesNothing) {
    int ran = 0;
    std::optional<Owner> owner(std::in_place);
    const auto handle = owner->anchor.handle();
    const auto before = handle.tie([&](Owner&) { ++ran; });
    owner.reset();
    const auto after = handle.tie([&](Owner&) { ++ran; });
    before();
    after();
    EXPECT_EQ(ran, 0);
}

TEST(Anchor, DropEndsAllTasksWhileTheOwnerLives) {
    Owner owner;
    const auto task = owner.anchor.handle().tie([](Owner& it) { ++it.touched; });
    owner.anchor.drop();
    task();
    EXPECT_EQ(owner.touched, 0);
}

}  // namespace
}  // namespace antiphon::base
