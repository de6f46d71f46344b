// What every SessionStore must hold, run on the real backends.
//
// A test program includes this once and names its backend:
//     INSTANTIATE_TEST_SUITE_P(Redis, SessionStoreContract, testing::Values(SessionStoreCase{...}));
#pragma once

#include "contract/whole_session.hpp"
#include "store/session_store.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace antiphon::store {

/// A store with a lifetime of 300 ms, which `pass_lifetime` lets go by.
struct SessionStoreBench {
    std::unique_ptr<SessionStore> store;
    std::function<void()> pass_lifetime;
};

struct SessionStoreCase {
    std::string name;
    bool durable;
    /// `lasting`: nothing is to expire in this test.
    std::function<SessionStoreBench(bool lasting)> open;
};
inline void PrintTo(const SessionStoreCase& of, std::ostream* out) { *out << of.name; }

class SessionStoreContract : public testing::TestWithParam<SessionStoreCase> {
protected:
    void SetUp() override { open(true); }
    void open(bool lasting) { bench = GetParam().open(lasting); }
    void write(const SessionChange& change, Written expected = Written::done) {
        const auto outcome = bench.store->write("rtc_1", change);
        ASSERT_TRUE(outcome) << outcome.error().text;
        EXPECT_EQ(static_cast<int>(*outcome), static_cast<int>(expected));
    }
    StoredSession claimed(const std::string& owner = "second") {
        auto session = bench.store->claim("rtc_1", "hash", owner);
        EXPECT_TRUE(session) << session.error().text;
        return session ? *session : StoredSession{};
    }
    void expect_nothing(const std::string& token_hash = "hash") {
        const auto session = bench.store->claim("rtc_1", token_hash, "second");
        ASSERT_FALSE(session);
        EXPECT_EQ(static_cast<int>(session.error().code), static_cast<int>(base::Errc::not_found));
    }
    SessionStoreBench bench;
};

TEST_P(SessionStoreContract, WhatWasWrittenIsThere) {
    EXPECT_EQ(bench.store->durable(), GetParam().durable);
    EXPECT_TRUE(bench.store->check());
    SessionChange change = whole_session("first", {{"a", "1"}, {"b", "2"}, {"c", "3"}});
    change.summary = "so far";
    write(change);
    EXPECT_EQ(claimed(), (StoredSession{*change.settings, "so far", change.items}));
    EXPECT_EQ(claimed(), (StoredSession{*change.settings, "so far", change.items})) << "claiming takes nothing away";
}

TEST_P(SessionStoreContract, ChangesOfAnyKindInAnyPlace) {
    write(whole_session("first", {{"a", "1"}, {"b", "2"}}));
    SessionChange change;
    change.owner = "first";
    change.items = {{"c", "3"}, {"a", "one"}};
    change.removed = {"b"};
    change.order = {{"c", "a"}};
    change.settings = "{}";
    write(change);
    write(change);  // as after an answer that was lost
    EXPECT_EQ(claimed(), (StoredSession{"{}", "", {{"c", "3"}, {"a", "one"}}}));
}

TEST_P(SessionStoreContract, TheWholeTakesThePlaceOfAllBefore) {
    SessionChange first = whole_session("first", {{"a", "1"}, {"b", "2"}});
    first.summary = "old";
    write(first);
    write(whole_session("first", {{"b", "two"}}));
    EXPECT_EQ(claimed(), (StoredSession{*first.settings, "", {{"b", "two"}}}));
}

TEST_P(SessionStoreContract, ItemsMayHaveAnyBytes) {
    std::string all;
    for (int byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    const std::string hostile = "%s%n $9 \r\n*3\r\n$8\r\nFLUSHALL\r\n item:owner";
    const std::vector<StoredItem> items{
        {all, hostile}, {hostile, all}, {"owner", "x"}, {"3:abc", ""}, {"", "empty"}, {"long", std::string(1 << 20, 'x')}};
    write(whole_session("first", items));
    EXPECT_EQ(claimed().items, items);
}

TEST_P(SessionStoreContract, APartOfNothingIsNotWritten) {
    SessionChange change = whole_session("first", {{"a", "1"}});
    change.whole = false;
    write(change, Written::missing);
    expect_nothing();
}

TEST_P(SessionStoreContract, OnlyTheRightTokenClaims) {
    write(whole_session("first", {{"a", "1"}}));
    expect_nothing("hasH");
    expect_nothing("");
    SessionChange tokenless = whole_session("first", {});
    tokenless.token_hash.reset();
    write(tokenless);
    expect_nothing("");
    const auto other = bench.store->claim("rtc_2", "hash", "second");
    EXPECT_FALSE(other);
}

TEST_P(SessionStoreContract, WhoClaimsIsTheOneWhoWrites) {
    write(whole_session("first", {{"a", "1"}}));
    claimed("second");
    write(whole_session("first", {{"a", "late"}}), Written::taken);
    SessionChange change;
    change.owner = "second";
    change.items = {{"b", "2"}};
    change.order = {{"a", "b"}};
    write(change);
    EXPECT_EQ(claimed().items, (std::vector<StoredItem>{{"a", "1"}, {"b", "2"}}));
}

TEST_P(SessionStoreContract, WhatIsErasedStaysErased) {
    write(whole_session("first", {{"a", "1"}}));
    auto there = bench.store->erase("rtc_1", "");
    ASSERT_TRUE(there) << there.error().text;
    EXPECT_TRUE(*there);
    expect_nothing();
    expect_nothing("");
    write(whole_session("first", {{"a", "1"}}), Written::taken);
    expect_nothing();
    there = bench.store->erase("rtc_1", "");
    ASSERT_TRUE(there);
    EXPECT_FALSE(*there) << "there was nothing any more";
    EXPECT_FALSE(*bench.store->erase("rtc_2", ""));
    auto other = bench.store->write("rtc_2", whole_session("first", {}));
    EXPECT_EQ(static_cast<int>(*other), static_cast<int>(Written::done)) << "what never was leaves no mark";
}

TEST_P(SessionStoreContract, AnOwnerErasesOnlyWhatIsStillHis) {
    write(whole_session("first", {{"a", "1"}}));
    claimed("second");
    const auto late = bench.store->erase("rtc_1", "first");
    ASSERT_TRUE(late) << late.error().text;
    EXPECT_FALSE(*late) << "it goes on elsewhere";
    EXPECT_EQ(claimed("second").items, (std::vector<StoredItem>{{"a", "1"}}));
    EXPECT_TRUE(*bench.store->erase("rtc_1", "second"));
    expect_nothing();
    EXPECT_FALSE(*bench.store->erase("rtc_1", "second"));
}

TEST_P(SessionStoreContract, WhatIsNotWrittenForTheLifetimeIsForgotten) {
    open(false);
    write(whole_session("first", {{"a", "1"}}));
    bench.pass_lifetime();
    expect_nothing();
    SessionChange change;
    change.owner = "first";
    write(change, Written::missing);
}

TEST_P(SessionStoreContract, FiveThousandItemsInOneChange) {
    std::vector<StoredItem> items;
    for (int i = 0; i < 5'000; ++i) items.push_back({"item_" + std::to_string(i), "body " + std::to_string(i)});
    write(whole_session("first", items));
    EXPECT_EQ(claimed().items, items);
}

}  // namespace antiphon::store
