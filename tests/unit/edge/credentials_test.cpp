#include "edge/credentials.hpp"

#include "edge/access_keys.hpp"
#include "edge/client_secrets.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace antiphon::edge {
namespace {

using std::chrono::seconds;

std::string_view secret_in(std::string_view authorization, std::string_view subprotocols) {
    return presented(kSecretPrefix, {authorization, subprotocols, ""});
}

TEST(Credentials, AreFoundWhereClientsPutThem) {
    EXPECT_EQ(secret_in("Bearer ek_1", ""), "ek_1");
    EXPECT_EQ(secret_in("bearer  ek_1 ", ""), "ek_1");
    EXPECT_EQ(secret_in("", "realtime, openai-insecure-api-key.ek_2"), "ek_2");
    EXPECT_EQ(secret_in("", "openai-insecure-api-key.ek_2,realtime"), "ek_2");
    EXPECT_EQ(secret_in("Bearer sk-1", "openai-insecure-api-key.sk-2"), "") << "one of another kind is not looked at";
    EXPECT_EQ(secret_in("Bearer sk-1", "openai-insecure-api-key.ek_2"), "ek_2");
    EXPECT_EQ(secret_in("Basic ek_1", "realtime, ek_2"), "");
    EXPECT_EQ(secret_in("", ""), "");
    EXPECT_EQ(secret_in("Bearer", ",,"), "");
    EXPECT_EQ(presented(kKeyPrefix, {"Bearer ek_1", "openai-insecure-api-key.ak_2", ""}), "ak_2");
    EXPECT_FALSE(presents_something({"", "realtime", ""}));
    EXPECT_TRUE(presents_something({"Basic x", "", ""}));
    EXPECT_TRUE(presents_something({"", "openai-insecure-api-key.x", ""}));
}

TEST(AccessKeys, AreRandomAndKeptAsHashes) {
    std::set<std::string> made;
    for (int i = 0; i < 1'000; ++i) made.insert(make_access_key());
    EXPECT_EQ(made.size(), 1'000U);
    for (const std::string& key : made) EXPECT_EQ(key.size(), 67U);
    // NIST's example for SHA-256 of "abc" (FIPS 180-2, appendix B.1).
    EXPECT_EQ(in_hex(hash_of_key("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(hash_from_hex(in_hex(hash_of_key("abc"))), hash_of_key("abc"));
    EXPECT_EQ(hash_from_hex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"), hash_of_key("abc"));
    for (const std::string& wrong : {std::string(), std::string(63, 'a'), std::string(65, 'a'), std::string(64, 'g')})
        EXPECT_FALSE(hash_from_hex(wrong)) << wrong;
}

TEST(AccessKeys, KnowTheirOwnAndNoOther) {
    const std::string key = make_access_key();
    const AccessKeys keys({{"one", hash_of_key(key)}, {"two", hash_of_key(make_access_key())}});
    EXPECT_EQ(keys.name_of(key), "one");
    EXPECT_TRUE(keys.knows("two"));
    EXPECT_FALSE(keys.knows(""));
    for (std::size_t at = 0; at < key.size(); ++at) {
        std::string forged = key;
        forged[at] = forged[at] == 'a' ? 'b' : 'a';
        EXPECT_FALSE(keys.name_of(forged)) << at;
    }
    EXPECT_FALSE(keys.name_of(""));
    EXPECT_FALSE(keys.name_of(key + "a"));
    EXPECT_FALSE(keys.name_of(in_hex(hash_of_key(key)))) << "a hash that was stolen is no key";
    EXPECT_FALSE(AccessKeys().name_of(key));
}

/// One token that could pass for a real one: random, cut, lengthened, changed in one place, or used up already.
class Forger {
public:
    std::string next(std::string_view prefix, const std::vector<std::string>& real) {
        const std::string& model = real[random_() % real.size()];
        switch (random_() % 5) {
            case 0: return std::string(prefix) + letters(model.size() - prefix.size());
            case 1: return model.substr(0, random_() % model.size());
            case 2: return model + letters(1 + random_() % 4);
            case 3: {
                std::string changed = model;
                char& letter = changed[prefix.size() + random_() % (model.size() - prefix.size())];
                letter = letter == '0' ? '1' : '0';
                return changed;
            }
            default: return model.substr(0, prefix.size()) + std::string(model.rbegin(), model.rend() - static_cast<std::ptrdiff_t>(prefix.size())) + "0";
        }
    }

private:
    std::string letters(std::size_t count) {
        std::string text;
        while (text.size() < count) text += "0123456789abcdefghijklmnopqrstuvwxyz"[random_() % 36];
        return text;
    }
    std::mt19937 random_{20261123};
};

constexpr int kForgeries = 100'000;

TEST(Forgeries, OfAHundredThousandKeysNoneIsAccepted) {
    std::vector<std::string> real;
    std::vector<AccessKey> kept;
    for (int i = 0; i < 20; ++i) {
        real.push_back(make_access_key());
        kept.push_back({"key" + std::to_string(i), hash_of_key(real.back())});
    }
    const AccessKeys keys(std::move(kept));
    Forger forger;
    int accepted = 0;
    for (int i = 0; i < kForgeries; ++i) accepted += keys.name_of(forger.next(kKeyPrefix, real)) ? 1 : 0;
    EXPECT_EQ(accepted, 0);
    for (const std::string& key : real) EXPECT_TRUE(keys.name_of(key));
}

TEST(Forgeries, OfAHundredThousandSecretsForgedOrReplayedNoneIsAccepted) {
    constexpr base::Time kNow{seconds(1'000)};
    ClientSecrets secrets(1'000, seconds(60));
    std::vector<std::string> open, used, expired;
    for (int i = 0; i < 100; ++i) {
        expired.push_back(*secrets.make({}, kNow - seconds(60), seconds(60)));
        used.push_back(*secrets.make({}, kNow, seconds(60)));
        open.push_back(*secrets.make({}, kNow, seconds(60)));
    }
    for (const std::string& one : used) EXPECT_TRUE(secrets.take(one, "", kNow));
    Forger forger;
    int accepted = 0;
    for (int i = 0; i < kForgeries; ++i) {
        const auto at = static_cast<std::size_t>(i) / 4 % 100;
        const std::string token = i % 4 == 0 ? used[at] : i % 4 == 1 ? expired[at] : forger.next(kSecretPrefix, open);
        accepted += secrets.take(token, "", kNow) ? 1 : 0;
        accepted += secrets.look_at(token, kNow) ? 1 : 0;
    }
    EXPECT_EQ(accepted, 0);
    for (const std::string& one : open) EXPECT_TRUE(secrets.take(one, "", kNow)) << "the real ones are as they were";
}

}  // namespace
}  // namespace antiphon::edge
