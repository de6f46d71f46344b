#include "edge/session_metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace antiphon::edge {
namespace {

using testing::HasSubstr;

class SessionMetricsTest : public testing::Test {
protected:
    void expect(const std::string& line) { EXPECT_THAT(metrics.text(), HasSubstr(line + "\n")); }

    base::Metrics metrics;
    SessionMetrics sessions{metrics};
};

TEST_F(SessionMetricsTest, AreThereBeforeTheFirstCall) {
    sessions.announce();
    expect("antiphon_connected_calls{transport=\"webrtc\"} 0");
    expect("antiphon_connections_total{transport=\"websocket\"} 0");
    expect("antiphon_call_ends_total{reason=\"closed_by_client\"} 0");
    expect("antiphon_call_losses_total 0");
}

TEST_F(SessionMetricsTest, FollowACallFromOneTransportToTheOther) {
    sessions.moved(Transport::none, Transport::websocket);
    sessions.moved(Transport::websocket, Transport::websocket);
    sessions.moved(Transport::websocket, Transport::webrtc);
    expect("antiphon_connected_calls{transport=\"websocket\"} 0");
    expect("antiphon_connected_calls{transport=\"webrtc\"} 1");
    expect("antiphon_connections_total{transport=\"websocket\"} 1");
    expect("antiphon_connections_total{transport=\"webrtc\"} 1");
    sessions.moved(Transport::webrtc, Transport::none);
    expect("antiphon_connected_calls{transport=\"webrtc\"} 0");
}

TEST_F(SessionMetricsTest, AReasonThatIsNotKnownMakesNoLabelOfItsOwn) {
    sessions.ended("hung_up");
    sessions.ended("something new");
    expect("antiphon_call_ends_total{reason=\"hung_up\"} 1");
    expect("antiphon_call_ends_total{reason=\"other\"} 1");
    EXPECT_THAT(metrics.text(), testing::Not(HasSubstr("something new")));
}

}  // namespace
}  // namespace antiphon::edge
