#include "contract/language_model_tools_contract.hpp"
#include "fakes/fake_language_model.hpp"

namespace antiphon::engine {
namespace {

using fakes::FakeLanguageModel;

INSTANTIATE_TEST_SUITE_P(Fake, LanguageModelContract,
                         testing::Values(LanguageModelCase{
                             "fake", [] { return std::make_unique<FakeLanguageModel>(2, 512); },
                             [](LanguageModel& model) { static_cast<FakeLanguageModel&>(model).hold_after(3); },
                             [](LanguageModel& model, const std::vector<ToolCall>& calls) {
                                 static_cast<FakeLanguageModel&>(model).answer_with_calls("", calls);
                             }}));

TEST(FakeLanguageModel, SaysItsScriptAndRemembersWhatItWasAsked) {
    FakeLanguageModel model;
    model.answer_with("One two.");
    Talk talk{model, ConversationId{7}};
    ASSERT_TRUE(talk.ask("Count!"));
    EXPECT_THAT(talk.pieces, testing::ElementsAre("One", " two."));
    ASSERT_TRUE(talk.ask("Again!"));
    EXPECT_EQ(talk.text(), "You said: Again!");
    ASSERT_EQ(model.requests().size(), 2U);
    EXPECT_EQ(model.requests()[1].messages[2], (Message{Role::assistant, "One two."}));
    EXPECT_EQ(model.started(), 2U);
    EXPECT_EQ(model.finished(), 2U);
}

TEST(FakeLanguageModel, HoldsUntilReleasedOrStopped) {
    FakeLanguageModel model;
    model.hold_after(0);
    Talk talk{model, ConversationId{1}};
    base::Result<Generation> answer{Generation{}};
    std::thread released([&] { answer = talk.ask("Hello"); });
    model.await_held(1);
    EXPECT_TRUE(talk.pieces.empty());
    model.release();
    released.join();
    EXPECT_TRUE(answer);

    model.hold_after(2);
    std::stop_source stop;
    std::thread stopped([&] { answer = talk.ask("Hello", stop.get_token()); });
    model.await_held(1);
    EXPECT_EQ(talk.pieces.size(), 2U);
    stop.request_stop();
    stopped.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(model.cancelled(), 1U);
    EXPECT_EQ(model.held(), 0U);
}

TEST(FakeLanguageModel, FailsOnceWhenTold) {
    FakeLanguageModel model;
    model.fail_with(base::error(base::Errc::engine, "burnt out"), 1);
    Talk talk{model, ConversationId{1}};
    const auto answer = talk.ask("Hello");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().text, "burnt out");
    EXPECT_EQ(talk.pieces.size(), 1U);
    EXPECT_TRUE(talk.ask("Hello"));
}

}  // namespace
}  // namespace antiphon::engine
