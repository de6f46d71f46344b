// A call that outlives its channel: what a client that comes back gets, and what becomes of one that does not.
#include "unit/edge/resume_fixture.hpp"

namespace antiphon::edge {
namespace {

TEST_F(ResumeTest, tells_how_to_come_back_when_asked_to) {
    make();
    connect();
    EXPECT_EQ(inbox.count("antiphon.session"), 0U);
    EXPECT_EQ(rtc->resume_token(), "");
    EXPECT_FALSE(rtc->is_resume_token(""));
    receive(R"({"type":"session.update","session":{"type":"realtime","antiphon":{"resumable":true}}})");
    const auto* told = inbox.last("antiphon.session");
    ASSERT_NE(told, nullptr);
    EXPECT_EQ(told->at("call_id").as_string(), json::string(rtc->call_id()));
    EXPECT_EQ(rtc->call_id().substr(0, 4), "rtc_");
    EXPECT_EQ(told->at("resume_within_ms"), 25000);
    EXPECT_EQ(told->at("resumed"), false);
    const std::string token(told->at("resume_token").as_string());
    EXPECT_GE(token.size(), 32U);
    EXPECT_TRUE(rtc->is_resume_token(token));
    EXPECT_FALSE(rtc->is_resume_token(token.substr(1)));
    EXPECT_FALSE(rtc->is_resume_token(token + "x"));
    EXPECT_EQ(inbox.last("session.updated")->at("session").at("antiphon").at("resumable"), true);
    EXPECT_EQ(services.sessions->find(rtc->call_id()), rtc);
    wait(milliseconds(5000));
    EXPECT_GE(inbox.heard, 4);

    receive(R"({"type":"session.update","session":{"type":"realtime","antiphon":{"resumable":false}}})");
    EXPECT_FALSE(rtc->is_resume_token(token));
    vanish();
    EXPECT_EQ(registry.calls(), 0U) << "ends with its channel";
}

TEST_F(ResumeTest, refuses_a_wish_that_is_no_wish) {
    make();
    connect();
    receive(R"({"type":"session.update","event_id":"mine","session":{"type":"realtime","antiphon":{"resumable":"yes"}}})");
    ASSERT_NE(inbox.last("error"), nullptr);
    EXPECT_EQ(inbox.last("error")->at("error").at("param"), "session.antiphon.resumable");
    EXPECT_EQ(rtc->resume_token(), "");
}

class DeadLink : public ResumeTest, public testing::WithParamInterface<int> {};
INSTANTIATE_TEST_SUITE_P(Seconds, DeadLink, testing::Values(3, 10));

TEST_P(DeadLink, in_mid_answer_loses_and_doubles_nothing) {
    open();
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(std::chrono::seconds(GetParam()));
    const auto older = come_back();
    EXPECT_EQ(older->closed, CloseCode::policy_violation);
    EXPECT_EQ(older->reason, "taken over");
    const auto* back = inbox.last("antiphon.session");
    EXPECT_EQ(back->at("resumed"), true);
    EXPECT_EQ(back->at("complete"), true);
    EXPECT_EQ(back->at("input_audio_ms"), 0);
    wait(milliseconds(15'000));
    EXPECT_EQ(inbox.count("response.created"), 1U);
    ASSERT_EQ(inbox.count("response.done"), 1U);
    EXPECT_EQ(inbox.last("response.done")->at("response").at("status"), "completed");
    EXPECT_EQ(text_told(), language_model.answer);
    EXPECT_EQ(inbox.sound.size(), spoken_samples());
    expect_whole(inbox.sound);
    expect_each_event_once();
    EXPECT_EQ(language_model.counts.begun, 1);
    EXPECT_EQ(services.sessions->size(), 1U);
}

TEST_P(DeadLink, in_binary_sound_as_well) {
    open(R"(,"binary_audio":true)");
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(std::chrono::seconds(GetParam()));
    come_back();
    wait(milliseconds(15'000));
    EXPECT_EQ(inbox.count("response.output_audio.delta"), 0U);
    EXPECT_EQ(text_told(), language_model.answer);
    EXPECT_EQ(inbox.sound.size(), spoken_samples());
    expect_whole(inbox.sound);
    expect_each_event_once();
}

TEST_P(DeadLink, in_mid_question_is_one_turn_of_its_whole_length) {
    open();
    mic(milliseconds(500), 0.001F);
    mic(milliseconds(800), 0.3F);
    die();
    mic(milliseconds(700), 0.3F);
    mic(std::chrono::seconds(GetParam()), 0.001F);
    come_back();
    const auto from = inbox.last("antiphon.session")->at("input_audio_ms").as_int64();
    EXPECT_EQ(from, 1300);
    send_microphone_from(from);
    wait(milliseconds(500));
    mic(milliseconds(8000), 0.001F);
    EXPECT_EQ(inbox.count("input_audio_buffer.committed"), 1U);
    EXPECT_EQ(inbox.count("response.done"), 1U);
    EXPECT_EQ(inbox.count("input_audio_buffer.speech_started"), 1U);
    const auto started = inbox.last("input_audio_buffer.speech_started")->at("audio_start_ms").as_int64();
    const auto stopped = inbox.last("input_audio_buffer.speech_stopped")->at("audio_end_ms").as_int64();
    EXPECT_NEAR(static_cast<double>(started), 200.0, 40.0) << "300 ms before the speech";
    EXPECT_NEAR(static_cast<double>(stopped), 2000.0, 40.0);
    EXPECT_NEAR(base::seconds(recognizer.lengths.back()), 1.8 + 0.12, 0.6);
    expect_each_event_once();
}

TEST_F(ResumeTest, a_client_that_is_known_to_be_gone_is_waited_for_with_its_answer) {
    open();
    type("Hello");
    wait_for_sound(24000);
    vanish();
    wait(milliseconds(20'000));
    EXPECT_EQ(registry.calls(), 1U);
    EXPECT_EQ(language_model.counts.cancelled, 0);
    come_back();
    const auto now = inbox.sound.size();
    EXPECT_LT(now, 2U * 24000U) << "what was held goes on in real time";
    wait(milliseconds(100));
    EXPECT_GT(inbox.sound.size(), now);
    wait(milliseconds(10'000));
    EXPECT_EQ(text_told(), language_model.answer);
    EXPECT_EQ(inbox.last("response.done")->at("response").at("status"), "completed");
    expect_whole(inbox.sound);
    expect_each_event_once();
    EXPECT_EQ(language_model.counts.begun, 1) << "no work was done twice";
}

TEST_F(ResumeTest, what_was_heard_is_counted_from_the_return) {
    open();
    type("Hello");
    wait_for_sound(24000);
    const double before = static_cast<double>(inbox.sound.size()) / 24.0;
    die();
    wait(milliseconds(2000));
    come_back();
    mic(milliseconds(600), 0.3F);
    ASSERT_NE(inbox.last("conversation.item.truncated"), nullptr);
    // The client played on from what it had, after having been silent; and the answer was held at the first speech.
    const auto at = inbox.last("conversation.item.truncated")->at("audio_end_ms").as_int64();
    EXPECT_NEAR(static_cast<double>(at), before + 200.0, 150.0);
}

TEST_F(ResumeTest, a_client_that_does_not_come_back_is_given_up) {
    language_model.per_word = milliseconds(3000);  // still at work when it is given up
    open();
    type("Hello");
    wait(milliseconds(500));
    vanish();
    wait(milliseconds(24'000));
    EXPECT_EQ(registry.calls(), 1U);
    EXPECT_EQ(language_model.counts.cancelled, 0);
    wait(milliseconds(2000));
    EXPECT_EQ(registry.calls(), 0U);
    EXPECT_EQ(language_model.counts.cancelled, 1);
    EXPECT_EQ(services.sessions->find(rtc->call_id()), nullptr);
    // One who comes too late, between the look-up and the opening.
    auto late = std::make_shared<Link>(inbox);
    const auto late_user = rtc->take_over(late, {});
    late_user->opened();
    EXPECT_EQ(late->closed, CloseCode::policy_violation);
    late_user->ended(ChannelEnd::closed_by_server);
}

TEST_F(ResumeTest, a_goodbye_ends_a_resumable_call_at_once) {
    open();
    std::exchange(user, nullptr)->ended(ChannelEnd::closed_by_client);
    EXPECT_EQ(registry.calls(), 0U);
    EXPECT_EQ(services.sessions->size(), 0U);
}

TEST_F(ResumeTest, ends_by_being_hung_up_and_by_the_servers_end_while_it_waits) {
    open();
    vanish();
    rtc->hang_up();
    rtc->hang_up();
    wait(milliseconds(1));
    EXPECT_EQ(registry.calls(), 0U);
    inbox = {};
    open();
    vanish();
    connections->shut_down();
    wait(milliseconds(1));
    EXPECT_EQ(registry.calls(), 0U);
}

TEST_F(ResumeTest, a_server_that_drains_closes_a_quiet_call_at_once_and_says_that_it_is_not_kept) {
    open();
    connections->drain();
    wait(milliseconds(1));
    EXPECT_EQ(link->closed, CloseCode::service_restart);
    EXPECT_EQ(inbox.events.back().at("type"), "antiphon.restarting");
    EXPECT_EQ(inbox.events.back().at("resumable"), false);
    std::exchange(user, nullptr)->ended(ChannelEnd::closed_by_server);
    EXPECT_EQ(registry.calls(), 0U);
}

TEST_F(ResumeTest, a_server_that_drains_lets_an_answer_end) {
    open();
    type("Hello");
    wait_for_sound(24000);
    connections->drain();
    wait(milliseconds(500));
    EXPECT_EQ(link->closed, std::nullopt);
    for (int i = 0; i < 1000 && !link->closed; ++i) wait(milliseconds(20));
    EXPECT_EQ(link->closed, CloseCode::service_restart);
    EXPECT_EQ(inbox.count("response.done"), 1U);
    EXPECT_EQ(inbox.sound.size(), spoken_samples());
    std::exchange(user, nullptr)->ended(ChannelEnd::closed_by_server);
}

TEST_F(ResumeTest, a_server_that_drains_lets_the_caller_end_and_answers_until_it_must_end) {
    open();
    mic(milliseconds(600), 0.3F);
    connections->drain();
    mic(milliseconds(400), 0.3F);
    EXPECT_EQ(link->closed, std::nullopt);
    mic(milliseconds(1000), 0.001F);
    wait_for_sound(4800);
    EXPECT_EQ(link->closed, std::nullopt);
    connections->shut_down();
    wait(milliseconds(1));
    EXPECT_EQ(link->closed, CloseCode::service_restart);
    std::exchange(user, nullptr)->ended(ChannelEnd::closed_by_server);
}

TEST_F(ResumeTest, a_server_that_drains_waits_for_nobody_who_is_lost) {
    open();
    type("Hello");
    wait_for_sound(24000);
    vanish();
    connections->drain();
    wait(milliseconds(1));
    EXPECT_EQ(registry.calls(), 0U);
}

TEST_F(ResumeTest, hanging_up_closes_the_channel_in_order) {
    open();
    rtc->hang_up();
    wait(milliseconds(1));
    EXPECT_EQ(link->closed, CloseCode::normal);
    EXPECT_EQ(registry.calls(), 0U);
    receive(R"({"type":"response.create"})");  // what was on its way
}

TEST_F(ResumeTest, the_silence_of_a_client_that_is_gone_does_not_count) {
    session.turn_detection->idle_timeout = milliseconds(6000);
    open();
    mic(milliseconds(600), 0.3F);
    mic(milliseconds(1000), 0.001F);
    wait(milliseconds(8000));
    ASSERT_EQ(inbox.count("response.done"), 1U);
    vanish();
    wait(milliseconds(20'000));
    EXPECT_EQ(language_model.counts.begun, 1);
    come_back();
    wait(milliseconds(5000));
    EXPECT_EQ(inbox.count("input_audio_buffer.timeout_triggered"), 0U);
    wait(milliseconds(1500));
    EXPECT_EQ(inbox.count("input_audio_buffer.timeout_triggered"), 1U);
}

TEST_F(ResumeTest, a_second_loss_during_the_return_is_no_different) {
    open();
    type("Hello");
    wait_for_sound(24000);
    die();
    wait(milliseconds(1000));
    // The new link brings nothing but the first message.
    auto half = std::make_shared<Link>(inbox);
    auto half_user = rtc->take_over(half, {inbox.last_event_id, inbox.after_binary});
    Inbox lost;
    auto first = std::make_shared<Link>(lost);
    user->ended(ChannelEnd::vanished);
    user = rtc->take_over(first, {inbox.last_event_id, inbox.after_binary});
    user->opened();
    link = first;
    ASSERT_EQ(lost.events.front().at("type"), "antiphon.session");
    inbox.events.push_back(lost.events.front());
    inbox.last_event_id = lost.events.front().at("event_id").as_string();
    come_back();
    half_user->ended(ChannelEnd::handshake_failed);
    EXPECT_EQ(registry.calls(), 1U);
    wait(milliseconds(15'000));
    EXPECT_EQ(text_told(), language_model.answer);
    expect_whole(inbox.sound);
    expect_each_event_once();
}

TEST_F(ResumeTest, what_the_older_channel_still_brings_is_not_heard) {
    open();
    const auto older_user = user;
    const auto older = link;
    die();
    link = std::make_shared<Link>(inbox);
    user = rtc->take_over(link, {inbox.last_event_id, 0});
    user->opened();
    older_user->received(R"({"type":"response.create"})");
    wait(milliseconds(500));
    EXPECT_EQ(inbox.count("response.created"), 0U);
    older_user->ended(ChannelEnd::vanished);
    wait(milliseconds(30'000));
    EXPECT_EQ(registry.calls(), 1U) << "the end of the older one means nothing";
    receive(R"({"type":"response.create"})");
    wait(milliseconds(500));
    EXPECT_EQ(inbox.count("response.created"), 1U);
}

TEST_F(ResumeTest, says_when_something_is_missing) {
    open();
    die();
    inbox.last_event_id = "event_nonsense";
    const std::size_t before = inbox.events.size();
    come_back();
    EXPECT_EQ(inbox.events.at(before).at("complete"), false);
    type("Hello");
    wait(milliseconds(9000));
    EXPECT_EQ(inbox.count("response.done"), 1U);
}

TEST_F(ResumeTest, tells_which_of_the_clients_events_came_last) {
    open();
    receive(R"({"type":"input_audio_buffer.clear","event_id":"mine_1"})");
    receive(R"({"type":"nonsense","event_id":"mine_2"})");
    die();
    come_back();
    EXPECT_EQ(inbox.last("antiphon.session")->at("last_client_event_id"), "mine_2");
}

TEST_F(ResumeTest, observers_get_all_but_the_sound_and_may_ask) {
    make();
    Inbox watched;
    auto early = std::make_shared<Link>(watched);
    connect();
    auto place = rtc->admit_observer();
    ASSERT_TRUE(place);
    auto observer = rtc->observe(early, std::move(*place));
    observer->opened();
    EXPECT_EQ(watched.events.front().at("type"), "session.created");
    EXPECT_EQ(early->asked, 1);
    observer->received(R"({"type":"conversation.item.create","item":{"type":"message","role":"user","content":[{"type":"input_text","text":"Hi"}]}})");
    observer->received(R"({"type":"response.create"})");
    EXPECT_EQ(early->asked, 3);
    observer->received(R"({"type":"nonsense","event_id":"x"})");
    EXPECT_EQ(watched.count("error"), 1U);
    EXPECT_EQ(inbox.count("error"), 0U) << "it is the observer's own";
    receive(R"({"type":"nonsense","event_id":"y"})");
    EXPECT_EQ(watched.count("error"), 1U);
    EXPECT_EQ(inbox.count("error"), 1U);
    wait(milliseconds(9000));
    EXPECT_EQ(inbox.count("response.done"), 1U);
    EXPECT_EQ(watched.count("response.done"), 1U);
    EXPECT_GT(inbox.count("response.output_audio.delta"), 0U);
    EXPECT_EQ(watched.count("response.output_audio.delta"), 0U);
    receive(R"({"type":"session.update","session":{"type":"realtime","antiphon":{"resumable":true}}})");
    EXPECT_EQ(watched.count("antiphon.session"), 0U) << "the token is the client's";
    observer->ended(ChannelEnd::vanished);
    EXPECT_EQ(registry.calls(), 1U);
    observer.reset();
}

TEST_F(ResumeTest, observers_are_at_most_four_and_end_with_the_call) {
    make();
    connect();
    std::vector<std::shared_ptr<Link>> links;
    std::vector<std::shared_ptr<ChannelUser>> users;
    Inbox watched;
    for (std::size_t i = 0; i < RealtimeSession::kMaxObservers; ++i) {
        auto place = rtc->admit_observer();
        ASSERT_TRUE(place);
        links.push_back(std::make_shared<Link>(watched));
        users.push_back(rtc->observe(links.back(), std::move(*place)));
        users.back()->opened();
    }
    EXPECT_FALSE(rtc->admit_observer());
    users.back()->ended(ChannelEnd::closed_by_client);
    EXPECT_TRUE(rtc->admit_observer());
    std::exchange(user, nullptr)->ended(ChannelEnd::vanished);
    EXPECT_EQ(links.front()->closed, CloseCode::normal);
    for (std::size_t i = 0; i + 1 < users.size(); ++i) users[i]->ended(ChannelEnd::closed_by_server);
}

TEST_F(ResumeTest, losses_returns_and_the_end_are_counted) {
    const auto expect = [&](const std::string& line) {
        EXPECT_NE(metrics.text().find("\n" + line + "\n"), std::string::npos) << line;
    };
    SessionMetrics(metrics).announce();
    open();
    expect("antiphon_connected_calls{transport=\"websocket\"} 1");
    vanish();
    expect("antiphon_connected_calls{transport=\"websocket\"} 0");
    expect("antiphon_call_losses_total 1");
    come_back();
    expect("antiphon_connected_calls{transport=\"websocket\"} 1");
    expect("antiphon_connections_total{transport=\"websocket\"} 2");
    expect("antiphon_call_returns_total 1");
    expect("antiphon_call_ends_total{reason=\"closed_by_client\"} 0");
    vanish(ChannelEnd::closed_by_client);
    expect("antiphon_connected_calls{transport=\"websocket\"} 0");
    expect("antiphon_call_ends_total{reason=\"closed_by_client\"} 1");
    expect("antiphon_call_losses_total 1");
}

}  // namespace
}  // namespace antiphon::edge
