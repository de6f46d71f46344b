#include "chat_fixture.hpp"

#include <chrono>

namespace antiphon::edge {
namespace {

TEST_F(ChatTest, AnswersWhole) {
    model.answer_with("Hello to you.");
    open();
    const auto answer = post(kChat, body(R"("max_tokens":9,"temperature":0.5,"seed":7)"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    const auto completion = answer.json();
    EXPECT_EQ(completion.at("object"), "chat.completion");
    EXPECT_EQ(completion.at("model"), "fake-mind");
    EXPECT_EQ(completion.at("choices").at(0).at("message").at("content"), "Hello to you.");
    EXPECT_EQ(completion.at("choices").at(0).at("finish_reason"), "stop");
    EXPECT_EQ(completion.at("usage").at("completion_tokens"), 3);
    EXPECT_EQ(completion.at("usage").at("total_tokens").as_int64(), completion.at("usage").at("prompt_tokens").as_int64() + 3);
    ASSERT_EQ(model.requests().size(), 1U);
    EXPECT_EQ(model.requests()[0].max_tokens, 9);
    EXPECT_FLOAT_EQ(model.requests()[0].temperature, 0.5F);
    EXPECT_EQ(model.requests()[0].seed, 7U);
    EXPECT_EQ(model.forgotten().size(), 1U) << "nothing is kept of it";
}

TEST_F(ChatTest, ReadsMessagesInEveryForm) {
    open();
    const auto answer = post(kChat, body("", R"([{"role":"system","content":"A"},{"role":"user","content":[{"type":"text","text":"x"},
        {"type":"text","text":"y"}]},{"role":"assistant","content":"z"},{"role":"developer","content":"B"},
        {"role":"user","content":"p"},{"role":"user","content":"q","name":"someone"}])"));
    ASSERT_EQ(answer.status, 200) << answer.body;
    using engine::Message;
    using engine::Role;
    EXPECT_EQ(model.requests()[0].messages,
              (std::vector<Message>{{Role::system, "A\n\nB"}, {Role::user, "xy"}, {Role::assistant, "z"}, {Role::user, "p\n\nq"}}));
}

TEST_F(ChatTest, StreamsEvents) {
    model.answer_with("One two three.");
    open();
    const auto answer = post(kChat, body(R"("stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":2)"));
    ASSERT_EQ(answer.status, 200);
    EXPECT_NE(answer.head.find("Content-Type: text/event-stream\r\n"), std::string::npos);
    const auto all = events(answer.body);
    ASSERT_EQ(all.size(), 6U) << answer.body;
    EXPECT_EQ(all[0].at("choices").at(0).at("delta").at("role"), "assistant");
    EXPECT_EQ(all[1].at("choices").at(0).at("delta").at("content"), "One");
    EXPECT_EQ(all[2].at("choices").at(0).at("delta").at("content"), " two");
    EXPECT_EQ(all[3].at("choices").at(0).at("finish_reason"), "length");
    EXPECT_EQ(all[4].at("usage").at("completion_tokens"), 2);
    EXPECT_TRUE(all[4].at("choices").as_array().empty());
    EXPECT_EQ(all[5], "[DONE]");
    EXPECT_EQ(all[0].at("id"), all[4].at("id"));
}

TEST_F(ChatTest, StreamsToOldClientsUntilTheConnectionEnds) {
    model.answer_with("Word.");
    open();
    EndpointClient client(listener->port());
    const std::string text = body(R"("stream":true)");
    client.write("POST " + kChat + " HTTP/1.0\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text);
    const auto answer = parsed(client.read_rest());
    EXPECT_EQ(answer.head.find("chunked"), std::string::npos);
    EXPECT_EQ(events(answer.body).back(), "[DONE]");
}

TEST_F(ChatTest, KeepsTheConnectionAfterAStream) {
    open();
    EndpointClient client(listener->port());
    for (int i = 0; i < 3; ++i) {
        client.write(request(kChat, "application/json", body(R"("stream":true)"), ""));
        EXPECT_NE(client.read_until("0\r\n\r\n").find("[DONE]"), std::string::npos);
        client.write(request(kChat, "application/json", body(), ""));
        EXPECT_NE(client.read_until("cached_tokens").find("200 OK"), std::string::npos);
        client.read_until("}}}");
    }
}

// With several io threads, what was read of a request could wake the watch for the client's going.
TEST_F(ChatTest, ALateWakeUpIsNotTakenForAClientThatHasGone) {
    open();
    std::vector<std::jthread> more;
    for (int i = 0; i < 3; ++i) more.emplace_back([this] { io.run(); });
    EndpointClient client(listener->port());
    for (int i = 0; i < 500; ++i) {
        client.write(request(kChat, "application/json", body(), ""));
        EXPECT_NE(client.read_until("}}}").find("200 OK"), std::string::npos) << "request " << i;
    }
    listener->close();
}

TEST_F(ChatTest, AClientThatGoesStopsTheWork) {
    model.hold_after(2);
    open();
    EndpointClient client(listener->port());
    client.write(request(kChat, "application/json", body(R"("stream":true)", R"([{"role":"user","content":"a b c d e f"}])"), ""));
    model.await_held(1);
    EXPECT_EQ(model.cancelled(), 0U);
    client.close();
    while (model.cancelled() == 0) std::this_thread::yield();
    EXPECT_EQ(model.held(), 0U);
}

TEST_F(ChatTest, AClientThatGoesBeforeAWholeAnswerStopsTheWork) {
    model.hold_after(0);
    open();
    EndpointClient client(listener->port());
    client.write(request(kChat, "application/json", body(), ""));
    model.await_held(1);
    client.close();
    while (model.cancelled() == 0) std::this_thread::yield();
}

TEST_F(ChatTest, TheServersEndStopsTheWork) {
    model.hold_after(1);
    open();
    EndpointClient client(listener->port());
    client.write(request(kChat, "application/json", body(R"("stream":true)"), ""));
    model.await_held(1);
    listener->close();
    thread.join();
    while (model.cancelled() == 0) std::this_thread::yield();
}

TEST_F(ChatTest, AFailureBeforeTheFirstWordHasAStatus) {
    model.fail_with(base::error(base::Errc::engine, "burnt out"));
    open();
    const auto answer = post(kChat, body(R"("stream":true)"));
    EXPECT_EQ(answer.status, 500);
    EXPECT_EQ(answer.code(), "engine_error");
    EXPECT_EQ(answer.json().at("error").at("type"), "server_error");
}

TEST_F(ChatTest, AFailureAmidstAStreamIsAnEvent) {
    model.fail_with(base::error(base::Errc::engine, "burnt out"), 2);
    open();
    const auto answer = post(kChat, body(R"("stream":true)"));
    EXPECT_EQ(answer.status, 200);
    const auto all = events(answer.body);
    EXPECT_EQ(all.back().at("error").at("message"), "burnt out");
}

TEST_F(ChatTest, OneTooManyIsToldToComeAgain) {
    model.hold_after(0);
    open();
    EndpointClient first(listener->port());
    first.write(request(kChat, "application/json", body(), ""));
    model.await_held(1);
    EndpointClient second(listener->port());  // waits
    second.write(request(kChat, "application/json", body(), ""));
    Answer third;
    // The second one may not have been read yet; whichever of the two comes last is refused.
    std::string late;
    std::jthread reader([&] { late = second.read_head(); });
    EndpointClient client(listener->port());
    client.write(request(kChat, "application/json", body(), "Connection: close\r\n"));
    std::string other;
    std::jthread other_reader([&] { other = client.read_head(); });
    EndpointClient probe(listener->port());
    probe.write(request(kChat, "application/json", body(), "Connection: close\r\n"));
    const auto refused = parsed(probe.read_rest());
    EXPECT_EQ(refused.status, 503);
    EXPECT_EQ(refused.code(), "overloaded");
    EXPECT_NE(refused.head.find("Retry-After: "), std::string::npos);
    model.release();
}

TEST_F(ChatTest, NotBeforeTheEnginesAreLoaded) {
    loaded = false;
    open();
    const auto answer = post(kChat, body());
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.code(), "not_ready");
    EXPECT_NE(answer.head.find("Retry-After: "), std::string::npos);
}

TEST_F(ChatTest, RefusesWhatIsWrong) {
    open();
    EXPECT_EQ(post(kChat, "{").code(), "invalid_json");
    EXPECT_EQ(post(kChat, "").code(), "invalid_json");
    EXPECT_EQ(post(kChat, "[]").code(), "invalid_type");
    EXPECT_EQ(post(kChat, std::string(100, '[') + std::string(100, ']')).code(), "invalid_json");
    expect_refused(R"({"messages":[{"role":"user","content":"x"}]})", "missing_required_parameter", "model");
    expect_refused(R"({"model":1,"messages":[{"role":"user","content":"x"}]})", "invalid_type", "model");
    expect_refused(R"({"model":"fake-mind"})", "missing_required_parameter", "messages");
    expect_refused(body("", "\"x\""), "invalid_type", "messages");
    expect_refused(body("", "[]"), "invalid_value", "messages");
    expect_refused(body("", "[1]"), "invalid_type", "messages[0]");
    expect_refused(body("", R"([{"role":"user"}])"), "missing_required_parameter", "messages[0].content");
    expect_refused(body("", R"([{"role":"king","content":"x"}])"), "invalid_value", "messages[0].role");
    expect_refused(body("", R"([{"role":"user","content":7}])"), "invalid_type", "messages[0].content");
    expect_refused(body("", R"([{"role":"user","content":[{"type":"text"}]}])"), "missing_required_parameter", "messages[0].content[0].text");
    expect_refused(body("", R"([{"role":"user","content":"x"},{"role":"assistant","content":"y"}])"), "invalid_value", "messages");
    expect_refused(body(R"("max_tokens":0)"), "invalid_value", "max_tokens");
    expect_refused(body(R"("max_tokens":-5)"), "invalid_value", "max_tokens");
    expect_refused(body(R"("max_completion_tokens":"many")"), "invalid_type", "max_completion_tokens");
    expect_refused(body(R"("temperature":2.5)"), "invalid_value", "temperature");
    expect_refused(body(R"("temperature":"hot")"), "invalid_type", "temperature");
    expect_refused(body(R"("stream":"yes")"), "invalid_type", "stream");
    expect_refused(body(R"("stream_options":1)"), "invalid_type", "stream_options");
    EXPECT_EQ(model.requests().size(), 0U);
}

TEST_F(ChatTest, RefusesWhatIsNotToBeHad) {
    open();
    expect_refused(body(R"("functions":[{"name":"f"}])"), "unsupported", "functions");
    expect_refused(body("", R"([{"role":"function","name":"f","content":"x"}])"), "unsupported", "messages[0].role");
    expect_refused(body("", R"([{"role":"user","content":[{"type":"image_url","text":""}]}])"), "unsupported", "messages[0].content[0].type");
    expect_refused(body(R"("n":2)"), "unsupported", "n");
    expect_refused(body(R"("stop":["x"])"), "unsupported", "stop");
    expect_refused(body(R"("logprobs":true)"), "unsupported", "logprobs");
    expect_refused(body(R"("response_format":{"type":"json_object"})"), "unsupported", "response_format.type");
    EXPECT_EQ(post(kChat, body(R"("tools":[],"n":1,"stop":null,"response_format":{"type":"text"},"top_p":0.9,"user":"u")")).status, 200);
}

TEST_F(ChatTest, ModelsAreThoseListedAndOpenAis) {
    session.model = "house";
    open();
    const auto ask = [&](const std::string& name) {
        return post(kChat, R"({"model":")" + name + R"(","messages":[{"role":"user","content":"x"}]})");
    };
    for (const auto* name : {"fake-mind", "house", "gpt-4o-mini"}) EXPECT_EQ(ask(name).status, 200) << name;
    for (const auto* name : {"fake-ears", "nobody", "whisper-1"}) {
        EXPECT_EQ(ask(name).status, 404) << name;
        EXPECT_EQ(ask(name).code(), "model_not_found") << name;
    }
}

TEST_F(ChatTest, PagesFromElsewhereMayNotAsk) {
    settings.allowed_origins = {"https://a.example"};
    open();
    EXPECT_EQ(post(kChat, "application/json", body(), "Origin: https://b.example\r\n").code(), "origin_not_allowed");
    const auto allowed = post(kChat, "application/json", body(R"("stream":true)"), "Origin: https://a.example\r\n");
    EXPECT_NE(allowed.head.find("Access-Control-Allow-Origin: https://a.example\r\n"), std::string::npos);
}

TEST_F(ChatTest, OtherMethodsAreNotAllowed) {
    open();
    EXPECT_EQ(get(kChat).status, 405);
}

}  // namespace
}  // namespace antiphon::edge
