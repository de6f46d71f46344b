#include "edge/webrtc_stack.hpp"

#include "fakes/scratch_file.hpp"

#include <gtest/gtest.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <rtc/rtc.hpp>

#include <string>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;

WebRtcSettings loopback() {
    WebRtcSettings settings;
    settings.bind_address = "127.0.0.1";
    return settings;
}

base::Error failure_of(const WebRtcSettings& settings) {
    const auto stack = WebRtcStack::open(settings);
    EXPECT_FALSE(stack);
    return stack ? base::Error{} : stack.error();
}

TEST(WebRtcStackTest, RefusesPortsThatAreNone) {
    for (const char* ports :
         {"", "x", "10000-", "-10000", "20000-10000", "80", "70000", "10000-70000", "0-10", "1-2-3", " 10000"}) {
        WebRtcSettings settings = loopback();
        settings.ports = ports;
        const base::Error failure = failure_of(settings);
        EXPECT_EQ(failure.code, base::Errc::invalid) << ports;
        EXPECT_EQ(failure.param, "webrtc.ports") << ports;
    }
}

TEST(WebRtcStackTest, RefusesAddressesThatAreNone) {
    WebRtcSettings settings = loopback();
    settings.public_address = "call.example.org";
    EXPECT_EQ(failure_of(settings).param, "webrtc.public_address");
    settings = loopback();
    settings.bind_address = "1.2.3";
    EXPECT_EQ(failure_of(settings).param, "webrtc.bind_address");
}

TEST(WebRtcStackTest, RangesAndOnePortReachTheLibrary) {
    WebRtcSettings settings = loopback();
    settings.ports = "10000-20000";
    {
        const auto stack = WebRtcStack::open(settings);
        ASSERT_TRUE(stack) << stack.error().text;
        const rtc::Configuration configuration = (*stack)->configuration();
        EXPECT_EQ(configuration.portRangeBegin, 10000);
        EXPECT_EQ(configuration.portRangeEnd, 20000);
        EXPECT_FALSE(configuration.enableIceUdpMux);
    }
    asio::io_context io;
    asio::ip::udp::socket taken(io, {asio::ip::address_v4::loopback(), 0});
    settings.ports = std::to_string(taken.local_endpoint().port());
    EXPECT_EQ(failure_of(settings).code, base::Errc::unavailable);
    taken.close();
    const auto stack = WebRtcStack::open(settings);
    ASSERT_TRUE(stack) << stack.error().text;
    EXPECT_TRUE((*stack)->configuration().enableIceUdpMux);
}

TEST(WebRtcStackTest, TakesItsCertificateFromFiles) {
    const auto made = make_webrtc_certificate();
    ASSERT_TRUE(made);
    const fakes::ScratchFile certificate("certificate_", ".pem", made->certificate);
    const fakes::ScratchFile key("key_", ".pem", made->key);
    const fakes::ScratchFile other_key("other_key_", ".pem", make_webrtc_certificate()->key);
    const fakes::ScratchFile nonsense("nonsense_", ".pem", "nothing");
    WebRtcSettings settings = loopback();
    settings.ports = "0";
    settings.certificate_file = certificate.path();
    EXPECT_EQ(failure_of(settings).param, "webrtc.key");
    settings.key_file = other_key.path();
    EXPECT_EQ(failure_of(settings).param, "webrtc.key");
    settings.key_file = nonsense.path();
    EXPECT_EQ(failure_of(settings).param, "webrtc.key");
    settings.key_file = "/nowhere/key.pem";
    EXPECT_EQ(failure_of(settings).code, base::Errc::unavailable);
    settings.key_file = key.path();
    const auto stack = WebRtcStack::open(settings);
    ASSERT_TRUE(stack) << stack.error().text;
    EXPECT_EQ((*stack)->configuration().certificatePemFile, made->certificate);
}

TEST(WebRtcStackTest, RefusesWorkAfterItsEnd) {
    WebRtcSettings settings = loopback();
    settings.ports = "0";
    const auto stack = WebRtcStack::open(settings);
    ASSERT_TRUE(stack);
    (*stack)->close();
    const auto submitted = (*stack)->submit([] {});
    ASSERT_FALSE(submitted);
    EXPECT_EQ(submitted.error().code, base::Errc::unavailable);
}

}  // namespace
}  // namespace antiphon::edge
