// With notes in memory in place of Redis; tests/contract/store_notes_test.cpp and tests/wire/test_shared_secrets.py have it.
#include "edge/shared_secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

struct SomeNotes {
    std::mutex mutex;
    std::map<std::string, std::string> kept;
    std::vector<base::milliseconds> lives;
    int asked = 0;
    bool away = false;
};

class NotesInMemory final : public store::Notes {
public:
    explicit NotesInMemory(std::shared_ptr<SomeNotes> notes) : notes_(std::move(notes)) {}

    base::Result<void> keep(const std::string& name, const std::string& value, base::milliseconds life) override {
        const std::scoped_lock lock(notes_->mutex);
        if (auto there = look(); !there) return there;
        notes_->kept[name] = value;
        notes_->lives.push_back(life);
        return {};
    }
    base::Result<std::optional<std::string>> read(const std::string& name) override {
        const std::scoped_lock lock(notes_->mutex);
        if (auto there = look(); !there) return there.error();
        const auto found = notes_->kept.find(name);
        return found == notes_->kept.end() ? std::optional<std::string>() : std::optional(found->second);
    }
    base::Result<bool> remove(const std::string& name) override {
        const std::scoped_lock lock(notes_->mutex);
        if (auto there = look(); !there) return there.error();
        return notes_->kept.erase(name) == 1;
    }

private:
    base::Result<void> look() {
        ++notes_->asked;
        if (notes_->away) return base::error(base::Errc::unavailable, "away");
        return {};
    }
    const std::shared_ptr<SomeNotes> notes_;
};

struct Process {
    explicit Process(const std::shared_ptr<SomeNotes>& notes, std::size_t most = 1'000)
        : shared(here, std::make_unique<NotesInMemory>(notes), most) {}

    template <typename T, typename Ask>
    static base::Result<T> wait(Ask ask) {
        auto promise = std::make_shared<std::promise<base::Result<T>>>();
        auto future = promise->get_future();
        ask([promise](base::Result<T> result) { promise->set_value(std::move(result)); });
        return future.get();
    }
    base::Result<std::string> make(PreparedCall call = {"shop", "tiny", "{}", {"https://shop.example", "desk"}},
                                   base::Duration life = seconds(60)) {
        return wait<std::string>([&](auto done) { shared.make(std::move(call), life, done); });
    }
    base::Result<PreparedCall> take(const std::string& secret, const std::string& origin = "https://shop.example") {
        return wait<PreparedCall>([&](auto done) { shared.take(secret, origin, done); });
    }
    base::Result<SecretBinding> look_at(const std::string& secret) {
        return wait<SecretBinding>([&](auto done) { shared.look_at(secret, done); });
    }

    ClientSecrets here;
    SharedSecrets shared;
};

template <typename T>
int code_of(const base::Result<T>& result) {
    return result ? -1 : static_cast<int>(result.error().code);
}
constexpr int kNotFound = static_cast<int>(base::Errc::not_found);
constexpr int kConflict = static_cast<int>(base::Errc::conflict);
constexpr int kUnavailable = static_cast<int>(base::Errc::unavailable);
constexpr int kOverloaded = static_cast<int>(base::Errc::overloaded);

class SharedSecretsTest : public ::testing::Test {
protected:
    std::shared_ptr<SomeNotes> notes = std::make_shared<SomeNotes>();
    Process maker{notes};
    Process taker{notes};
};

TEST_F(SharedSecretsTest, WhatOneMakesAnotherTakesOnce) {
    const auto secret = maker.make();
    ASSERT_TRUE(secret);
    const auto binding = taker.look_at(*secret);
    ASSERT_TRUE(binding);
    EXPECT_EQ(binding->origin, "https://shop.example");
    EXPECT_EQ(binding->key, "desk");
    const auto call = taker.take(*secret);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->agent, "shop");
    EXPECT_EQ(call->model, "tiny");
    EXPECT_EQ(call->session, "{}");
    EXPECT_EQ(call->binding.key, "desk");
    for (Process* process : {&maker, &taker}) {
        EXPECT_EQ(code_of(process->take(*secret)), kNotFound);
        EXPECT_EQ(code_of(process->look_at(*secret)), kNotFound);
    }
}

TEST_F(SharedSecretsTest, AnotherOriginIsRefusedAndLeavesItGood) {
    const auto secret = maker.make();
    EXPECT_EQ(code_of(taker.take(*secret, "https://evil.example")), kConflict);
    EXPECT_EQ(code_of(taker.take(*secret, "")), kConflict);
    EXPECT_TRUE(taker.take(*secret));
}

TEST_F(SharedSecretsTest, OfManyThreadsAndProcessesOneTakesIt) {
    const std::string secret = *maker.make();
    std::atomic<int> taken = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&, i] {
                if ((i % 2 == 0 ? maker : taker).take(secret)) ++taken;
            });
    }
    EXPECT_EQ(taken, 1);
}

TEST_F(SharedSecretsTest, KeepItsHashAloneAndNoLongerThanItIsGood) {
    const std::string secret = *maker.make({}, seconds(7'200));
    EXPECT_EQ(notes->lives, std::vector<base::milliseconds>{base::milliseconds(60'000)});
    for (const auto& [name, value] : notes->kept) {
        EXPECT_THAT(name, Not(HasSubstr(secret.substr(3))));
        EXPECT_THAT(value, Not(HasSubstr(secret.substr(3))));
    }
}

TEST_F(SharedSecretsTest, WhatIsNoneOfOursOpensNothing) {
    for (const char* value : {"", "{", "[]", "{}", R"({"agent":1,"model":"","session":"","origin":"","key":""})"}) {
        const std::string secret = *maker.make();
        for (auto& [name, kept] : notes->kept) kept = value;
        EXPECT_EQ(code_of(taker.take(secret)), kNotFound) << value;
        notes->kept.clear();
    }
}

TEST_F(SharedSecretsTest, WhatCannotBeASecretIsNotAskedFor) {
    const std::string real = *maker.make();
    const int before = notes->asked;
    for (const std::string& forged : {std::string(), std::string("ek_"), real + "0", real.substr(1), "ak_" + real.substr(3)})
        EXPECT_EQ(code_of(taker.take(forged)), kNotFound) << forged;
    EXPECT_EQ(notes->asked, before);
    EXPECT_EQ(code_of(taker.take("ek_" + std::string(real.size() - 3, '0'))), kNotFound);
    EXPECT_EQ(notes->asked, before + 1);
}

TEST_F(SharedSecretsTest, WithoutNotesTheyAreGoodHereAndNotKnownElsewhere) {
    const std::string before = *maker.make();
    notes->away = true;
    const auto here = maker.make();
    ASSERT_TRUE(here);
    EXPECT_EQ(code_of(taker.take(*here)), kUnavailable);
    EXPECT_TRUE(maker.take(*here));
    EXPECT_EQ(code_of(maker.take(before)), kUnavailable);
    const int asked = notes->asked;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(code_of(taker.take(before)), kUnavailable);
    EXPECT_EQ(notes->asked, asked) << "what has just failed is left alone for a while";
}

TEST_F(SharedSecretsTest, AreBoundedForEachProcess) {
    Process small(notes, 2);
    EXPECT_TRUE(small.make());
    EXPECT_TRUE(small.make());
    EXPECT_EQ(code_of(small.make()), kOverloaded);
    EXPECT_TRUE(maker.make()) << "another has room";
}

TEST_F(SharedSecretsTest, AfterCloseNothingIsCalledBack) {
    maker.shared.close();
    bool called = false;
    maker.shared.make({}, seconds(60), [&](const auto&) { called = true; });
    EXPECT_FALSE(called);
}

}  // namespace
}  // namespace antiphon::edge
