#include "edge/stun_message.hpp"

#include "edge/hmac_sha1.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace antiphon::edge {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr StunTransaction kId{0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae};

/// RFC 5769, 2.2.
const Bytes kResponse4{0x01, 0x01, 0x00, 0x3c, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
                       0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
                       0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43,
                       0x00, 0x08, 0x00, 0x14, 0x2b, 0x91, 0xf5, 0x99, 0xfd, 0x9e, 0x90, 0xc3, 0x8c, 0x74, 0x89, 0xf9,
                       0x2a, 0xf9, 0xba, 0x53, 0xf0, 0x6b, 0xe7, 0xd7, 0x80, 0x28, 0x00, 0x04, 0xc0, 0x7d, 0x4c, 0x96};

/// RFC 5769, 2.3.
const Bytes kResponse6{0x01, 0x01, 0x00, 0x48, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86,
                       0xfa, 0x87, 0xdf, 0xae, 0x80, 0x22, 0x00, 0x0b, 0x74, 0x65, 0x73, 0x74, 0x20, 0x76, 0x65, 0x63,
                       0x74, 0x6f, 0x72, 0x20, 0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa,
                       0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9, 0x00, 0x08, 0x00, 0x14,
                       0xa3, 0x82, 0x95, 0x4e, 0x4b, 0xe6, 0x7b, 0xf1, 0x17, 0x84, 0xc9, 0x7c, 0x82, 0x92, 0xc2, 0x75,
                       0xbf, 0xe3, 0xed, 0x41, 0x80, 0x28, 0x00, 0x04, 0xc8, 0xfb, 0x0b, 0x4c};

Bytes response_of(std::uint16_t type, const Bytes& attributes) {
    Bytes out{static_cast<std::uint8_t>(type >> 8U),
              static_cast<std::uint8_t>(type & 0xFFU),
              static_cast<std::uint8_t>(attributes.size() >> 8U),
              static_cast<std::uint8_t>(attributes.size() & 0xFFU),
              0x21,
              0x12,
              0xA4,
              0x42};
    out.insert(out.end(), kId.begin(), kId.end());
    out.insert(out.end(), attributes.begin(), attributes.end());
    return out;
}

TEST(StunMessage, ReadsTheResponsesOfRfc5769) {
    const auto four = read_stun_response(kResponse4, kId);
    ASSERT_TRUE(four);
    ASSERT_TRUE(four->success && four->mapped);
    EXPECT_EQ(four->mapped->address().to_string(), "192.0.2.1");
    EXPECT_EQ(four->mapped->port(), 32853);
    const auto six = read_stun_response(kResponse6, kId);
    ASSERT_TRUE(six && six->mapped);
    EXPECT_EQ(six->mapped->address().to_string(), "2001:db8:1234:5678:11:2233:4455:6677");
    EXPECT_EQ(six->mapped->port(), 32853);
}

TEST(StunMessage, ABindingRequestIsAHeaderAlone) {
    EXPECT_EQ(binding_request(kId), (Bytes{0,    1,    0,    0,    0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7,
                                           0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae}));
    EXPECT_NE(random_transaction(), random_transaction());
}

TEST(StunMessage, AnAllocationIsSignedOverAllBeforeTheIntegrity) {
    const auto plain = allocate_request(kId, std::nullopt);
    EXPECT_EQ(Bytes(plain.begin() + 20, plain.end()), (Bytes{0, 0x19, 0, 4, 17, 0, 0, 0}));
    const StunCredential credential{"user", "pass", "realm", "nonce"};
    const auto request = allocate_request(kId, credential);
    ASSERT_GT(request.size(), 44U);
    EXPECT_EQ(request.size() - 20, static_cast<std::size_t>(request[2]) << 8U | request[3]);
    // MD5 of "user:realm:pass": the example of RFC 8489, 9.2.2.
    const Bytes key{0x84, 0x93, 0xfb, 0xc5, 0x3b, 0xa5, 0x82, 0xfb, 0x4c, 0x04, 0x4c, 0x45, 0x6b, 0xdc, 0x40, 0xeb};
    const Bytes signed_part(request.begin(), request.end() - 24);
    const auto mac = hmac_sha1(key, signed_part);
    EXPECT_TRUE(std::equal(mac.begin(), mac.end(), request.end() - 20));
}

TEST(StunMessage, ReadsARefusalWithItsRealmAndNonce) {
    const auto response =
        read_stun_response(response_of(0x0113, {0, 9, 0,   7, 0, 0, 4, 1,    'N', 'o', 7,   0,   0, 0x14,
                                                0, 1, 'r', 0, 0, 0, 0, 0x15, 0,   2,   'n', 'o', 0, 0}),
                           kId);
    ASSERT_TRUE(response);
    EXPECT_FALSE(response->success);
    EXPECT_EQ(response->error, 401);
    EXPECT_EQ(response->reason, "No?");
    EXPECT_EQ(response->realm, "r");
    EXPECT_EQ(response->nonce, "no");
}

TEST(StunMessage, TheOldFormOfTheAddressCountsWhereThereIsNoOther) {
    const Bytes old{0, 1, 0, 8, 0, 1, 0x12, 0x34, 10, 0, 0, 1};
    const auto response = read_stun_response(response_of(0x0101, old), kId);
    ASSERT_TRUE(response && response->mapped);
    EXPECT_EQ(response->mapped->address().to_string(), "10.0.0.1");
    EXPECT_EQ(response->mapped->port(), 0x1234);
}

TEST(StunMessage, RefusesWhatIsNoAnswer) {
    StunTransaction other = kId;
    other[11] ^= 1;
    EXPECT_FALSE(read_stun_response(kResponse4, other));
    for (std::size_t length = 0; length < kResponse4.size(); ++length)
        EXPECT_FALSE(read_stun_response(std::span(kResponse4).first(length), kId)) << length;
    Bytes longer = kResponse4;
    longer.resize(longer.size() + 4);
    EXPECT_FALSE(read_stun_response(longer, kId));
    EXPECT_FALSE(read_stun_response(binding_request(kId), kId)) << "a request";
    EXPECT_FALSE(read_stun_response(response_of(0x0101, {0, 0x20, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0}), kId))
        << "an unknown family";
    EXPECT_FALSE(read_stun_response(response_of(0x0101, {0, 0x20, 0, 2, 0, 1, 0, 0}), kId)) << "a short address";
    EXPECT_FALSE(read_stun_response(response_of(0x0101, {0, 0x20, 0xFF, 0xFF}), kId)) << "a length beyond the end";
}

}  // namespace
}  // namespace antiphon::edge
