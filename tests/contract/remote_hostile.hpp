// What a client of a language model's server must survive: each misdeed by name, over a real socket. Deadlines are
// short here and real; nothing else is waited for.
#pragma once

#include "contract/language_model_contract.hpp"
#include "engine/remote_server.hpp"
#include "fakes/scripted_server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::engine {

struct HostileCase {
    std::string name;
    std::string path;  ///< of the question
    std::string type;  ///< of the streamed answer
    std::function<std::string(const std::string& word)> token;  ///< as the server sends it
    std::string end;                                            ///< of an answer
    std::function<std::unique_ptr<LanguageModel>(const std::string& url, const RemoteLimits& limits)> open;
};
inline void PrintTo(const HostileCase& of, std::ostream* out) { *out << of.name; }

class HostileServer : public testing::TestWithParam<HostileCase> {
protected:
    using Connection = fakes::ScriptedServer::Connection;

    /// Answers the first question as `misdeed` does, every other one well.
    void misbehave(std::function<bool(Connection&)> misdeed) {
        server_.emplace([this, misdeed = std::move(misdeed)](const fakes::ScriptedServer::Request&, Connection& connection) {
            if (!misbehaved_) {
                misbehaved_ = true;
                return misdeed(connection);
            }
            connection.begin(GetParam().type);
            connection.chunk(GetParam().token("Fine."));
            connection.chunk(GetParam().end);
            return connection.chunk("");
        });
        model_ = GetParam().open(server_->url(), limits_);
    }

    /// One question; the time that it took is measured.
    base::Result<Generation> ask(std::stop_token stop = {}) {
        const auto began = base::Clock::now();
        auto answer = talk().ask("Hello?", std::move(stop));
        took_ = base::Clock::now() - began;
        return answer;
    }

    /// Asks, and wants this failure, and then a good answer: the model stays usable.
    void expect_failure(base::Errc code, const std::string& words, std::size_t pieces = 0) {
        const auto answer = ask();
        ASSERT_FALSE(answer) << talk().text();
        EXPECT_EQ(answer.error().code, code) << answer.error().text;
        EXPECT_THAT(answer.error().text, testing::HasSubstr(words));
        EXPECT_EQ(talk().pieces.size(), pieces);
        for (const auto& piece : talk().pieces) EXPECT_TRUE(base::is_utf8(piece));
        expect_well();
    }
    void expect_well() {
        const auto answer = ask();
        ASSERT_TRUE(answer) << answer.error().text;
        EXPECT_EQ(talk().text(), "Fine.");
    }

    Talk& talk() {
        if (!talk_) talk_.emplace(Talk{*model_, ConversationId{1}});
        return *talk_;
    }

    static RemoteLimits short_limits() {
        RemoteLimits limits;
        limits.connect = base::milliseconds(1'000);
        limits.first_token = base::milliseconds(300);
        limits.stall = base::milliseconds(200);
        limits.whole = base::milliseconds(2'000);
        return limits;
    }

    RemoteLimits limits_ = short_limits();
    std::optional<fakes::ScriptedServer> server_;
    std::unique_ptr<LanguageModel> model_;
    std::optional<Talk> talk_;
    base::Duration took_{};
    std::atomic<bool> misbehaved_ = false;
};

TEST_P(HostileServer, Refuses) {
    std::string url;
    {
        const fakes::ScriptedServer gone([](const auto&, auto&) { return false; });
        url = gone.url();
    }
    model_ = GetParam().open(url, limits_);
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::unavailable);
    EXPECT_THAT(answer.error().text, testing::HasSubstr("cannot be reached (Connection refused)"));
    EXPECT_THAT(answer.error().text, testing::HasSubstr(url));
}

TEST_P(HostileServer, Hangs) {
    misbehave([](Connection& connection) { return !connection.left(-1); });
    expect_failure(base::Errc::unavailable, "gave no first word within 300 ms");
}

TEST_P(HostileServer, HangsUp) {
    misbehave([](Connection&) { return false; });
    // libcurl asks again by itself when a kept connection was closed; a new one that is closed is a failure.
    expect_failure(base::Errc::unavailable, "the");
}

TEST_P(HostileServer, SendsOneByteASecond) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        const std::string word = GetParam().token("slow");
        for (const char byte : word)
            if (!connection.chunk(std::string(1, byte)) || connection.left(100)) return false;
        return false;
    });
    expect_failure(base::Errc::unavailable, "gave no first word within 300 ms");
    EXPECT_LT(took_, std::chrono::seconds(1));
}

TEST_P(HostileServer, SendsOnlySignsOfLife) {
    misbehave([](Connection& connection) {
        connection.begin("text/event-stream");
        while (connection.chunk("\n") && !connection.left(10)) {}
        return false;
    });
    expect_failure(base::Errc::unavailable, "gave no first word within 300 ms");
}

TEST_P(HostileServer, Answers500) {
    misbehave([](Connection& connection) {
        return connection.answer(500, "application/json", R"({"error":{"message":"out of\nmemory"}})");
    });
    expect_failure(base::Errc::engine, "status 500: out of memory");
}

TEST_P(HostileServer, Answers503AndThoseBeforeIt) {
    misbehave([](Connection& connection) { return connection.answer(503, "text/html", "<html>down</html>"); });
    expect_failure(base::Errc::unavailable, "status 503: a page of HTML");
}

TEST_P(HostileServer, RefusesTheKey) {
    misbehave([](Connection& connection) { return connection.answer(401, "application/json", "{}"); });
    expect_failure(base::Errc::unavailable, "refuses the key");
}

TEST_P(HostileServer, HasNoRoom) {
    misbehave([](Connection& connection) { return connection.answer(429, "application/json", R"({"error":"busy"})"); });
    expect_failure(base::Errc::overloaded, "status 429: busy");
}

TEST_P(HostileServer, AnswersHtml) {
    misbehave([](Connection& connection) {
        return connection.answer(200, "text/html; charset=utf-8", "<!DOCTYPE html><html><body>Log in</body></html>");
    });
    expect_failure(base::Errc::engine, "a page of HTML");
}

TEST_P(HostileServer, RedirectsElsewhere) {
    misbehave([](Connection& connection) {
        return connection.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
    });
    expect_failure(base::Errc::engine, "status 302");
}

TEST_P(HostileServer, SendsCutJson) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        const std::string word = GetParam().token("cut");
        connection.chunk(GetParam().token("Good"));
        connection.chunk(word.substr(0, word.size() / 2) + "\n");
        return connection.chunk("");
    });
    expect_failure(base::Errc::engine, "the answer is no stream of", 1);
}

TEST_P(HostileServer, EndsInTheMiddle) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        connection.chunk(GetParam().token("Good"));
        return connection.chunk("");
    });
    expect_failure(base::Errc::unavailable, "broke off its answer", 1);
}

TEST_P(HostileServer, DropsTheLineInTheMiddle) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        connection.chunk(GetParam().token("Good"));
        return false;
    });
    expect_failure(base::Errc::unavailable, "broke off its answer", 1);
}

TEST_P(HostileServer, SendsALineOfTenMegabytes) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        connection.chunk(GetParam().token(std::string(10'000'000, 'x')));
        return false;
    });
    expect_failure(base::Errc::engine, "a line of the answer has more than 1048576 bytes");
}

TEST_P(HostileServer, SendsInvalidUtf8) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        connection.chunk(GetParam().token("na\xC3na \xFF\xFE"));
        connection.chunk(GetParam().end);
        return connection.chunk("");
    });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(talk().text(), "na\uFFFDna \uFFFD\uFFFD");
}

TEST_P(HostileServer, NeverEnds) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        while (connection.chunk(GetParam().token("la "))) {}
        return false;
    });
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().text;
    EXPECT_EQ(answer->reason, FinishReason::length);
    EXPECT_EQ(talk().pieces.size(), 40U) << "no more than was asked for";
    expect_well();
}

TEST_P(HostileServer, NeverEndsSayingNothing) {
    limits_.answer = 1U << 20U;
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        while (connection.chunk(GetParam().token(""))) {}
        return false;
    });
    const auto answer = ask();
    ASSERT_FALSE(answer);
    EXPECT_TRUE(talk().pieces.empty());
    expect_well();
}

TEST_P(HostileServer, StallsAfterFiveTokens) {
    misbehave([this](Connection& connection) {
        connection.begin(GetParam().type);
        for (int i = 0; i < 5; ++i) connection.chunk(GetParam().token("word "));
        return !connection.left(-1);
    });
    expect_failure(base::Errc::unavailable, "stopped in the middle of its answer for 200 ms", 5);
}

TEST_P(HostileServer, IsLeftWithinFiftyMillisecondsOfTheStop) {
    limits_.first_token = base::milliseconds(20'000);
    Count asked;
    Count left;
    misbehave([&](Connection& connection) {
        asked.add();
        const bool gone = connection.left(10'000);
        if (gone) left.add();
        return false;
    });
    std::stop_source stop;
    base::Time stopped;
    std::thread stopper([&] {
        asked.await(1);
        stopped = base::Clock::now();
        stop.request_stop();
    });
    const auto answer = ask(stop.get_token());
    const auto late = base::Clock::now();
    stopper.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::cancelled);
    EXPECT_LT(late - stopped, base::milliseconds(50));
    left.await(1);  // the server sees it by the closed connection
    expect_well();
}

TEST_P(HostileServer, AWellBehavedOneIsHeardWithinFiveMilliseconds) {
    misbehave([](Connection&) { return false; });
    (void)ask();
    std::vector<base::Duration> times;
    for (int i = 0; i < 51; ++i) {
        expect_well();
        times.push_back(took_);
        talk_.reset();
    }
    std::nth_element(times.begin(), times.begin() + 25, times.end());
    // From the question to the end of the answer of a server that takes no time itself.
    EXPECT_LT(times[25], base::milliseconds(5));
    RecordProperty("median_microseconds", static_cast<int>(std::chrono::duration_cast<std::chrono::microseconds>(times[25]).count()));
}

}  // namespace antiphon::engine
