// Redis is killed in the middle of writing, again and again: what was acknowledged is there afterwards, once.
//
//     ANTIPHON_KILLS=100 contract_store --gtest_filter=StoreKills*     (5 without it)

#include "base/metrics.hpp"
#include "contract/whole_session.hpp"
#include "fakes/redis_server.hpp"
#include "store/redis_store.hpp"
#include "store/write_behind.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::store {
namespace {

constexpr int kCalls = 4;

/// One call that goes on growing. Used from one thread; `acknowledged` comes from the writer's.
struct GrowingCall {
    std::string id;
    std::vector<StoredItem> items;
    std::shared_ptr<std::atomic<std::size_t>> acknowledged = std::make_shared<std::atomic<std::size_t>>(0);
    bool whole = true;

    void grow(WriteBehind& writer) {
        const std::string number = std::to_string(items.size());
        items.push_back({"item_" + number, "what was said in turn " + number + " of " + id});
        SessionChange change = whole_session("me", whole ? items : std::vector<StoredItem>{items.back()});
        change.whole = whole;
        change.order.emplace();
        for (const StoredItem& item : items) change.order->push_back(item.id);
        whole = !writer.write(id, std::move(change), [count = acknowledged, to = items.size()](base::Result<Written> done) {
            if (done && *done == Written::done) *count = to;
        });
    }
};

TEST(StoreKills, NothingAcknowledgedIsLostOrDoubled) {
    const char* wanted = std::getenv("ANTIPHON_KILLS");
    const int kills = wanted == nullptr ? 5 : std::atoi(wanted);
    std::mt19937 random(7);
    fakes::RedisServer server;
    base::Metrics metrics;
    WriteBehindSettings settings;
    settings.first_pause = base::milliseconds(5);
    settings.longest_pause = base::milliseconds(50);
    WriteBehind writer(std::make_unique<RedisStore>(server.by_socket(), base::milliseconds(600'000)), settings, metrics);
    RedisStore reader(server.by_socket(), base::milliseconds(600'000));
    std::size_t acknowledged = 0;
    std::size_t lost = 0;
    std::size_t doubled = 0;
    for (int kill = 0; kill < kills; ++kill) {
        std::vector<GrowingCall> calls(kCalls);
        for (int i = 0; i < kCalls; ++i) calls[static_cast<std::size_t>(i)].id = "rtc_" + std::to_string(kill) + "_" + std::to_string(i);
        std::atomic<bool> over = false;
        std::thread talking([&] {
            while (!over) {
                for (GrowingCall& call : calls)
                    if (call.items.size() < 400) call.grow(writer);
                std::this_thread::sleep_for(base::milliseconds(1));
            }
        });
        std::this_thread::sleep_for(base::milliseconds(20 + random() % 150));
        server.kill();
        std::vector<std::size_t> promised;
        for (const GrowingCall& call : calls) promised.push_back(*call.acknowledged);
        std::this_thread::sleep_for(base::milliseconds(random() % 30));
        over = true;
        talking.join();
        server.start();
        // What came late is written as well, now that it is back.
        const base::Time patience = base::Clock::now() + base::milliseconds(20'000);
        for (const GrowingCall& call : calls)
            while (*call.acknowledged < call.items.size() && base::Clock::now() < patience)
                std::this_thread::sleep_for(base::milliseconds(1));
        for (std::size_t i = 0; i < calls.size(); ++i) {
            const auto session = reader.claim(calls[i].id, "hash", "me");
            ASSERT_TRUE(session) << session.error().text;
            acknowledged += promised[i];
            for (std::size_t n = 0; n < calls[i].items.size(); ++n)
                if (n >= session->items.size() || session->items[n] != calls[i].items[n]) ++lost;
            if (session->items.size() > calls[i].items.size()) doubled += session->items.size() - calls[i].items.size();
        }
    }
    std::printf("%d kills, %zu turns acknowledged before them: %zu lost, %zu doubled\n", kills, acknowledged, lost, doubled);
    EXPECT_GT(acknowledged, static_cast<std::size_t>(kills));
    EXPECT_EQ(lost, 0U);
    EXPECT_EQ(doubled, 0U);
}

}  // namespace
}  // namespace antiphon::store
