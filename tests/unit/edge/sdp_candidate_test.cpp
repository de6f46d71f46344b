#include "edge/sdp_candidate.hpp"

#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

TEST(SdpCandidate, ReadsAHost) {
    const auto candidate = read_candidate("candidate:842163049 1 udp 2122260223 192.0.2.4 51000 typ host generation 0 ufrag EaeR");
    ASSERT_TRUE(candidate) << candidate.error().text;
    EXPECT_EQ(*candidate, (SdpCandidate{"842163049", 2122260223, "192.0.2.4", 51000, "host"}));
    EXPECT_FALSE(candidate->is_name());
}

TEST(SdpCandidate, ReadsWithTheAttributesNameAndCapitals) {
    const auto candidate = read_candidate("a=candidate:1 1 UDP 1677729535 2001:DB8:0:0::9 51000 typ srflx raddr :: rport 0");
    ASSERT_TRUE(candidate) << candidate.error().text;
    EXPECT_EQ(candidate->address, "2001:db8::9");
    EXPECT_EQ(write_candidate(*candidate), "a=candidate:1 1 UDP 1677729535 2001:db8::9 51000 typ srflx raddr :: rport 0");
}

TEST(SdpCandidate, ReadsAName) {
    const auto candidate = read_candidate("candidate:1 1 udp 2113937151 9e9d14e6-04d3-455b-9038-1425259f77d0.local 41037 typ host");
    ASSERT_TRUE(candidate) << candidate.error().text;
    EXPECT_TRUE(candidate->is_name());
}

TEST(SdpCandidate, WhatIsWrittenReadsBack) {
    for (const char* type : {"host", "srflx", "prflx", "relay"})
        for (const char* address : {"127.0.0.1", "198.51.100.200", "::1", "fe80::1", "host.local"}) {
            const SdpCandidate candidate{"a/+9", 1, address, 65535, type};
            const auto again = read_candidate(write_candidate(candidate));
            ASSERT_TRUE(again) << again.error().text;
            EXPECT_EQ(*again, candidate);
        }
}

struct Wrong {
    std::string line;
    base::Errc code;
    std::string sentence;
};

TEST(SdpCandidate, RefusesEachWithASentence) {
    const auto invalid = base::Errc::invalid;
    const auto unsupported = base::Errc::unsupported;
    const std::string words = "the candidate is malformed: it needs a foundation, component, transport, priority, address, port and typ";
    const std::string no_host = "the candidate cannot be used: its address is not that of a host";
    const std::string no_address = "the candidate is malformed: its address is neither IPv4, IPv6 nor a name";
    const std::string no_mdns = "the candidate cannot be used: its address is a name, and only mDNS names can stand there";
    for (const auto& [line, code, sentence] : {
             Wrong{"", invalid, "the candidate is malformed: it does not begin with candidate:"},
             Wrong{"candidate:", invalid, words},
             Wrong{"candidate:1 1 udp 9 192.0.2.4 5 host typ", invalid, words},
             Wrong{"candidate:" + std::string(3000, ' '), invalid, "the candidate is malformed: it is too long"},
             Wrong{"candidate:1 1 udp 9 192.0.2.4 5 typ host\r\na=x", invalid, "the candidate is malformed: it holds a byte that is not printable ASCII"},
             Wrong{"candidate:1_2 1 udp 9 192.0.2.4 5 typ host", invalid, "the candidate is malformed: its foundation is not 1 to 32 letters and digits"},
             Wrong{"candidate:1 0 udp 9 192.0.2.4 5 typ host", invalid, "the candidate is malformed: its component is not a number from 1 to 256"},
             Wrong{"candidate:1 1 u\"p 9 192.0.2.4 5 typ host", invalid, "the candidate is malformed: its transport is not a word"},
             Wrong{"candidate:1 1 udp 0 192.0.2.4 5 typ host", invalid, "the candidate is malformed: its priority is not a number from 1 to 2147483647"},
             Wrong{"candidate:1 1 udp 9 192.0.2.4 -5 typ host", invalid, "the candidate is malformed: its port is not a number from 0 to 65535"},
             Wrong{"candidate:1 1 udp 9 $(id) 5 typ host", invalid, no_address},
             Wrong{"candidate:1 1 udp 9 fe80::1%eth0 5 typ host", invalid, no_address},
             Wrong{"candidate:1 1 udp 9 a..local 5 typ host", invalid, no_address},
             Wrong{"candidate:1 1 udp 9 192.0.2.4 5 typ (host)", invalid, "the candidate is malformed: its type is not a word"},
             Wrong{"candidate:1 1 tcp 9 192.0.2.4 9 typ host tcptype active", unsupported, "the candidate cannot be used: its transport is not UDP"},
             Wrong{"candidate:1 2 udp 9 192.0.2.4 5 typ host", unsupported, "the candidate cannot be used: it is not of component 1"},
             Wrong{"candidate:1 1 udp 9 192.0.2.4 5 typ mirror", unsupported, "the candidate cannot be used: its type is unknown"},
             Wrong{"candidate:1 1 udp 9 192.0.2.4 0 typ host", unsupported, "the candidate cannot be used: its port is 0"},
             Wrong{"candidate:1 1 udp 9 0.0.0.0 5 typ host", unsupported, no_host},
             Wrong{"candidate:1 1 udp 9 239.1.1.1 5 typ host", unsupported, no_host},
             Wrong{"candidate:1 1 udp 9 255.255.255.255 5 typ host", unsupported, no_host},
             Wrong{"candidate:1 1 udp 9 :: 5 typ host", unsupported, no_host},
             Wrong{"candidate:1 1 udp 9 ff02::1 5 typ host", unsupported, no_host},
             Wrong{"candidate:1 1 udp 9 ::ffff:10.0.0.1 5 typ host", unsupported, no_host},
             Wrong{"candidate:1 1 udp 9 localhost 5 typ host", unsupported, no_mdns},
             Wrong{"candidate:1 1 udp 9 0x7f000001 5 typ host", unsupported, no_mdns},
             Wrong{"candidate:1 1 udp 9 127.1 5 typ host", unsupported, no_mdns},
         }) {
        const auto candidate = read_candidate(line);
        ASSERT_FALSE(candidate) << line;
        EXPECT_EQ(candidate.error().text, sentence) << line;
        EXPECT_EQ(candidate.error().code, code) << line;
    }
}

}  // namespace
}  // namespace antiphon::edge
