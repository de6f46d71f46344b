// A session whose sound goes over a media line, and what becomes of it when the line dies.
#include "unit/edge/resume_fixture.hpp"

namespace antiphon::edge {
namespace {

class MediaLineTest : public ResumeTest {
protected:
    /// With a data channel; `resumable` by the session that came with the offer.
    void open_rtc(bool resumable) {
        make();
        if (resumable) configure(R"({"type":"realtime","antiphon":{"resumable":true}})");
        rtc->attach_media(line);
        line_user = rtc->user_of(*line);
        connect();
    }
    std::optional<protocol::Refusal> configure(const std::string& session_json) {
        const auto decoded = protocol::decode(R"({"type":"session.update","session":)" + session_json + "}", protocol::Dialect::open);
        const auto* event = std::get_if<protocol::ClientEvent>(&decoded);
        if (event == nullptr) return std::get<protocol::Refusal>(decoded);
        return rtc->configure(std::get<protocol::UpdateSession>(event->request));
    }
    /// As the line brings it, in steps of 20 ms at 16 kHz.
    void line_hears(milliseconds length, float amplitude) {
        for (milliseconds passed{0}; passed < length; passed += milliseconds(20)) {
            std::vector<float> step(320);
            for (std::size_t i = 0; i < step.size(); ++i) step[i] = amplitude * std::sin(0.1F * static_cast<float>(i)) * 1.4F;
            line_user->heard(step);
            line->from_caller += milliseconds(20);
            simulation.run_for(milliseconds(20));
        }
    }
    /// Over a new line, which takes the place of `line`.
    void come_back_by_line(std::shared_ptr<FakeLine> next = std::make_shared<FakeLine>()) {
        auto older_user = user;
        line = std::move(next);
        link = std::make_shared<Link>(inbox);
        user = rtc->take_over(link, {inbox.last_event_id, inbox.after_binary}, line);
        line_user = rtc->user_of(*line);
        user->opened();
        if (older_user) older_user->ended(ChannelEnd::closed_by_server);
    }
    void wait_for_line(std::size_t samples) {
        for (int i = 0; i < 1000 && line->sent.size() < samples; ++i) wait(milliseconds(20));
        ASSERT_GE(line->sent.size(), samples);
    }
    void TearDown() override {
        line_user.reset();
        ResumeTest::TearDown();
    }

    std::shared_ptr<MediaUser> line_user;
    std::shared_ptr<FakeLine> line = std::make_shared<FakeLine>();
};

TEST_F(MediaLineTest, carries_the_sound_of_both_sides) {
    open_rtc(false);
    line_hears(milliseconds(600), 0.3F);
    line_hears(milliseconds(9000), 0.001F);
    EXPECT_EQ(inbox.count("response.done"), 1U);
    EXPECT_EQ(inbox.count("response.output_audio.delta"), 0U);
    EXPECT_EQ(inbox.count("output_audio_buffer.started"), 1U);
    EXPECT_EQ(inbox.count("output_audio_buffer.stopped"), 1U);
    expect_whole(line->sent);
    EXPECT_EQ(line->sent.size(), spoken_samples());
    EXPECT_NEAR(base::seconds(recognizer.lengths.back()), 0.6 + 0.12, 0.1) << "16 kHz all the way";
}

TEST_F(MediaLineTest, the_call_begins_with_the_first_sound_when_there_is_no_channel) {
    make();
    rtc->attach_media(line, true);
    line_user = rtc->user_of(*line);
    wait(milliseconds(2000));
    EXPECT_EQ(call_metrics.calls.Value(), 1) << "it has a place";
    EXPECT_EQ(call_metrics.calls_total.Value(), 0);
    line_hears(milliseconds(600), 0.3F);
    EXPECT_EQ(call_metrics.calls.Value(), 1);
    line_hears(milliseconds(2000), 0.001F);
    EXPECT_GT(line->sent.size(), 0U);
}

TEST_F(MediaLineTest, what_is_said_before_the_channel_opens_is_heard) {
    make();
    rtc->attach_media(line);
    line_user = rtc->user_of(*line);
    line_hears(milliseconds(600), 0.3F);
    line_hears(milliseconds(3000), 0.001F);
    EXPECT_EQ(call_metrics.calls_total.Value(), 0);
    connect();
    line_hears(milliseconds(1000), 0.001F);
    EXPECT_EQ(inbox.count("input_audio_buffer.committed"), 1U);
    EXPECT_EQ(inbox.count("response.created"), 1U);
    EXPECT_NEAR(base::seconds(recognizer.lengths.back()), 0.6 + 0.12, 0.1);
}

TEST_F(MediaLineTest, a_line_that_never_comes_about_is_given_up) {
    make();
    rtc->attach_media(line);
    line_user = rtc->user_of(*line);
    wait(milliseconds(29'000));
    EXPECT_EQ(registry.calls(), 1U);
    wait(milliseconds(3000));
    EXPECT_EQ(registry.calls(), 0U);
    EXPECT_TRUE(line->closed);
}

TEST_F(MediaLineTest, keeps_a_short_lead_and_counts_what_is_heard_by_the_lines_delay) {
    line->lag = milliseconds(400);
    open_rtc(false);
    type("Hello");
    wait_for_line(24000);
    const auto began = simulation.now();
    const std::size_t first = line->sent.size();
    wait(milliseconds(1000));
    EXPECT_NEAR(static_cast<double>(line->sent.size() - first), 24000.0, 600.0);
    EXPECT_EQ(began + milliseconds(1000), simulation.now());
    const double sent_ms = static_cast<double>(line->sent.size()) / 24.0;
    line_hears(milliseconds(600), 0.3F);
    EXPECT_EQ(line->cleared, 1);
    EXPECT_EQ(inbox.count("output_audio_buffer.cleared"), 1U);
    const auto at = inbox.last("conversation.item.truncated")->at("audio_end_ms").as_int64();
    // What was sent less the lead and the way to the ear; speech is noticed within about 220 ms of going on.
    EXPECT_NEAR(static_cast<double>(at), sent_ms - 60.0 - 400.0 + 200.0, 70.0);
}

TEST_F(MediaLineTest, an_answer_is_over_when_the_ear_has_heard_it) {
    line->lag = milliseconds(700);
    open_rtc(false);
    type("Hello");
    wait_for_line(12'000);
    ASSERT_EQ(synthesizer.counts.finished, synthesizer.counts.begun);
    while (line->sent.size() < spoken_samples()) wait(milliseconds(20));
    wait(milliseconds(600));
    EXPECT_EQ(inbox.count("response.done"), 0U);
    wait(milliseconds(300));
    EXPECT_EQ(inbox.count("response.done"), 1U);
    EXPECT_EQ(inbox.count("output_audio_buffer.stopped"), 1U);
}

TEST_F(MediaLineTest, sound_in_events_is_refused_while_the_line_brings_it) {
    open_rtc(false);
    line_hears(milliseconds(100), 0.001F);
    microphone.push_back(frame(0.3F));
    send_frame(0);
    ASSERT_NE(inbox.last("error"), nullptr);
    EXPECT_EQ(inbox.last("error")->at("error").at("code"), "unsupported");
}

TEST_F(MediaLineTest, goes_on_over_a_web_socket_without_losing_a_sample) {
    open_rtc(true);
    ASSERT_EQ(inbox.count("antiphon.session"), 1U) << "told at once";
    line_hears(milliseconds(600), 0.3F);
    line_hears(milliseconds(1500), 0.001F);
    wait_for_line(24000);
    line->arrived = 20'000;
    inbox.sound.assign(line->sent.begin(), line->sent.begin() + 20'000);
    wait(milliseconds(3000));
    line_user->line_silent(true);
    const std::size_t sent = line->sent.size();
    wait(milliseconds(2000));
    EXPECT_EQ(line->sent.size(), sent) << "held";
    vanish(ChannelEnd::timed_out);
    come_back();
    EXPECT_TRUE(line->closed);
    EXPECT_EQ(inbox.last("antiphon.session")->at("complete"), true);
    EXPECT_EQ(inbox.last("antiphon.session")->at("input_audio_ms"), 2100);
    wait(milliseconds(15'000));
    EXPECT_EQ(text_told(), language_model.answer);
    EXPECT_EQ(inbox.sound.size(), spoken_samples());
    expect_whole(inbox.sound);
    EXPECT_EQ(inbox.count("response.done"), 1U);
    expect_each_event_once();
    mic(milliseconds(600), 0.3F);
    mic(milliseconds(900), 0.001F);
    EXPECT_EQ(inbox.count("input_audio_buffer.committed"), 2U) << "and the caller is heard over the new one";
    line_user->line_ended();
}

TEST_F(MediaLineTest, a_call_that_never_had_media_begins_over_the_web_socket) {
    make();
    configure(R"({"type":"realtime","antiphon":{"resumable":true}})");
    rtc->attach_media(line);
    line_user = rtc->user_of(*line);
    const std::string id = rtc->call_id();
    EXPECT_NE(rtc->resume_token(), "");
    wait(milliseconds(3000));
    come_back();
    EXPECT_EQ(inbox.events.front().at("type"), "antiphon.session");
    EXPECT_EQ(inbox.events.front().at("call_id").as_string(), json::string(id));
    EXPECT_EQ(inbox.events.at(1).at("type"), "session.created");
    type("Hello");
    wait(milliseconds(9000));
    EXPECT_EQ(inbox.count("response.done"), 1U);
    expect_whole(inbox.sound);
}

TEST_F(MediaLineTest, a_line_that_comes_back_brings_what_was_not_received) {
    open_rtc(true);
    type("Hello");
    wait_for_line(24000);
    const auto received = static_cast<std::int64_t>(line->sent.size());
    line->arrived = received;
    wait(milliseconds(1500));
    line_user->line_silent(true);
    wait(milliseconds(3000));
    line->sent.resize(static_cast<std::size_t>(received));  // what has really come
    line_user->line_silent(false);
    EXPECT_GE(line->cleared, 1);
    wait(milliseconds(10'000));
    expect_whole(line->sent);
    EXPECT_EQ(line->sent.size(), spoken_samples());
    EXPECT_EQ(inbox.count("response.done"), 1U);
}

TEST_F(MediaLineTest, comes_back_over_another_line_without_losing_a_sample) {
    open_rtc(true);
    line_hears(milliseconds(600), 0.3F);
    line_hears(milliseconds(1500), 0.001F);
    wait_for_line(24000);
    line->arrived = 20'000;
    std::vector<float> heard(line->sent.begin(), line->sent.begin() + 20'000);
    wait(milliseconds(3000));
    line_user->line_silent(true);
    wait(milliseconds(2000));
    const auto older = line;
    const auto older_user = line_user;
    come_back_by_line();
    EXPECT_TRUE(older->closed);
    EXPECT_EQ(inbox.last("antiphon.session")->at("complete"), true);
    EXPECT_EQ(inbox.last("antiphon.session")->at("input_audio_ms"), 2100);
    // What the older one still says means nothing to the new one.
    older_user->line_silent(true);
    older_user->line_ended();
    older_user->heard(std::vector<float>(320));
    wait(milliseconds(15'000));
    heard.insert(heard.end(), line->sent.begin(), line->sent.end());
    expect_whole(heard);
    EXPECT_EQ(heard.size(), spoken_samples());
    EXPECT_TRUE(inbox.sound.empty());
    EXPECT_EQ(text_told(), language_model.answer);
    EXPECT_EQ(inbox.count("output_audio_buffer.started"), 1U);
    EXPECT_EQ(inbox.count("output_audio_buffer.stopped"), 1U);
    expect_each_event_once();
    line_hears(milliseconds(600), 0.3F);
    line_hears(milliseconds(900), 0.001F);
    EXPECT_EQ(inbox.count("input_audio_buffer.committed"), 2U);
}

TEST_F(MediaLineTest, goes_over_from_a_web_socket_in_mid_answer) {
    open();
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(milliseconds(1000));
    come_back_by_line();
    EXPECT_EQ(inbox.count("output_audio_buffer.started"), 1U) << "from now on it is played from here";
    wait(milliseconds(15'000));
    EXPECT_EQ(inbox.count("output_audio_buffer.stopped"), 1U);
    std::vector<float> heard = inbox.sound;
    heard.insert(heard.end(), line->sent.begin(), line->sent.end());
    expect_whole(heard);
    EXPECT_EQ(heard.size(), spoken_samples());
    EXPECT_EQ(text_told(), language_model.answer);
    EXPECT_EQ(inbox.count("response.done"), 1U);
    expect_each_event_once();
}

TEST_F(MediaLineTest, goes_over_from_a_web_socket_with_sound_in_binary_messages) {
    open(R"(,"binary_audio":true)");
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(milliseconds(500));
    come_back_by_line();
    wait(milliseconds(15'000));
    std::vector<float> heard = inbox.sound;
    heard.insert(heard.end(), line->sent.begin(), line->sent.end());
    expect_whole(heard);
    EXPECT_EQ(heard.size(), spoken_samples());
}

TEST_F(MediaLineTest, an_answer_that_was_over_before_it_was_heard_is_played_in_real_time_and_the_next_one_after_it) {
    open();
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(milliseconds(15'000));  // nobody has found out: to the server it has been heard
    ASSERT_EQ(inbox.count("response.done"), 0U);
    come_back_by_line();
    ASSERT_EQ(inbox.count("response.done"), 1U);
    type("And now?");
    wait(milliseconds(1000));
    EXPECT_NEAR(static_cast<double>(line->sent.size()), 24'000.0, 1000.0);
    // Lost in the midst of that as well, and back over the WebSocket.
    line->arrived = static_cast<std::int64_t>(line->sent.size());
    inbox.sound.insert(inbox.sound.end(), line->sent.begin(), line->sent.end());
    come_back();
    wait(milliseconds(30'000));
    EXPECT_EQ(inbox.count("response.done"), 2U);
    expect_whole(inbox.sound);
    EXPECT_EQ(inbox.sound.size(), spoken_samples());
    expect_each_event_once();
}

TEST_F(MediaLineTest, who_speaks_is_not_told_the_end_of_an_older_answer) {
    open();
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(milliseconds(15'000));
    come_back_by_line();
    wait(milliseconds(500));
    line_hears(milliseconds(400), 0.3F);
    const auto sent = line->sent.size();
    line_hears(milliseconds(200), 0.3F);
    EXPECT_EQ(line->sent.size(), sent);
    line_hears(milliseconds(9000), 0.001F);
    EXPECT_EQ(inbox.count("response.done"), 2U) << "and gets an answer";
}

TEST_F(MediaLineTest, a_way_back_that_does_not_open_changes_nothing) {
    open_rtc(true);
    type("Hello");
    wait_for_line(4800);
    auto half = std::make_shared<Link>(inbox);
    auto half_line = std::make_shared<FakeLine>();
    auto half_user = rtc->take_over(half, {inbox.last_event_id, 0}, half_line);
    auto half_line_user = rtc->user_of(*half_line);
    half_line_user->heard(std::vector<float>(320));
    half_line_user->line_ended();
    half_user->ended(ChannelEnd::handshake_failed);
    wait(milliseconds(15'000));
    EXPECT_FALSE(line->closed);
    expect_whole(line->sent);
    EXPECT_EQ(line->sent.size(), spoken_samples());
    EXPECT_TRUE(half_line->sent.empty());

    // One that is about to open gives way to the next, and to the end of the call.
    auto second = std::make_shared<Link>(inbox);
    auto second_user = rtc->take_over(second, {inbox.last_event_id, 0}, half_line);
    auto third = std::make_shared<Link>(inbox);
    auto third_user = rtc->take_over(third, {inbox.last_event_id, 0});
    EXPECT_EQ(second->closed, CloseCode::policy_violation);
    rtc->hang_up();
    wait(milliseconds(1));
    EXPECT_EQ(third->closed, CloseCode::policy_violation);
    second_user->ended(ChannelEnd::closed_by_server);
    third_user->ended(ChannelEnd::closed_by_server);
}

TEST_F(MediaLineTest, the_callers_sound_is_counted_over_all_lines_and_channels) {
    open_rtc(true);
    line_hears(milliseconds(1000), 0.001F);
    auto next = std::make_shared<FakeLine>();
    next->from_caller = milliseconds(300);  // before it was the call's
    come_back_by_line(next);
    EXPECT_EQ(inbox.last("antiphon.session")->at("input_audio_ms"), 1000);
    line_hears(milliseconds(500), 0.001F);
    die();
    come_back();
    EXPECT_EQ(inbox.last("antiphon.session")->at("input_audio_ms"), 1500);
    mic(milliseconds(200), 0.001F);
    die();
    come_back_by_line();
    EXPECT_EQ(inbox.last("antiphon.session")->at("input_audio_ms"), 1700);
}

TEST_F(MediaLineTest, a_silent_line_of_a_call_that_is_not_resumable_ends_it_within_15_s) {
    language_model.per_word = milliseconds(20'000);
    open_rtc(false);
    type("Hello");
    wait(milliseconds(1000));
    line_user->line_silent(true);  // 3 s after the last packet
    wait(milliseconds(11'000));
    EXPECT_EQ(registry.calls(), 1U);
    wait(milliseconds(2000));
    EXPECT_EQ(registry.calls(), 0U);
    EXPECT_EQ(language_model.counts.cancelled, 1);
    EXPECT_TRUE(line->closed);
}

TEST_F(MediaLineTest, a_line_that_ends_ends_a_call_that_is_not_resumable) {
    open_rtc(false);
    line_user->line_ended();
    EXPECT_EQ(registry.calls(), 0U);
    EXPECT_EQ(link->closed, CloseCode::normal);
}

TEST_F(MediaLineTest, a_session_that_cannot_be_is_refused_before_the_call) {
    make();
    const auto refusal = configure(R"({"type":"realtime","tool_choice":{"type":"function","name":"nobody"},"tools":[]})");
    ASSERT_TRUE(refusal);
    EXPECT_FALSE(configure(R"({"type":"realtime","instructions":"Be brief.","antiphon":{"resumable":true}})"));
    connect();
    EXPECT_EQ(inbox.events.front().at("session").at("instructions"), "Be brief.");
    EXPECT_EQ(inbox.count("antiphon.session"), 1U);
}

TEST_F(MediaLineTest, telephone_sound_of_the_session_is_made_fit_for_the_line) {
    open_rtc(false);
    receive(R"({"type":"session.update","session":{"type":"realtime","audio":{"output":{"format":{"type":"audio/pcmu"}}}}})");
    type("Hello");
    wait(milliseconds(9000));
    EXPECT_NEAR(static_cast<double>(line->sent.size()), static_cast<double>(spoken_samples()), 1200.0);
}

}  // namespace
}  // namespace antiphon::edge
