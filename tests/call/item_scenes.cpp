// Items that bring sound, and the input of a response.

#include "call/scene.hpp"

#include <cstdint>
#include <limits>

namespace antiphon::scenes {
namespace {

using namespace call;

class ItemScene : public Scene {
protected:
    think::Item recorded(milliseconds length = milliseconds(1000), int rate = 24000) {
        audio::Pcm sound{std::vector<float>(audio::samples_in(length, rate), 0.1F), rate};
        think::Item item;
        item.id = "rec_" + std::to_string(++made_);
        item.content.push_back({think::ContentKind::input_audio, std::nullopt, std::make_shared<audio::Pcm>(std::move(sound))});
        return item;
    }

private:
    int made_ = 0;
};

TEST_F(ItemScene, ItsSoundIsRecognized) {
    session.input_hint = "Antiphon";
    recognizer.texts = {"good morning"};
    begin();
    call->create_item(recorded(), std::nullopt, "");
    EXPECT_FALSE(peer.all<ItemAdded>().at(0).item.content.at(0).text) << "no words are known yet";
    wait(milliseconds(300));
    const auto heard = peer.all<TranscriptionCompleted>().at(0);
    EXPECT_EQ(heard.item_id, "rec_1");
    EXPECT_EQ(heard.text, "good morning");
    EXPECT_NEAR(heard.seconds, 1.0, 0.01);
    EXPECT_EQ(peer.all<TranscriptionDelta>().at(0).text, "good morning");
    EXPECT_NEAR(base::seconds(recognizer.lengths.at(0)), 1.0, 0.02);
    EXPECT_EQ(recognizer.hints.at(0), "Antiphon");
    call->retrieve_item("rec_1", "");
    const auto content = peer.all<ItemRetrieved>().at(0).item.content.at(0);
    EXPECT_EQ(content.text, "good morning");
    EXPECT_EQ(content.sound, nullptr) << "the sound is not kept";
    EXPECT_EQ(count<ResponseCreated>(), 0U) << "an item alone is not answered";
}

TEST_F(ItemScene, AResponseAskedForMeanwhileWaitsForTheWords) {
    recognizer.texts = {"one", "two"};
    begin();
    call->create_item(recorded(), std::nullopt, "");
    call->create_item(recorded(), std::nullopt, "");
    call->create_response({});
    EXPECT_EQ(count<ResponseCreated>(), 0U);
    EXPECT_EQ(states().back(), AgentState::thinking);
    wait(milliseconds(150));
    EXPECT_EQ(recognizer.counts.begun, 2) << "one after the other";
    wait(milliseconds(9000));
    EXPECT_EQ(last_texts(), std::vector<std::string>{"one two"});
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(ItemScene, WordsThatCameWithTheSoundAreTaken) {
    begin();
    auto item = recorded();
    item.content[0].text = "as written";
    call->create_item(item, std::nullopt, "");
    call->create_response({});
    wait(milliseconds(9000));
    EXPECT_EQ(recognizer.counts.begun, 0);
    EXPECT_EQ(last_texts(), std::vector<std::string>{"as written"});
}

TEST_F(ItemScene, SoundThatIsTooLongOrEmptyIsRefused) {
    settings.listen.max_utterance = milliseconds(2000);
    begin();
    call->create_item(recorded(milliseconds(2001)), std::nullopt, "evt_1");
    expect_refused("evt_1", base::Errc::invalid, "item.content");
    call->create_item(recorded(milliseconds(0)), std::nullopt, "evt_2");
    expect_refused("evt_2", base::Errc::invalid, "item.content");
    EXPECT_EQ(count<ItemAdded>(), 0U);
    EXPECT_EQ(recognizer.counts.begun, 0);
}

TEST_F(ItemScene, TooManySoundsAtOnceAreRefused) {
    begin();
    for (int i = 0; i < 16; ++i) call->create_item(recorded(), std::nullopt, "");
    EXPECT_EQ(count<RequestFailed>(), 0U);
    call->create_item(recorded(), std::nullopt, "evt_1");
    expect_refused("evt_1", base::Errc::overloaded, "item.content");
    wait(milliseconds(5000));
    EXPECT_EQ(count<TranscriptionCompleted>(), 16U);
    EXPECT_EQ(count<TranscriptionFailed>(), 0U) << "they were not all put into the queue at once";
}

TEST_F(ItemScene, ARecognizerThatIsOverloadedIsTold) {
    begin();
    recognizer_workers.refuse(true);
    call->create_item(recorded(), std::nullopt, "");
    ASSERT_EQ(count<TranscriptionFailed>(), 1U);
    EXPECT_EQ(peer.all<TranscriptionFailed>()[0].item_id, "rec_1");
    recognizer_workers.refuse(false);
    turn();
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(ItemScene, DeletedItIsNotRecognizedAnyMore) {
    begin();
    call->create_item(recorded(), std::nullopt, "");
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(50));
    call->delete_item("rec_1", "");
    EXPECT_EQ(count<ResponseCreated>(), 1U) << "nothing is waited for any more";
    wait(milliseconds(9000));
    EXPECT_EQ(recognizer.counts.cancelled, 1);
    EXPECT_EQ(count<TranscriptionCompleted>(), 0U);
    EXPECT_EQ(last_texts(), std::vector<std::string>{"hello"});
}

TEST_F(ItemScene, TheCallerSpeaksWhileItIsRecognized) {
    recognizer.takes = milliseconds(1500);
    recognizer.texts = {"recorded", "spoken"};
    begin();
    call->create_item(recorded(), std::nullopt, "");
    turn(milliseconds(12000));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(last_texts(), std::vector<std::string>{"recorded spoken"});
}

TEST_F(ItemScene, TheCallerHangsUpWhileItIsRecognized) {
    begin();
    call->create_item(recorded(), std::nullopt, "");
    call->create_item(recorded(), std::nullopt, "");
    wait(milliseconds(50));
    call->close();
    const auto told = peer.seen.size();
    wait(milliseconds(5000));
    EXPECT_EQ(peer.seen.size(), told);
    EXPECT_EQ(recognizer.counts.begun, 1);
    EXPECT_EQ(recognizer.counts.cancelled, 1);
}

TEST_F(ItemScene, AResponseThatWaitsCanBeCancelled) {
    begin();
    call->create_item(recorded(), std::nullopt, "");
    call->create_response({});
    call->cancel_response("", "");
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(count<ResponseCreated>(), 1U);
    EXPECT_EQ(peer.all<ResponseDone>()[0].response.status, ResponseStatus::cancelled);
    wait(milliseconds(3000));
    EXPECT_EQ(language_model.counts.begun, 0);
    EXPECT_EQ(count<TranscriptionCompleted>(), 1U) << "the item's words are wanted all the same";
    EXPECT_EQ(states().back(), AgentState::listening);
}

TEST_F(ItemScene, TheInputOfAResponseMayBringSoundAndName) {
    recognizer.texts = {"and this"};
    begin();
    auto old = typed("remember this");
    old.id = "old";
    call->create_item(old, std::nullopt, "");
    call->create_item(typed("forget that"), std::nullopt, "");
    think::Item reference;
    reference.id = "old";
    reference.kind = think::ItemKind::reference;
    ResponseRequest request;
    request.in_conversation = false;
    request.input = {{reference, recorded()}};
    call->create_response(request);
    wait(milliseconds(9000));
    EXPECT_EQ(last_texts(), std::vector<std::string>{"remember this and this"});
    EXPECT_EQ(count<TranscriptionCompleted>(), 0U) << "the sound is no item of the conversation";
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(ItemScene, AReferenceMustNameAnItem) {
    begin();
    think::Item reference;
    reference.id = "nothing";
    reference.kind = think::ItemKind::reference;
    ResponseRequest request;
    request.client_event_id = "evt_1";
    request.input = {{reference}};
    call->create_response(request);
    expect_refused("evt_1", base::Errc::not_found, "response.input");
    call->create_item(reference, std::nullopt, "evt_2");
    expect_refused("evt_2", base::Errc::invalid, "item.type");
}

TEST_F(ItemScene, AnOutputInTheInputNeedsItsCallThere) {
    begin();
    think::Item output;
    output.kind = think::ItemKind::function_call_output;
    output.call.id = "call_1";
    ResponseRequest request;
    request.client_event_id = "evt_1";
    request.input = {{typed("hello"), output}};
    call->create_response(request);
    expect_refused("evt_1", base::Errc::not_found, "response.input");
    EXPECT_EQ(count<ResponseCreated>(), 0U);
}

TEST_F(ItemScene, TruncatingBeyondTheSoundChangesNothing) {
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(1000));
    const auto item = peer.all<OutputItemAdded>().at(0).item.id;
    call->truncate_item(item, 600'000, "evt_1");
    expect_refused("evt_1", base::Errc::invalid, "audio_end_ms");
    call->truncate_item(item, std::numeric_limits<std::int64_t>::max(), "evt_2");
    expect_refused("evt_2", base::Errc::invalid, "audio_end_ms");
    EXPECT_EQ(count<ResponseDone>(), 0U) << "the answer goes on";
    call->truncate_item(item, 400, "");
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(peer.all<ItemTruncated>().back().audio_end_ms, 400);
    call->retrieve_item(item, "");
    EXPECT_EQ(think::words_of(peer.all<ItemRetrieved>().back().item), "It is");
}

}  // namespace
}  // namespace antiphon::scenes
