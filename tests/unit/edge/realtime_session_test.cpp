// A session on a channel that is not a socket, with a real Call and scripted engines.
#include "edge/realtime_session.hpp"

#include "base/base64.hpp"
#include "call/scene.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

struct FakeChannel final : MessageChannel {
    void next() override { ++asked; }
    void send(std::string message) override { sent.push_back(json::parse(message).as_object()); }
    void send_binary(std::span<const std::uint8_t> bytes) override { sound.insert(sound.end(), bytes.begin(), bytes.end()); }
    void close(CloseCode code, std::string_view) override { closed = code; }

    int asked = 0;
    std::vector<json::object> sent;
    std::vector<std::uint8_t> sound;  ///< of binary messages
    std::optional<CloseCode> closed;
};

class RealtimeSessionTest : public scenes::Scene {
protected:
    void open(const std::string& model = "m", WireStart wire = {}) {
        if (!agent) agent = std::make_shared<call::Agent>(call::Agent{{}, {}, session, settings, {}});
        auto place = registry.enter();
        ASSERT_TRUE(place);
        user = RealtimeSession::make(simulation.strand(), std::move(*place), services, *connections, agent, model, "test",
                                     wire)
                   ->attach(channel);
        user->opened();
    }
    void receive(const std::string& message) {
        user->received(message);
        simulation.run_for(base::milliseconds(1));
    }
    void end(ChannelEnd why) {
        user->ended(why);
        user.reset();
        simulation.run_for(std::chrono::seconds(10));
    }
    void append(std::size_t samples) {
        receive(R"({"type":"input_audio_buffer.append","audio":")" +
                base::base64_encode(std::vector<std::uint8_t>(samples * 2)) + "\"}");
    }
    void TearDown() override {
        if (user) end(ChannelEnd::vanished);
        Scene::TearDown();
        EXPECT_EQ(registry.calls(), 0U);
        EXPECT_EQ(call_metrics.calls.Value(), 0);
    }
    std::vector<std::string> types() const {
        std::vector<std::string> names;
        for (const auto& event : channel->sent) names.emplace_back(event.at("type").as_string());
        return names;
    }
    const json::object& last() const { return channel->sent.back(); }
    const json::object& last_error() const { return last().at("error").as_object(); }

    call::CallRegistry registry{2};
    std::shared_ptr<Connections> connections = Connections::make();
    std::shared_ptr<const call::Agent> agent;  ///< none: one made of the scene's session and settings
    Services services{.registry = registry,
                      .agents = [] { return std::make_shared<const call::Agents>(); },
                      .readiness = [] { return Readiness{}; },
                      .engines = [this] { return &engines; },
                      .metrics = metrics};
    std::shared_ptr<FakeChannel> channel = std::make_shared<FakeChannel>();
    std::shared_ptr<ChannelUser> user;
};

TEST_F(RealtimeSessionTest, begins_with_its_own_session) {
    open("gpt-realtime");
    ASSERT_EQ(types(), (std::vector<std::string>{"session.created", "antiphon.state"}));
    const auto& created = channel->sent.front().at("session").as_object();
    EXPECT_EQ(created.at("model"), "gpt-realtime");
    EXPECT_EQ(created.at("id").as_string().find("sess_"), 0U);
    EXPECT_NE(created.at("id"), "sess_scene");
    EXPECT_EQ(created.at("instructions"), "Answer shortly.");
    EXPECT_EQ(channel->asked, 1);
    EXPECT_EQ(registry.calls(), 1U);
}

TEST_F(RealtimeSessionTest, holds_a_typed_conversation_in_the_order_of_the_api) {
    open();
    receive(R"({"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}})");
    EXPECT_EQ(last().at("type"), "session.updated");
    receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_text","text":"Hello"}]}})");
    channel->sent.clear();
    receive(R"({"type":"response.create"})");
    simulation.run_for(std::chrono::seconds(5));
    auto seen = types();
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_EQ(seen, (std::vector<std::string>{
                        "response.created", "rate_limits.updated", "antiphon.state", "response.output_item.added",
                        "conversation.item.added", "response.content_part.added", "antiphon.state",
                        "response.output_text.delta", "response.output_text.done", "response.content_part.done",
                        "response.output_item.done", "conversation.item.done", "response.done", "antiphon.turn",
                        "antiphon.state"}));
    EXPECT_EQ(language_model.requests.back().messages.back().text, "Hello");
    EXPECT_EQ(channel->sent[channel->sent.size() - 3].at("response").at("status"), "completed");
    EXPECT_EQ(channel->asked, 4);
}

TEST_F(RealtimeSessionTest, sends_sound_as_base64) {
    open();
    receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_text","text":"Hello"}]}})");
    receive(R"({"type":"response.create"})");
    simulation.run_for(std::chrono::seconds(30));
    std::size_t bytes = 0;
    for (const auto& event : channel->sent)
        if (event.at("type") == "response.output_audio.delta")
            bytes += base::base64_decode(std::string(event.at("delta").as_string()))->size();
    EXPECT_GT(bytes, 2U * 24000U);
}

TEST_F(RealtimeSessionTest, goes_on_after_bad_input) {
    open();
    for (const auto& [message, code, param] : std::vector<std::tuple<std::string, std::string, std::string>>{
             {"{", "invalid_json", ""},
             {std::string(100'000, '['), "invalid_json", ""},
             {R"({"type":"nonsense","event_id":"mine"})", "unknown_event", "type"},
             {R"({"type":"input_audio_buffer.append","audio":"%%%%","event_id":"mine"})", "invalid_value", "audio"},
             {R"({"type":"input_audio_buffer.append","audio":"AAAA","event_id":"mine"})", "invalid_value", "audio"},
             {R"({"type":"input_audio_buffer.commit","event_id":"mine"})", "input_audio_buffer_commit_empty", ""},
             {R"({"type":"response.cancel","event_id":"mine"})", "response_cancel_not_active", "response_id"},
             {R"({"type":"conversation.item.retrieve","item_id":"x","event_id":"mine"})", "item_retrieve_invalid_item_id",
              "item_id"},
             {R"({"type":"output_audio_buffer.clear","event_id":"mine"})", "unsupported", "type"}}) {
        SCOPED_TRACE(message.substr(0, 80));
        const int asked = channel->asked;
        receive(message);
        ASSERT_EQ(last().at("type"), "error");
        EXPECT_EQ(last_error().at("type"), "invalid_request_error");
        EXPECT_EQ(last_error().at("code"), json::string(code));
        EXPECT_EQ(last_error().at("param"), param.empty() ? json::value(nullptr) : json::value(json::string(param)));
        EXPECT_EQ(last_error().at("event_id"), code == "invalid_json" ? json::value(nullptr) : json::value("mine"));
        EXPECT_EQ(channel->asked, asked + 1);
    }
    user->received_binary(std::vector<std::uint8_t>(4));
    EXPECT_EQ(last_error().at("code"), "invalid_type");
    receive(R"({"type":"input_audio_buffer.clear"})");
    EXPECT_EQ(last().at("type"), "input_audio_buffer.cleared");
}

TEST_F(RealtimeSessionTest, a_second_response_is_refused_by_the_code_that_clients_wait_for) {
    open();
    receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_text","text":"Hello"}]}})");
    receive(R"({"type":"response.create"})");
    receive(R"({"type":"response.create","event_id":"second"})");
    EXPECT_EQ(last_error().at("code"), "conversation_already_has_active_response");
    EXPECT_EQ(last_error().at("event_id"), "second");
}

TEST_F(RealtimeSessionTest, long_sound_in_one_message_is_heard_whole_and_holds_the_client_back) {
    open();
    receive(R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}}})");
    const int asked = channel->asked;
    const auto message = R"({"type":"input_audio_buffer.append","audio":")" +
                         base::base64_encode(std::vector<std::uint8_t>(2 * 24000 * 7)) + "\"}";
    user->received(message);
    EXPECT_EQ(channel->asked, asked);
    simulation.run_for(base::milliseconds(1));
    EXPECT_EQ(channel->asked, asked + 1);
    receive(R"({"type":"input_audio_buffer.commit"})");
    simulation.run_for(std::chrono::seconds(2));
    ASSERT_EQ(recognizer.lengths.size(), 1U);
    EXPECT_NEAR(base::seconds(recognizer.lengths.front()), 7.0, 0.1);
}

TEST_F(RealtimeSessionTest, takes_and_sends_sound_as_bytes_when_asked_to) {
    open();
    receive(R"({"type":"session.update","session":{"type":"realtime","antiphon":{"binary_audio":true},
                "audio":{"input":{"turn_detection":null}}}})");
    EXPECT_EQ(last().at("session").at("antiphon").at("binary_audio"), true);
    const int asked = channel->asked;
    user->received_binary(std::vector<std::uint8_t>(2 * 24000 * 2));
    simulation.run_for(base::milliseconds(1));
    EXPECT_EQ(channel->asked, asked + 1);
    user->received_binary(std::vector<std::uint8_t>(3));
    EXPECT_EQ(last_error().at("code"), "invalid_value");
    EXPECT_EQ(channel->asked, asked + 2);
    receive(R"({"type":"input_audio_buffer.commit"})");
    simulation.run_for(std::chrono::seconds(2));
    ASSERT_EQ(recognizer.lengths.size(), 1U);
    EXPECT_NEAR(base::seconds(recognizer.lengths.front()), 2.0, 0.1);

    channel->sent.clear();
    receive(R"({"type":"response.create"})");
    simulation.run_for(std::chrono::seconds(30));
    const auto seen = types();
    EXPECT_EQ(std::count(seen.begin(), seen.end(), "response.output_audio.delta"), 0);
    EXPECT_EQ(std::count(seen.begin(), seen.end(), "response.output_audio.done"), 1);
    EXPECT_GT(channel->sound.size(), 2U * 24000U);
}

TEST_F(RealtimeSessionTest, telephone_formats_both_ways) {
    open();
    receive(R"({"type":"session.update","session":{"type":"realtime","audio":{
                "input":{"format":{"type":"audio/pcmu"},"turn_detection":null},"output":{"format":{"type":"audio/pcma"}}}}})");
    EXPECT_EQ(last().at("session").at("audio").at("input").at("format"), json::parse(R"({"type":"audio/pcmu"})"));
    receive(R"({"type":"input_audio_buffer.append","audio":")" +
            base::base64_encode(std::vector<std::uint8_t>(3 * 8000, 0xFF)) + "\"}");
    receive(R"({"type":"input_audio_buffer.commit"})");
    simulation.run_for(std::chrono::seconds(2));
    ASSERT_EQ(recognizer.lengths.size(), 1U);
    EXPECT_NEAR(base::seconds(recognizer.lengths.front()), 3.0, 0.1);
}

TEST_F(RealtimeSessionTest, shows_back_what_it_took_and_nothing_of_what_it_refused) {
    open();
    receive(R"({"type":"session.update","session":{"type":"realtime","tracing":"auto","reasoning":{"effort":"low"},
                "audio":{"input":{"noise_reduction":{"type":"near_field"},"transcription":{"prompt":"Birds."}}}}})");
    const auto& shown = last().at("session");
    EXPECT_EQ(shown.at("tracing"), "auto");
    EXPECT_EQ(shown.at("reasoning"), json::parse(R"({"effort":"low"})"));
    EXPECT_EQ(shown.at("audio").at("input").at("noise_reduction"), json::parse(R"({"type":"near_field"})"));
    EXPECT_EQ(shown.at("audio").at("input").at("transcription").at("prompt"), "Birds.");
    receive(R"({"type":"session.update","event_id":"mine","session":{"type":"realtime","tracing":null,
                "tool_choice":{"type":"function","name":"nobody"}}})");
    EXPECT_EQ(last_error().at("param"), "session.tool_choice");
    EXPECT_EQ(last_error().at("event_id"), "mine");
    receive(R"({"type":"session.update","session":{"type":"realtime"}})");
    EXPECT_EQ(last().at("session").at("tracing"), "auto");
}

TEST_F(RealtimeSessionTest, speaks_beta_from_the_start) {
    open("m", {protocol::Dialect::beta, false, false});
    EXPECT_EQ(types().front(), "session.created");
    EXPECT_EQ(types()[1], "conversation.created");
    EXPECT_EQ(channel->sent.front().at("session").at("modalities"), (json::array{"text", "audio"}));
    receive(R"({"type":"session.update","session":{"modalities":["text"],"temperature":0.7}})");
    EXPECT_EQ(last().at("session").at("temperature"), 0.7);
    receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_text","text":"Hello"}]}})");
    EXPECT_EQ(last().at("type"), "conversation.item.created");
    channel->sent.clear();
    receive(R"({"type":"response.create"})");
    simulation.run_for(std::chrono::seconds(5));
    auto seen = types();
    seen.erase(std::remove_if(seen.begin(), seen.end(), [](const std::string& type) { return type.starts_with("antiphon."); }),
               seen.end());
    seen.erase(std::unique(seen.begin(), seen.end()), seen.end());
    EXPECT_EQ(seen, (std::vector<std::string>{"response.created", "rate_limits.updated", "response.output_item.added",
                                              "conversation.item.created", "response.content_part.added",
                                              "response.text.delta", "response.text.done", "response.content_part.done",
                                              "response.output_item.done", "response.done"}));
}

TEST_F(RealtimeSessionTest, finds_out_beta_by_the_first_session) {
    open();
    EXPECT_TRUE(channel->sent.front().at("session").as_object().contains("audio"));
    receive(R"({"type":"session.update","session":{"instructions":"Be brief."}})");
    EXPECT_EQ(last().at("type"), "session.updated");
    EXPECT_EQ(last().at("session").at("instructions"), "Be brief.");
    EXPECT_FALSE(last().at("session").as_object().contains("audio"));
    receive(R"({"type":"session.update","session":{"type":"realtime"}})");
    EXPECT_EQ(last_error().at("param"), "session.type") << "it stays so";
}

TEST_F(RealtimeSessionTest, stays_ga_after_a_session_with_a_type) {
    open();
    receive(R"({"type":"session.update","session":{"type":"realtime"}})");
    receive(R"({"type":"session.update","session":{"instructions":"Be brief."}})");
    EXPECT_EQ(last_error().at("code"), "missing_required_parameter");
    EXPECT_EQ(last_error().at("param"), "session.type");
}

TEST_F(RealtimeSessionTest, begins_as_a_transcription_session) {
    open("m", {protocol::Dialect::open, true, false});
    EXPECT_EQ(channel->sent.front().at("session").at("type"), "transcription");
}

TEST_F(RealtimeSessionTest, clears_the_sound_that_the_server_plays) {
    open("m", {protocol::Dialect::open, false, true});
    receive(R"({"type":"output_audio_buffer.clear","event_id":"early"})");
    EXPECT_EQ(last().at("type"), "output_audio_buffer.cleared") << "nothing sounds: no fault of the client's";
    receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_text","text":"Hello"}]}})");
    receive(R"({"type":"response.create"})");
    simulation.run_for(std::chrono::seconds(2));
    channel->sent.clear();
    receive(R"({"type":"output_audio_buffer.clear"})");
    const auto seen = types();
    const auto cleared = std::find(seen.begin(), seen.end(), "output_audio_buffer.cleared");
    const auto done = std::find(seen.begin(), seen.end(), "response.done");
    ASSERT_NE(cleared, seen.end());
    ASSERT_NE(done, seen.end());
    EXPECT_LT(cleared - seen.begin(), done - seen.begin());
    EXPECT_EQ(channel->sent[static_cast<std::size_t>(done - seen.begin())].at("response").at("status"), "cancelled");
    EXPECT_EQ(std::count(seen.begin(), seen.end(), "error"), 0);
}

TEST_F(RealtimeSessionTest, gives_its_place_back_at_the_end) {
    open();
    append(480);
    const auto sent = channel->sent.size();
    user->ended(ChannelEnd::too_slow);
    EXPECT_EQ(registry.calls(), 0U) << "at once, not when the session goes";
    user->received(R"({"type":"input_audio_buffer.clear"})");
    simulation.run_for(std::chrono::seconds(1));
    EXPECT_EQ(channel->sent.size(), sent);
    user.reset();
}

TEST_F(RealtimeSessionTest, ends_in_the_middle_of_an_answer_without_a_trace) {
    open();
    receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",
                "content":[{"type":"input_text","text":"Hello"}]}})");
    receive(R"({"type":"response.create"})");
    simulation.run_for(base::milliseconds(30));
    end(ChannelEnd::vanished);
    EXPECT_EQ(language_model.counts.cancelled, 1);
    EXPECT_EQ(language_model.forgotten, 1);
}

TEST_F(RealtimeSessionTest, shutdown_closes_with_service_restart) {
    open();
    connections->shut_down();
    simulation.run_for(base::milliseconds(1));
    EXPECT_EQ(channel->closed, CloseCode::service_restart);
    EXPECT_EQ(registry.calls(), 1U) << "the place is taken until the channel has ended";
    end(ChannelEnd::closed_by_server);
    EXPECT_EQ(registry.calls(), 0U);
}

}  // namespace
}  // namespace antiphon::edge
