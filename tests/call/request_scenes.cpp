// What clients ask for, and what they are refused.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;

class RequestScene : public Scene {};

TEST_F(RequestScene, AManualTurnIsCommittedAndAnsweredOnRequest) {
    session.turn_detection.reset();
    begin();
    speak(milliseconds(800));
    silence(milliseconds(2000));
    EXPECT_EQ(peer.seen.size(), 2U) << "without turn detection nothing is told by itself";
    call->commit_audio("");
    call->create_response({});
    wait(milliseconds(9000));
    EXPECT_EQ(count<AudioCommitted>(), 1U);
    EXPECT_EQ(count<TranscriptionCompleted>(), 1U);
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(last_texts(), std::vector<std::string>{"what did I say"});
    EXPECT_NEAR(base::seconds(recognizer.lengths.at(0)), 2.8, 0.05);
}

TEST_F(RequestScene, TwoCommitsAreTwoItemsAndTheAnswerWaitsForBoth) {
    session.turn_detection.reset();
    recognizer.texts = {"one", "two"};
    begin();
    speak(milliseconds(500));
    call->commit_audio("");
    speak(milliseconds(500));
    call->commit_audio("");
    call->create_response({});
    wait(milliseconds(9000));
    EXPECT_EQ(last_texts(), std::vector<std::string>{"one two"});
    const auto committed = peer.all<AudioCommitted>();
    ASSERT_EQ(committed.size(), 2U);
    EXPECT_EQ(committed[1].previous_item_id, committed[0].item_id);
}

TEST_F(RequestScene, AnEmptyCommitIsRefused) {
    session.turn_detection.reset();
    begin();
    call->commit_audio("evt_1");
    expect_refused("evt_1", base::Errc::invalid);
    speak(milliseconds(500));
    call->clear_audio();
    call->commit_audio("evt_2");
    expect_refused("evt_2", base::Errc::invalid);
    EXPECT_EQ(count<AudioCleared>(), 1U);
    EXPECT_EQ(recognizer.counts.begun, 0);
}

TEST_F(RequestScene, ASecondResponseIsRefusedWhileOneIsUnderWay) {
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(300));
    ResponseRequest second;
    second.client_event_id = "evt_2";
    call->create_response(second);
    expect_refused("evt_2", base::Errc::conflict);
    wait(milliseconds(9000));
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(RequestScene, ACancelledResponseEndsWhereItWas) {
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(1500));
    call->cancel_response("", "");
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::cancelled);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.end, ResponseEnd::client_cancelled);
    call->cancel_response("", "evt_3");
    expect_refused("evt_3", base::Errc::not_found);
}

TEST_F(RequestScene, ItemsAreAddedFoundAndDeleted) {
    begin();
    auto item = typed("one");
    item.id = "a";
    call->create_item(item, std::nullopt, "");
    call->create_item(item, std::nullopt, "evt_1");
    expect_refused("evt_1", base::Errc::conflict);
    auto first = typed("zero");
    first.id = "z";
    call->create_item(first, "root", "");
    EXPECT_EQ(peer.all<ItemAdded>().back().previous_item_id, "");
    call->create_item(typed("lost"), "nowhere", "evt_2");
    expect_refused("evt_2", base::Errc::not_found);
    call->retrieve_item("a", "");
    EXPECT_EQ(think::words_of(peer.all<ItemRetrieved>().at(0).item), "one");
    call->delete_item("a", "");
    call->retrieve_item("a", "evt_3");
    expect_refused("evt_3", base::Errc::not_found);
    call->truncate_item("z", 10, "evt_4");
    expect_refused("evt_4", base::Errc::invalid);
}

TEST_F(RequestScene, AResponseOutsideTheConversationLeavesNoTrace) {
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    ResponseRequest request;
    request.in_conversation = false;
    request.speaks = false;
    request.input = {{typed("what is two and two")}};
    call->create_response(request);
    wait(milliseconds(3000));
    EXPECT_EQ(last_texts(), std::vector<std::string>{"what is two and two"});
    EXPECT_EQ(count<ItemAdded>(), 1U);
    call->create_response({});
    wait(milliseconds(9000));
    EXPECT_EQ(last_texts(), std::vector<std::string>{"hello"});
}

TEST_F(RequestScene, TheAnswerIsCutAtTheTokensTheClientAllows) {
    session.max_output_tokens = 4;
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(9000));
    const auto done = peer.all<ResponseDone>().at(0).response;
    EXPECT_EQ(done.status, ResponseStatus::incomplete);
    EXPECT_EQ(done.end, ResponseEnd::max_output_tokens);
    EXPECT_EQ(think::words_of(done.output.at(0)), "It is sunny today. ");
}

TEST_F(RequestScene, AnUnknownVoiceIsAnsweredInTheDefaultOne) {
    for (const char* name : {"alloy", "joe"}) {
        session.voice = name;
        begin();
        call->create_item(typed("hello"), std::nullopt, "");
        call->create_response({});
        wait(milliseconds(9000));
        EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
        call->close();
    }
    EXPECT_EQ(synthesizer.voices_used.front(), "");
    EXPECT_EQ(synthesizer.voices_used.back(), "joe");
}

TEST_F(RequestScene, TheSessionChangesPartByPart) {
    begin();
    SessionPatch patch;
    patch.instructions = "Be brief.";
    patch.turn_detection = TurnDetection{};
    (*patch.turn_detection)->silence_duration = milliseconds(2000);
    call->update_session(patch, "");
    EXPECT_EQ(peer.all<SessionUpdated>().at(0).session.instructions, "Be brief.");
    speak(milliseconds(500));
    silence(milliseconds(1500));
    EXPECT_EQ(count<SpeechStopped>(), 0U);
    silence(milliseconds(700));
    EXPECT_EQ(count<SpeechStopped>(), 1U);
    SessionPatch bad;
    bad.input_rate = 1;
    call->update_session(bad, "evt_1");
    expect_refused("evt_1", base::Errc::invalid);
    EXPECT_EQ(call->session().input_rate, 24000);
}

}  // namespace
}  // namespace antiphon::scenes
