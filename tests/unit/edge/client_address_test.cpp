#include "edge/client_address.hpp"

#include <gtest/gtest.h>

namespace antiphon::edge {
namespace {

std::vector<AddressRange> ranges(std::initializer_list<const char*> texts) {
    std::vector<AddressRange> all;
    for (const char* text : texts) all.push_back(*AddressRange::parse(text));
    return all;
}

TEST(AddressRange, HoldsWhatItSays) {
    const auto ten = ranges({"10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "0.0.0.0/0"});
    const auto in = [&](std::size_t which, const char* address) {
        return ten[which].contains(boost::asio::ip::make_address(address));
    };
    EXPECT_TRUE(in(0, "10.255.255.255"));
    EXPECT_TRUE(in(0, "::ffff:10.1.2.3")) << "the same address, come in another way";
    EXPECT_FALSE(in(0, "11.0.0.0"));
    EXPECT_TRUE(in(1, "192.0.2.7"));
    EXPECT_FALSE(in(1, "192.0.2.6"));
    EXPECT_TRUE(in(2, "2001:db8:7fff::1"));
    EXPECT_FALSE(in(2, "2001:db8:8000::1"));
    EXPECT_TRUE(in(3, "203.0.113.5"));
    EXPECT_FALSE(in(3, "2001:db8::1"));
}

TEST(AddressRange, RefusesWhatIsNone) {
    for (const char* wrong : {"", "proxy", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x", "10.0.0", "::/129", "/8", "*"})
        EXPECT_FALSE(AddressRange::parse(wrong)) << wrong;
}

TEST(ClientAddress, IsThePeersWithoutATrustedProxy) {
    EXPECT_EQ(client_address("192.0.2.1:5000", "", {}), "192.0.2.1");
    EXPECT_EQ(client_address("192.0.2.1:5000", "203.0.113.9", {}), "192.0.2.1") << "anybody can send that header";
    EXPECT_EQ(client_address("192.0.2.1:5000", "203.0.113.9", ranges({"10.0.0.0/8"})), "192.0.2.1");
    EXPECT_EQ(client_address("::1:5000", "", {}), "::1");
    EXPECT_EQ(client_address("", "203.0.113.9", ranges({"0.0.0.0/0"})), "");
}

TEST(ClientAddress, IsWhatTheLastTrustedProxySaw) {
    const auto trusted = ranges({"10.0.0.0/8", "::1"});
    EXPECT_EQ(client_address("10.0.0.1:5000", "203.0.113.9", trusted), "203.0.113.9");
    EXPECT_EQ(client_address("10.0.0.1:5000", "198.51.100.1, 203.0.113.9, 10.0.0.2", trusted), "203.0.113.9")
        << "what stands before it the client may have made up";
    EXPECT_EQ(client_address("::1:5000", "[2001:db8::5]:443", trusted), "2001:db8::5");
    EXPECT_EQ(client_address("10.0.0.1:5000", "203.0.113.9:1234", trusted), "203.0.113.9");
    EXPECT_EQ(client_address("10.0.0.1:5000", "203.0.113.9, nonsense", trusted), "10.0.0.1");
    EXPECT_EQ(client_address("10.0.0.1:5000", ",", trusted), "10.0.0.1");
    EXPECT_EQ(client_address("10.0.0.1:5000", "10.0.0.3, 10.0.0.2", trusted), "10.0.0.3") << "a call from within";
}

TEST(ClientAddress, IsCountedByTheSlash64AndNotAtHome) {
    EXPECT_EQ(counted_as("192.0.2.1"), "192.0.2.1");
    EXPECT_EQ(counted_as("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
    EXPECT_EQ(counted_as("2001:db8:1:2::9"), "2001:db8:1:2::/64");
    EXPECT_EQ(counted_as("::ffff:192.0.2.1"), "192.0.2.1");
    for (const char* home : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", ""}) EXPECT_EQ(counted_as(home), "") << home;
}

}  // namespace
}  // namespace antiphon::edge
