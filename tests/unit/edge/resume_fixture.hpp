// A client that keeps what it gets, over links that may die, on a session with a real Call and scripted engines.
#pragma once

#include "edge/realtime_session.hpp"

#include "audio/g711.hpp"
#include "base/base64.hpp"
#include "call/scene.hpp"
#include "protocol/decode.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {

namespace json = boost::json;
using base::milliseconds;

/// What has come to a client, whatever the link.
struct Inbox {
    std::vector<json::object> events;  ///< without antiphon.heard
    std::vector<float> sound;
    std::string last_event_id;
    std::size_t after_binary = 0;
    int heard = 0;                     ///< signs of life

    void take(const std::string& message) {
        auto event = json::parse(message).as_object();
        if (event.at("type") == "antiphon.heard") {
            ++heard;
            return;
        }
        last_event_id = event.at("event_id").as_string();
        after_binary = 0;
        if (event.at("type") == "response.output_audio.delta")
            add(*base::base64_decode(std::string(event.at("delta").as_string())));
        events.push_back(std::move(event));
    }
    void take_binary(std::span<const std::uint8_t> bytes) {
        ++after_binary;
        add(bytes);
    }
    std::size_t count(std::string_view type) const {
        return static_cast<std::size_t>(std::count_if(events.begin(), events.end(), [&](const json::object& event) {
            return event.at("type").as_string() == json::string_view(type);
        }));
    }
    const json::object* last(std::string_view type) const {
        for (auto event = events.rbegin(); event != events.rend(); ++event)
            if (event->at("type").as_string() == json::string_view(type)) return &*event;
        return nullptr;
    }

private:
    void add(std::span<const std::uint8_t> bytes) {
        const auto samples = audio::decode(bytes, audio::Encoding::pcm16);
        sound.insert(sound.end(), samples.begin(), samples.end());
    }
};

struct Link final : MessageChannel {
    explicit Link(Inbox& to) : inbox(to) {}
    void next() override { ++asked; }
    void send(std::string message) override {
        if (!dead && !closed) inbox.take(message);
    }
    void send_binary(std::span<const std::uint8_t> bytes) override {
        if (!dead && !closed) inbox.take_binary(bytes);
    }
    void close(CloseCode code, std::string_view why) override {
        closed = code;
        reason = why;
    }
    Inbox& inbox;
    bool dead = false;  ///< nothing gets through, and nobody knows
    int asked = 0;
    std::optional<CloseCode> closed;
    std::string reason;
};

/// RTP as the session sees it.
struct FakeLine final : MediaLine {
    void send(std::span<const float> samples) override { sent.insert(sent.end(), samples.begin(), samples.end()); }
    void clear() override { ++cleared; }
    std::int64_t received() const override { return arrived.value_or(static_cast<std::int64_t>(sent.size())); }
    base::Duration delay() const override { return lag; }
    base::Duration caller_sound() const override { return from_caller; }
    void close() override { closed = true; }

    std::vector<float> sent;
    std::optional<std::int64_t> arrived;
    base::Duration lag{};
    base::Duration from_caller{};
    int cleared = 0;
    bool closed = false;
};

class ResumeTest : public scenes::Scene {
protected:
    void make(WireStart wire = {}) {
        auto place = registry.enter();
        ASSERT_TRUE(place);
        rtc = RealtimeSession::make(simulation.strand(), std::move(*place), services, *connections,
                                    std::make_shared<call::Agent>(call::Agent{{}, {}, session, settings, {}}), "m", "test", wire);
    }
    void connect() {
        link = std::make_shared<Link>(inbox);
        user = rtc->attach(link);
        user->opened();
    }
    /// A call whose client wants it kept.
    void open(const std::string& more = "") {
        make();
        connect();
        receive(R"({"type":"session.update","session":{"type":"realtime","antiphon":{"resumable":true)" + more + "}}}");
        ASSERT_NE(inbox.last("antiphon.session"), nullptr);
    }
    void receive(const std::string& message) { user->received(message); }
    void type(const std::string& text) {
        receive(R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":")" + text + R"("}]}})");
        receive(R"({"type":"response.create"})");
    }
    /// The link dies: the server is not told.
    void die() { link->dead = true; }
    /// The server finds out.
    void vanish(ChannelEnd why = ChannelEnd::vanished) {
        die();
        std::exchange(user, nullptr)->ended(why);
    }
    std::shared_ptr<Link> come_back() {
        auto older = link;
        auto older_user = user;
        link = std::make_shared<Link>(inbox);
        user = rtc->take_over(link, {inbox.last_event_id, inbox.after_binary});
        user->opened();
        if (older_user) older_user->ended(ChannelEnd::closed_by_server);
        return older;
    }
    static std::vector<std::uint8_t> frame(float amplitude) {
        std::vector<float> samples(480);
        for (std::size_t i = 0; i < samples.size(); ++i)
            samples[i] = amplitude * std::sin(0.07F * static_cast<float>(i)) * 1.4F;
        return audio::encode(samples, audio::Encoding::pcm16);
    }
    /// The microphone runs, and what it takes is sent unless the link is gone.
    void mic(milliseconds length, float amplitude) {
        for (milliseconds passed{0}; passed < length; passed += milliseconds(20)) {
            microphone.push_back(frame(amplitude));
            send_frame(microphone.size() - 1);
            simulation.run_for(milliseconds(20));
        }
    }
    void send_frame(std::size_t number) {
        if (!user || link->dead) return;
        receive(R"({"type":"input_audio_buffer.append","audio":")" + base::base64_encode(microphone.at(number)) + "\"}");
    }
    void send_microphone_from(std::int64_t ms) {
        for (auto i = static_cast<std::size_t>(ms / 20); i < microphone.size(); ++i) send_frame(i);
    }
    void wait_for_sound(std::size_t samples) {
        for (int i = 0; i < 1000 && inbox.sound.size() < samples; ++i) wait(milliseconds(20));
        ASSERT_GE(inbox.sound.size(), samples);
    }
    /// The scene's voice is a ramp: whatever is lost, doubled, or out of order shows.
    static void expect_whole(const std::vector<float>& sound) {
        for (std::size_t i = 0; i < sound.size(); ++i)
            ASSERT_NEAR(sound[i], static_cast<float>(i % 16384) / 32768.0F, 1e-4F) << "at sample " << i;
    }
    void expect_each_event_once() const {
        std::vector<std::string> ids;
        for (const auto& event : inbox.events) ids.emplace_back(event.at("event_id").as_string());
        std::sort(ids.begin(), ids.end());
        EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
    }
    std::size_t spoken_samples() const {
        std::size_t letters = 0;
        for (const std::string& piece : synthesizer.spoken) letters += piece.size();
        return letters * 1200;
    }
    std::string text_told() const {
        std::string text;
        for (const auto& event : inbox.events)
            if (event.at("type") == "response.output_audio_transcript.delta") text += event.at("delta").as_string();
        return text;
    }
    void TearDown() override {
        if (user) std::exchange(user, nullptr)->ended(ChannelEnd::closed_by_client);
        simulation.run_for(std::chrono::seconds(1));
        if (rtc) rtc->hang_up();
        rtc.reset();
        Scene::TearDown();
        EXPECT_EQ(registry.calls(), 0U);
        EXPECT_EQ(call_metrics.calls.Value(), 0);
        EXPECT_EQ(services.sessions->size(), 0U);
    }

    call::CallRegistry registry{2};
    std::shared_ptr<Connections> connections = Connections::make();
    Services services{.registry = registry,
                      .agents = [] { return std::make_shared<const call::Agents>(); },
                      .readiness = [] { return Readiness{}; },
                      .engines = [this] { return &engines; },
                      .metrics = metrics};
    Inbox inbox;
    std::shared_ptr<Link> link;
    std::shared_ptr<ChannelUser> user;
    std::shared_ptr<RealtimeSession> rtc;
    std::vector<std::vector<std::uint8_t>> microphone;
};

}  // namespace antiphon::edge
