#include "contract/session_store_contract.hpp"
#include "fakes/redis_server.hpp"
#include "store/memory_store.hpp"
#include "store/redis_store.hpp"

#include <memory>
#include <thread>
#include <utility>

namespace antiphon::store {
namespace {

SessionStoreBench open_memory(bool) {
    auto now = std::make_shared<base::Time>();
    auto store = std::make_unique<MemoryStore>(base::milliseconds(300), [now] { return *now; });
    return {std::move(store), [now] { *now += base::milliseconds(300); }};
}

template <bool kSocket>
SessionStoreBench open_redis(bool lasting) {
    auto server = std::make_shared<fakes::RedisServer>();
    const auto address = kSocket ? server->by_socket() : server->by_port();
    auto store = std::make_unique<RedisStore>(address, lasting ? base::milliseconds(600'000) : base::milliseconds(300));
    return {std::move(store), [server] {
                while (server->ask({"EXISTS", "antiphon:session:rtc_1"}).integer == 1)
                    std::this_thread::sleep_for(base::milliseconds(20));
            }};
}

INSTANTIATE_TEST_SUITE_P(Memory, SessionStoreContract, testing::Values(SessionStoreCase{"memory", false, open_memory}));

INSTANTIATE_TEST_SUITE_P(Redis, SessionStoreContract,
                         testing::Values(SessionStoreCase{"socket", true, open_redis<true>},
                                         SessionStoreCase{"port", true, open_redis<false>}));

}  // namespace
}  // namespace antiphon::store
