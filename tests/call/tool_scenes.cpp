// The model asks for tools of the client's.

#include "call/scene.hpp"

namespace antiphon::scenes {
namespace {

using namespace call;
using engine::Role;

class ToolScene : public Scene {
protected:
    ToolScene() {
        session.tools = {{"weather", "Tells the weather.", R"({"type":"object"})"}};
        language_model.answer = "Let me look. ";
        language_model.uses = {{"weather", R"({"place":"Rome"})"}};
    }
    void ask(const std::string& words = "How is the weather?") {
        call->create_item(typed(words), std::nullopt, "");
        call->create_response({});
    }
    think::Item output(const std::string& call_id, const std::string& text) {
        think::Item item;
        item.kind = think::ItemKind::function_call_output;
        item.call.id = call_id;
        item.output = text;
        return item;
    }
    std::vector<engine::ToolCall> calls() const {
        std::vector<engine::ToolCall> all;
        for (const auto& done : peer.all<FunctionArgumentsDone>()) all.push_back(done.call);
        return all;
    }
    Response last_response() const { return peer.all<ResponseDone>().back().response; }
};

TEST_F(ToolScene, ACallIsToldInTheOrderOfTheRealtimeProtocol) {
    language_model.answer = "";
    begin();
    ask();
    wait(milliseconds(1000));
    EXPECT_EQ(told_from("response.created"),
              (std::vector<std::string>{"response.created", "state", "output_item.added", "item.added", "arguments.delta",
                                        "arguments.delta", "arguments.done", "output_item.done", "item.done", "response.done",
                                        "turn", "state"}));
    const auto added = peer.all<OutputItemAdded>().at(0);
    EXPECT_EQ(added.item.kind, think::ItemKind::function_call);
    EXPECT_EQ(added.item.status, think::ItemStatus::in_progress) << "clients would run it twice";
    EXPECT_EQ(added.item.call.arguments, "");
    EXPECT_EQ(added.item.call.id.substr(0, 5), "call_");
    std::string arguments;
    for (const auto& delta : peer.all<FunctionArgumentsDelta>()) arguments += delta.delta;
    EXPECT_EQ(arguments, R"({"place":"Rome"})");
    ASSERT_EQ(calls().size(), 1U);
    EXPECT_EQ(calls()[0], (engine::ToolCall{added.item.call.id, "weather", R"({"place":"Rome"})"}));
    EXPECT_EQ(last_response().status, ResponseStatus::completed);
    ASSERT_EQ(last_response().output.size(), 1U);
    EXPECT_EQ(last_response().output[0].status, think::ItemStatus::completed);
    EXPECT_EQ(synthesizer.counts.begun, 0);
    EXPECT_EQ(states(), (std::vector<AgentState>{AgentState::listening, AgentState::thinking, AgentState::listening}));
}

TEST_F(ToolScene, WordsComeFirstAndAreSpokenWhileTheArgumentsStream) {
    begin();
    ask();
    wait(milliseconds(3000));
    const auto added = peer.all<OutputItemAdded>();
    ASSERT_EQ(added.size(), 2U);
    EXPECT_EQ(added[0].item.kind, think::ItemKind::message);
    EXPECT_EQ(added[0].output_index, 0);
    EXPECT_EQ(added[1].output_index, 1);
    EXPECT_EQ(peer.all<FunctionArgumentsDone>().at(0).part.output_index, 1);
    EXPECT_LT(*peer.time_of<FunctionArgumentsDone>(), *peer.last_audio) << "the call does not wait for the sound";
    EXPECT_GE(*peer.time_of<ResponseDone>(), *peer.last_audio);
    EXPECT_FALSE(peer.sound.empty());
    EXPECT_EQ(last_response().output.size(), 2U);
}

TEST_F(ToolScene, TheOutputGoesBackToTheModel) {
    begin();
    ask();
    wait(milliseconds(3000));
    const auto id = calls().at(0).id;
    call->create_item(output(id, "sunny"), std::nullopt, "");
    language_model.answer = "It is sunny.";
    call->create_response({});
    wait(milliseconds(3000));
    EXPECT_EQ(count<RequestFailed>(), 0U);
    EXPECT_EQ(last_messages(),
              (std::vector<engine::Message>{{Role::user, "How is the weather?"},
                                            {Role::assistant, "Let me look. ", {{id, "weather", R"({"place":"Rome"})"}}},
                                            {Role::tool, "sunny", {}, id}}));
    EXPECT_EQ(language_model.requests[0].conversation, language_model.requests[1].conversation);
    EXPECT_EQ(language_model.requests[0].tools, session.tools);
    EXPECT_EQ(think::words_of(last_response().output.at(0)), "It is sunny.");
}

TEST_F(ToolScene, AnAnswerAskedForWhileTheWordsStillSoundFollowsThem) {
    begin();
    ask();
    wait(milliseconds(400));
    ASSERT_EQ(count<FunctionArgumentsDone>(), 1U);
    ASSERT_EQ(count<ResponseDone>(), 0U);
    call->create_item(output(calls()[0].id, "sunny"), std::nullopt, "");
    call->create_response({});
    ResponseRequest third;
    third.client_event_id = "evt_3";
    call->create_response(third);
    expect_refused("evt_3", base::Errc::conflict);
    wait(milliseconds(4000));
    EXPECT_EQ(count<ResponseDone>(), 2U);
    EXPECT_EQ(last_messages().back().text, "sunny");
}

TEST_F(ToolScene, TheCallerInterruptsTheWordsAndTheAnswerThatWaits) {
    begin();
    ask();
    wait(milliseconds(450));
    ASSERT_EQ(count<FunctionArgumentsDone>(), 1U);
    call->create_item(output(calls()[0].id, "sunny"), std::nullopt, "");
    call->create_response({});
    speak(milliseconds(240));
    ASSERT_EQ(count<ResponseDone>(), 2U) << "nothing is said over the caller's words";
    for (const auto& done : peer.all<ResponseDone>()) EXPECT_EQ(done.response.end, ResponseEnd::turn_detected);
    EXPECT_EQ(language_model.counts.begun, 1);
    silence(milliseconds(900));
    wait(milliseconds(5000));
    EXPECT_EQ(last_response().status, ResponseStatus::completed);
}

TEST_F(ToolScene, SeveralCallsAreItemsOfTheirOwn) {
    language_model.uses = {{"weather", R"({"place":"Rome"})"}, {"time", ""}};
    session.tools.push_back({"time", "", ""});
    begin();
    ask();
    wait(milliseconds(3000));
    ASSERT_EQ(calls().size(), 2U);
    EXPECT_EQ(calls()[1].arguments, "{}");
    EXPECT_NE(calls()[0].id, calls()[1].id);
    EXPECT_EQ(peer.all<FunctionArgumentsDone>()[1].part.output_index, 2);
    EXPECT_EQ(last_response().output.size(), 3U);
    const auto order = told_from("arguments.done");
    EXPECT_LT(std::find(order.begin(), order.end(), "output_item.done"), std::find(order.begin(), order.end(), "output_item.added"))
        << "one call is over before the next begins";
}

TEST_F(ToolScene, ACallMadeBehindTheGateIsNotSeenUntilItOpens) {
    language_model.answer = "";
    begin();
    speak(milliseconds(600));
    silence(milliseconds(440));
    EXPECT_EQ(language_model.counts.finished, 1) << "the call should be made already";
    EXPECT_EQ(told_from("session.created"), (std::vector<std::string>{"session.created", "state", "speech_started"}));
    silence(milliseconds(300));
    EXPECT_EQ(calls().size(), 1U);
    EXPECT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(language_model.counts.begun, 1);
}

TEST_F(ToolScene, ACallMadeBehindTheGateIsGoneWhenTheCallerGoesOn) {
    recognizer.texts = {"How is the", "How is the weather"};
    begin();
    speak(milliseconds(600));
    silence(milliseconds(420));
    EXPECT_EQ(language_model.counts.finished, 1);
    speak(milliseconds(600));
    silence(milliseconds(900));
    wait(milliseconds(3000));
    EXPECT_EQ(calls().size(), 1U);
    EXPECT_EQ(count<ResponseCreated>(), 1U);
    const auto id = calls().at(0).id;
    call->create_item(output(id, "sunny"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(3000));
    EXPECT_EQ(last_messages().at(1).calls.size(), 1U) << "the dropped call is not in the history";
}

TEST_F(ToolScene, TheCallerInterruptsWhileTheArgumentsStream) {
    language_model.per_word = milliseconds(400);
    begin();
    ask();
    while (count<FunctionArgumentsDelta>() == 0) silence(milliseconds(20));
    speak(milliseconds(400));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(last_response().status, ResponseStatus::cancelled);
    EXPECT_EQ(last_response().output.back().kind, think::ItemKind::function_call);
    EXPECT_EQ(last_response().output.back().status, think::ItemStatus::incomplete);
    EXPECT_TRUE(calls().empty());
    EXPECT_EQ(language_model.counts.cancelled, 1);
    silence(milliseconds(900));
    wait(milliseconds(500));
    for (const auto& message : last_messages()) EXPECT_TRUE(message.calls.empty()) << "an unfinished call in the prompt";
}

TEST_F(ToolScene, TheCallerInterruptsTheWordsAndTheFinishedCallStays) {
    language_model.answer = "Let me look into the large book of the weather for you. ";
    begin();
    ask();
    while (calls().empty() || !peer.first_audio) silence(milliseconds(20));
    silence(milliseconds(500));
    speak(milliseconds(400));
    ASSERT_EQ(count<ResponseDone>(), 1U);
    EXPECT_EQ(last_response().output.at(0).status, think::ItemStatus::incomplete);
    EXPECT_LT(think::words_of(last_response().output[0]).size(), 40U);
    EXPECT_EQ(last_response().output.at(1).status, think::ItemStatus::completed);
    call->create_item(output(calls()[0].id, "sunny"), std::nullopt, "");
    silence(milliseconds(900));
    const auto messages = last_messages();
    ASSERT_GE(messages.size(), 3U);
    EXPECT_EQ(messages[1].calls.size(), 1U);
    EXPECT_EQ(messages[2].text, "sunny");
}

TEST_F(ToolScene, TheCallerHangsUpWhileTheArgumentsStream) {
    language_model.per_word = milliseconds(100);
    begin();
    ask();
    while (count<FunctionArgumentsDelta>() == 0) wait(milliseconds(20));
    call->close();
    const auto told = peer.seen.size();
    wait(milliseconds(10000));
    EXPECT_EQ(peer.seen.size(), told);
    EXPECT_EQ(language_model.counts.begun, language_model.counts.finished + language_model.counts.cancelled);
}

TEST_F(ToolScene, AtTheLimitOfTokensTheLastCallIsIncomplete) {
    session.max_output_tokens = 4;
    begin();
    ask();
    wait(milliseconds(3000));
    EXPECT_EQ(last_response().status, ResponseStatus::incomplete);
    EXPECT_EQ(last_response().output.at(0).status, think::ItemStatus::completed) << "its words were all there";
    EXPECT_EQ(last_response().output.at(1).status, think::ItemStatus::incomplete);
    EXPECT_TRUE(calls().empty());
}

TEST_F(ToolScene, TheModelFailsInTheMiddle) {
    begin();
    language_model.failure = base::error(base::Errc::engine, "no grammar");
    ask();
    wait(milliseconds(1000));
    EXPECT_EQ(last_response().status, ResponseStatus::failed);
    EXPECT_TRUE(last_response().output.empty());
    language_model.failure.reset();
    call->create_response({});
    wait(milliseconds(3000));
    EXPECT_EQ(last_response().status, ResponseStatus::completed);
}

TEST_F(ToolScene, AnswersInTextEndTheirMessageBeforeTheCall) {
    session.speaks = false;
    begin();
    ask();
    wait(milliseconds(1000));
    EXPECT_EQ(told_from("text.done"),
              (std::vector<std::string>{"text.done", "content_part.done", "output_item.done", "item.done", "output_item.added",
                                        "item.added", "arguments.delta", "arguments.delta", "arguments.done",
                                        "output_item.done", "item.done", "response.done", "turn", "state"}));
}

TEST_F(ToolScene, AResponseMayHaveToolsOfItsOwn) {
    begin();
    call->create_item(typed("hello"), std::nullopt, "");
    ResponseRequest request;
    request.tools = {{{"lamp", "", ""}}};
    request.tool_choice = engine::ToolChoice{engine::ToolUse::required, "lamp"};
    request.parallel_tool_calls = false;
    request.in_conversation = false;
    request.input = {{typed("light, please")}};
    call->create_response(request);
    wait(milliseconds(3000));
    const auto& asked = language_model.requests.back();
    EXPECT_EQ(asked.tools.at(0).name, "lamp");
    EXPECT_EQ(asked.tool_choice, *request.tool_choice);
    EXPECT_FALSE(asked.parallel_tool_calls);
    EXPECT_EQ(count<ItemAdded>(), 1U) << "it leaves no trace";
    EXPECT_EQ(count<FunctionArgumentsDone>(), 1U);
    EXPECT_FALSE(last_response().in_conversation);
}

TEST_F(ToolScene, AnUnknownToolCannotBeChosen) {
    begin();
    SessionPatch patch;
    patch.tool_choice = engine::ToolChoice{engine::ToolUse::required, "lamp"};
    call->update_session(patch, "evt_1");
    expect_refused("evt_1", base::Errc::invalid, "session.tool_choice");
    EXPECT_EQ(call->session().tool_choice, engine::ToolChoice{});
    ResponseRequest request;
    request.client_event_id = "evt_2";
    request.tool_choice = *patch.tool_choice;
    call->create_response(request);
    expect_refused("evt_2", base::Errc::invalid, "response.tool_choice");
    request.client_event_id = "evt_3";
    request.tools = std::vector<engine::Tool>{};
    request.tool_choice->name.clear();
    call->create_response(request);
    expect_refused("evt_3", base::Errc::invalid, "response.tool_choice");
    EXPECT_EQ(count<ResponseCreated>(), 0U);
}

TEST_F(ToolScene, AChoiceMayComeBeforeItsTools) {
    session.tools.clear();
    begin();
    SessionPatch patch;
    patch.tool_choice = engine::ToolChoice{engine::ToolUse::required, "weather"};
    call->update_session(patch, "");
    EXPECT_EQ(count<SessionUpdated>(), 1U);
    language_model.uses.clear();
    turn();
    EXPECT_EQ(language_model.requests.back().tool_choice, engine::ToolChoice{});
    EXPECT_EQ(last_response().status, ResponseStatus::completed);
}

TEST_F(ToolScene, AnOutputForAnUnknownCallIsRefused) {
    begin();
    call->create_item(output("call_none", "x"), std::nullopt, "evt_1");
    expect_refused("evt_1", base::Errc::not_found, "item.call_id");
    EXPECT_EQ(count<ItemAdded>(), 0U);
}

TEST_F(ToolScene, AHistoryWithCallsCanBeRestored) {
    begin();
    think::Item used;
    used.kind = think::ItemKind::function_call;
    used.call = {"call_old", "weather", "{}"};
    call->create_item(typed("Weather?"), std::nullopt, "");
    call->create_item(used, std::nullopt, "");
    call->create_item(output("call_old", "sunny"), std::nullopt, "");
    call->create_response({});
    wait(milliseconds(3000));
    EXPECT_EQ(count<RequestFailed>(), 0U);
    EXPECT_EQ(last_messages(), (std::vector<engine::Message>{{Role::user, "Weather?"},
                                                             {Role::assistant, "", {{"call_old", "weather", "{}"}}},
                                                             {Role::tool, "sunny", {}, "call_old"}}));
}

TEST_F(ToolScene, ACallUnderWayCannotBeDeleted) {
    language_model.per_word = milliseconds(100);
    begin();
    ask();
    while (count<FunctionArgumentsDelta>() == 0) wait(milliseconds(20));
    call->delete_item(peer.all<FunctionArgumentsDelta>()[0].part.item_id, "evt_1");
    expect_refused("evt_1", base::Errc::conflict, "item_id");
    wait(milliseconds(5000));
    call->delete_item(peer.all<FunctionArgumentsDelta>()[0].part.item_id, "");
    EXPECT_EQ(count<ItemDeleted>(), 1U);
}

}  // namespace
}  // namespace antiphon::scenes
