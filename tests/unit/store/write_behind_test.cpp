#include "store/write_behind.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::store {
namespace {

using std::chrono::seconds;

/// Does as it is told, and remembers what it was asked. thread-safe.
struct ScriptedStore final : SessionStore {
    struct Memory {
        std::mutex mutex;
        std::condition_variable changed;
        bool away = false;    ///< nothing succeeds
        bool held = false;    ///< write() waits
        int inside = 0;       ///< calls of write() that wait
        int tries = 0;
        Written answer = Written::done;
        std::vector<std::pair<std::string, SessionChange>> writes;
        std::vector<std::string> erased;

        template <typename Change>
        void set(Change change) {
            {
                const std::scoped_lock lock(mutex);
                change(*this);
            }
            changed.notify_all();
        }
        template <typename Ready>
        void wait(Ready ready) {
            std::unique_lock lock(mutex);
            ASSERT_TRUE(changed.wait_for(lock, seconds(20), [&] { return ready(*this); }));
        }
    };
    explicit ScriptedStore(std::shared_ptr<Memory> shared) : memory(std::move(shared)) {}

    bool durable() const noexcept override { return true; }
    base::Result<Written> write(const std::string& id, const SessionChange& change) override {
        std::unique_lock lock(memory->mutex);
        ++memory->tries;
        ++memory->inside;
        memory->changed.notify_all();
        memory->changed.wait(lock, [&] { return !memory->held; });
        --memory->inside;
        memory->changed.notify_all();
        if (memory->away) return base::error(base::Errc::unavailable, "it is away");
        if (id == "never") return base::error(base::Errc::invalid, "it will never be written");
        memory->writes.emplace_back(id, change);
        return memory->answer;
    }
    base::Result<StoredSession> claim(const std::string& id, const std::string&, const std::string&) override {
        const std::scoped_lock lock(memory->mutex);
        if (memory->away) return base::error(base::Errc::unavailable, "it is away");
        return StoredSession{id, "", {}};
    }
    base::Result<bool> erase(const std::string& id, const std::string& owner) override {
        const std::scoped_lock lock(memory->mutex);
        if (memory->away) return base::error(base::Errc::unavailable, "it is away");
        memory->erased.push_back(owner.empty() ? id : id + " of " + owner);
        memory->changed.notify_all();
        return true;
    }
    base::Result<void> check() override {
        const std::scoped_lock lock(memory->mutex);
        ++memory->tries;
        memory->changed.notify_all();
        if (memory->away) return base::error(base::Errc::unavailable, "it is away");
        return {};
    }

    std::shared_ptr<Memory> memory;
};

SessionChange item(const std::string& id, const std::string& body) {
    SessionChange change;
    change.owner = "me";
    change.items = {{id, body}};
    return change;
}

class WriteBehindTest : public testing::Test {
protected:
    WriteBehindTest() {
        settings.first_pause = base::milliseconds(1);
        settings.longest_pause = base::milliseconds(4);
        settings.check_interval = base::milliseconds(1);
    }
    WriteBehind& start() {
        writer = std::make_unique<WriteBehind>(std::make_unique<ScriptedStore>(memory), settings, metrics);
        return *writer;
    }
    /// Hands the change on; the future is its outcome.
    std::future<base::Result<Written>> hand(const std::string& id, SessionChange change) {
        auto promise = std::make_shared<std::promise<base::Result<Written>>>();
        EXPECT_TRUE(writer->write(id, std::move(change), [promise](base::Result<Written> done) { promise->set_value(done); }));
        return promise->get_future();
    }
    static Written outcome(std::future<base::Result<Written>>& future) {
        EXPECT_EQ(future.wait_for(seconds(20)), std::future_status::ready);
        return *future.get();
    }
    /// The writer hangs in its store with a first change.
    void hang() {
        memory->set([](auto& m) { m.held = true; });
        hand("first", item("a", "1"));
        memory->wait([](auto& m) { return m.inside == 1; });
    }
    void let_go() {
        memory->set([](auto& m) { m.held = false; });
    }
    double metric(const std::string& name) const {
        const std::string text = metrics.text();
        const auto at = text.find("\n" + name + " ");
        return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
    }

    std::shared_ptr<ScriptedStore::Memory> memory = std::make_shared<ScriptedStore::Memory>();
    WriteBehindSettings settings;
    base::Metrics metrics;
    std::unique_ptr<WriteBehind> writer;
};

TEST_F(WriteBehindTest, WhatIsAcknowledgedWasWritten) {
    start();
    auto done = hand("s", item("a", "1"));
    EXPECT_EQ(outcome(done), Written::done);
    ASSERT_EQ(memory->writes.size(), 1U);
    EXPECT_EQ(memory->writes[0].second.items, (std::vector<StoredItem>{{"a", "1"}}));
    EXPECT_EQ(metric("antiphon_session_writes_total"), 1);
}

TEST_F(WriteBehindTest, OthersAreNotHeldUpByAStoreThatHangs) {
    start();
    hang();
    // All of this returns while the store hangs.
    hand("s", item("a", "1"));
    hand("s", item("b", "2"));
    auto last = hand("s", item("a", "one"));
    EXPECT_EQ(metric("antiphon_session_writes_waiting"), 1);
    let_go();
    EXPECT_EQ(outcome(last), Written::done);
    ASSERT_EQ(memory->writes.size(), 2U) << "three changes of one session were one write";
    EXPECT_EQ(memory->writes[1].second.items, (std::vector<StoredItem>{{"a", "one"}, {"b", "2"}}));
}

TEST_F(WriteBehindTest, TriesAgainUntilTheStoreIsBackAndLosesNothing) {
    memory->away = true;
    WriteBehind& writes = start();
    auto first = hand("s", item("a", "1"));
    memory->wait([](auto& m) { return m.tries > 4; });
    EXPECT_FALSE(writes.state().ok);
    EXPECT_EQ(writes.state().reason, "it is away");
    EXPECT_EQ(metric("antiphon_session_store_ok"), 0);
    auto second = hand("s", item("b", "2"));
    memory->set([](auto& m) { m.away = false; });
    EXPECT_EQ(outcome(second), Written::done);
    memory->wait([](auto& m) { return m.tries > 0; });
    const std::scoped_lock lock(memory->mutex);
    std::map<std::string, std::string> stored;
    for (const auto& [id, change] : memory->writes)
        for (const StoredItem& one : change.items) stored[one.id] = one.body;
    EXPECT_EQ(stored, (std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}}));
}

TEST_F(WriteBehindTest, ABadStoreIsNoticedWithNothingToWriteAndSoIsItsReturn) {
    WriteBehind& writes = start();
    memory->set([](auto& m) { m.away = true; });
    const auto until = [&](bool ok) {
        memory->wait([&, before = memory->tries](auto& m) { return m.tries >= before + 3; });
        return writes.state().ok == ok;
    };
    EXPECT_TRUE(until(false));
    memory->set([](auto& m) { m.away = false; });
    EXPECT_TRUE(until(true));
    EXPECT_EQ(writes.state().reason, "");
}

TEST_F(WriteBehindTest, WhatFindsNoRoomIsRefusedAndCounted) {
    settings.max_bytes = 4'000;
    WriteBehind& writes = start();
    hang();
    const auto refused = writes.write("s", item("a", std::string(5'000, 'x')), nullptr);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::overloaded);
    EXPECT_EQ(metric("antiphon_session_writes_dropped_total"), 1);
    let_go();
    auto small = hand("s", item("a", "1"));
    EXPECT_EQ(outcome(small), Written::done);
    EXPECT_EQ(metric("antiphon_session_writes_waiting_bytes"), 0);
}

TEST_F(WriteBehindTest, WhatWillNeverBeWrittenHoldsNobodyUp) {
    start();
    auto never = hand("never", item("a", "1"));
    auto other = hand("s", item("a", "1"));
    EXPECT_EQ(outcome(other), Written::done);
    ASSERT_EQ(never.wait_for(seconds(20)), std::future_status::ready);
    EXPECT_EQ(never.get().error().code, base::Errc::invalid);
    EXPECT_EQ(metric("antiphon_session_writes_dropped_total"), 1);
}

TEST_F(WriteBehindTest, WhatIsForgottenIsErasedOnceTheStoreIsBack) {
    WriteBehind& writes = start();
    hang();
    hand("s", item("a", "1"));
    writes.forget("s", "me");
    EXPECT_TRUE(writes.write("s", item("b", "2"), nullptr)) << "too late, and no fault";
    let_go();
    memory->wait([](auto& m) { return m.erased == std::vector<std::string>{"s of me"}; });
    EXPECT_EQ(memory->writes.size(), 1U) << "only the first session was written";
}

TEST_F(WriteBehindTest, QuestionsComeFirstAndAreBounded) {
    settings.max_questions = 2;
    WriteBehind& writes = start();
    hang();
    hand("s", item("a", "1"));
    std::promise<std::string> claimed;
    std::promise<bool> erased;
    EXPECT_TRUE(writes.claim("c", "hash", "me", [&](base::Result<StoredSession> s) { claimed.set_value(s->settings); }));
    EXPECT_TRUE(writes.erase("s", [&](base::Result<bool> there) { erased.set_value(*there); }));
    EXPECT_EQ(writes.erase("more", nullptr).error().code, base::Errc::overloaded);
    let_go();
    EXPECT_EQ(claimed.get_future().get(), "c");
    EXPECT_TRUE(erased.get_future().get());
    auto after = hand("t", item("a", "1"));
    EXPECT_EQ(outcome(after), Written::done);
    for (const auto& [id, change] : memory->writes) EXPECT_NE(id, "s") << "it was erased before its turn";
}

TEST_F(WriteBehindTest, TheEndWritesWhatWaits) {
    WriteBehind& writes = start();
    hang();
    auto last = hand("s", item("a", "1"));
    std::thread ending([&] { writes.close(seconds(20)); });
    let_go();
    ending.join();
    EXPECT_EQ(memory->writes.size(), 2U);
    EXPECT_EQ(outcome(last), Written::done);
    EXPECT_FALSE(writes.write("s", item("b", "2"), nullptr));
    writes.close(seconds(0));
}

TEST_F(WriteBehindTest, TheEndDoesNotWaitForAStoreThatIsAway) {
    memory->away = true;
    WriteBehind& writes = start();
    bool called = false;
    EXPECT_TRUE(writes.write("s", item("a", "1"), [&](base::Result<Written>) { called = true; }));
    writes.close(base::milliseconds(0));
    EXPECT_FALSE(called);
    EXPECT_EQ(metric("antiphon_session_writes_dropped_total"), 1);
}

TEST(MergedChanges, TheLaterCounts) {
    SessionChange older = item("a", "1");
    older.items.push_back({"b", "2"});
    older.removed = {"c"};
    older.settings = "old";
    older.order = {{"a", "b"}};
    SessionChange newer = item("c", "3");
    newer.removed = {"b", "d"};
    newer.order = {{"a", "c"}};
    const SessionChange both = merged(older, newer);
    EXPECT_EQ(both.items, (std::vector<StoredItem>{{"a", "1"}, {"c", "3"}}));
    EXPECT_EQ(both.removed, (std::vector<std::string>{"b", "d"}));
    EXPECT_EQ(both.settings, "old");
    EXPECT_EQ(both.order, newer.order);
    EXPECT_FALSE(both.whole);
    older.whole = true;
    EXPECT_TRUE(merged(older, newer).whole);
    newer.whole = true;
    EXPECT_EQ(merged(older, newer).settings, std::nullopt) << "the whole leaves nothing of before";
}

}  // namespace
}  // namespace antiphon::store
