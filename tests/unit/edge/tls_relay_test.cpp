// The relay between its two ends, on loopback: what goes in comes out, and every end is an end.
#include "edge/tls_relay.hpp"

#include "edge/tls_certificates.hpp"
#include "tls_fixture.hpp"

#include <gmock/gmock.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <chrono>
#include <future>
#include <memory>
#include <numeric>
#include <string>
#include <thread>

namespace antiphon::edge {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using ::testing::HasSubstr;

class TlsRelayTest : public ::testing::Test {
protected:
    TlsRelayTest() : acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        certificates_ = *TlsCertificates::open(files_.certificate(), files_.private_key());
    }
    void TearDown() override {
        if (thread_.joinable()) thread_.join();  // the relays end by themselves, and the loop runs out of work
    }

    /// Takes one connection; the plain socket of its session, or a broken promise.
    std::future<tcp::socket> accept(TlsLimits limits = {}) {
        auto session = std::make_shared<std::promise<tcp::socket>>();
        auto given = session->get_future();
        acceptor_.async_accept([this, limits, session = std::move(session)](error_code failure, tcp::socket socket) {
            ASSERT_FALSE(failure);
            accept_tls(std::move(socket), certificates_->current(), limits, connections_,
                       [session](tcp::socket plain) { session->set_value(std::move(plain)); });
        });
        return given;
    }

    std::future<base::Result<tcp::socket>> connect(TlsTrust trust) {
        auto client = std::make_shared<std::promise<base::Result<tcp::socket>>>();
        auto given = client->get_future();
        tcp::socket socket(io_);
        socket.connect(acceptor_.local_endpoint());
        connect_tls(std::move(socket), "localhost", trust, {},
                    [client](base::Result<tcp::socket> plain) { client->set_value(std::move(plain)); });
        return given;
    }

    tcp::socket connect_plain() {
        tcp::socket socket(mine_);
        socket.connect(acceptor_.local_endpoint());
        return socket;
    }

    void run() {
        thread_ = std::jthread([this] { io_.run(); });
    }

    static std::string read_all(tcp::socket& socket) {
        std::string text;
        error_code end;
        if (socket.non_blocking()) socket.non_blocking(false);
        asio::read(socket, asio::dynamic_buffer(text), end);
        return text;
    }

    const TlsFiles files_;
    std::shared_ptr<TlsCertificates> certificates_;
    const std::shared_ptr<Connections> connections_ = Connections::make();
    asio::io_context io_{1};
    asio::io_context mine_{1};
    tcp::acceptor acceptor_;
    std::jthread thread_;
};

TEST_F(TlsRelayTest, CarriesEveryByteBothWaysAtOnceAndTheEnd) {
    auto server = accept();
    auto client = connect({.anybody = true, .pin = {}});
    run();
    tcp::socket session = server.get();
    auto opened = client.get();
    ASSERT_TRUE(opened) << opened.error().text;
    tcp::socket caller = std::move(*opened);
    std::string up(3'000'000, ' ');
    std::string down(2'000'000, ' ');
    std::iota(up.begin(), up.end(), '\0');
    std::iota(down.rbegin(), down.rend(), '\0');
    std::string got_up;
    std::string got_down;
    {
        error_code broken;
        const std::jthread up_sender([&] { asio::write(caller, asio::buffer(up)); });
        const std::jthread down_sender([&] { asio::write(session, asio::buffer(down)); });
        const std::jthread down_reader([&] {
            got_down.resize(down.size());
            asio::read(caller, asio::buffer(got_down), broken);
        });
        got_up.resize(up.size());
        error_code cut;
        asio::read(session, asio::buffer(got_up), cut);
        EXPECT_FALSE(cut) << cut.message();
    }
    EXPECT_TRUE(got_up == up);
    EXPECT_TRUE(got_down == down);
    caller.close();
    EXPECT_EQ(read_all(session), "") << "the caller's end arrives";
}

TEST_F(TlsRelayTest, TheLastAnswerIsWholeThoughTheClientStillSends) {
    auto server = accept();
    auto client = connect({.anybody = true, .pin = {}});
    run();
    tcp::socket session = server.get();
    auto caller = client.get();
    ASSERT_TRUE(caller);
    caller->non_blocking(false);  // before two threads use it
    const std::string answer(1'500'000, 'a');
    error_code ignored;
    const std::jthread sender([&] {
        error_code gone;
        const std::string more(100'000, 'u');
        for (int i = 0; i < 20 && !gone; ++i) asio::write(*caller, asio::buffer(more), gone);
    });
    const std::jthread answerer([&] {
        error_code gone;
        asio::write(session, asio::buffer(answer), gone);
        session.close(gone);  // with the client's bytes unread
    });
    EXPECT_EQ(read_all(*caller).size(), answer.size());
    caller->shutdown(tcp::socket::shutdown_both, ignored);  // closing it is for when the sender has left it
}

TEST_F(TlsRelayTest, AClientIsHeldToItsTrust) {
    const std::string pin = certificates_->facts().pin;
    auto accepted = accept();
    auto pinned = connect({.anybody = false, .pin = pin});
    std::thread runner([this] { io_.run(); });
    EXPECT_TRUE(pinned.get());
    accepted.get().close();
    runner.join();
    for (const TlsTrust& trust : {TlsTrust{}, TlsTrust{.anybody = false, .pin = "sha256//AAAA"}}) {
        io_.restart();
        auto other = accept();
        auto refused = connect(trust);
        std::thread again([this] { io_.run(); });
        const auto outcome = refused.get();
        ASSERT_FALSE(outcome);
        EXPECT_EQ(outcome.error().code, base::Errc::invalid);
        EXPECT_THAT(outcome.error().text, HasSubstr(trust.pin.empty() ? "not trusted" : "another public key"));
        // The key is looked at after the handshake: the server may have made a session by then, which is to end too.
        try {
            other.get().close();
        } catch (const std::future_error&) {
        }
        again.join();
    }
}

TEST_F(TlsRelayTest, WhoSaysNothingIsClosedInTime) {
    auto server = accept({.handshake = base::milliseconds(100)});
    tcp::socket silent = connect_plain();
    run();
    EXPECT_EQ(read_all(silent), "");
    EXPECT_THROW(server.get(), std::future_error) << "no session was made";
}

TEST_F(TlsRelayTest, AHandshakeThatStopsHalfWayIsClosedInTime) {
    auto server = accept({.handshake = base::milliseconds(100)});
    tcp::socket slow = connect_plain();
    asio::write(slow, asio::buffer(std::string("\x16\x03\x01\x02\x00\x01", 6)));
    run();
    read_all(slow);
    EXPECT_THROW(server.get(), std::future_error);
}

TEST_F(TlsRelayTest, GarbageAndPlainHttpMakeNoSession) {
    {
        auto server = accept();
        tcp::socket client = connect_plain();
        asio::write(client, asio::buffer(std::string("\x16\x03\x01\x00\x05hello")));
        std::thread runner([this] { io_.run(); });
        read_all(client);
        client.close();
        runner.join();
        EXPECT_THROW(server.get(), std::future_error);
    }
    io_.restart();
    auto server = accept();
    tcp::socket client = connect_plain();
    asio::write(client, asio::buffer(std::string("GET /call HTTP/1.1\r\nHost: here\r\n\r\n")));
    run();
    EXPECT_THAT(read_all(client), HasSubstr("Location: https://here/call"));
    client.close();
    EXPECT_THROW(server.get(), std::future_error);
}

TEST_F(TlsRelayTest, AClientThatTakesNothingIsCutOff) {
    auto server = accept({.handshake = base::milliseconds(5'000), .write = base::milliseconds(200)});
    auto client = connect({.anybody = true, .pin = {}});
    run();
    tcp::socket session = server.get();
    auto idle = client.get();
    ASSERT_TRUE(idle);
    const std::string much(1 << 20, 'x');
    error_code broken;
    // Reads nothing: all buffers on the way fill up, and then the session finds its line broken.
    for (int i = 0; i < 64 && !broken; ++i) asio::write(session, asio::buffer(much), broken);
    EXPECT_TRUE(broken);
}

TEST_F(TlsRelayTest, TheServersEndDoesNotWaitForAHandshake) {
    auto server = accept();
    tcp::socket silent = connect_plain();
    run();
    error_code ignored;
    asio::write(silent, asio::buffer(std::string("\x16\x03", 2)), ignored);
    connections_->shut_down();
    EXPECT_EQ(read_all(silent), "");
    EXPECT_THROW(server.get(), std::future_error);
}

}  // namespace
}  // namespace antiphon::edge
