// A conversation that outgrows the language model's context, where no summary stands for its beginning.

#include "call/scene.hpp"

#include <set>

namespace antiphon::scenes {
namespace {

using namespace call;

class TruncationScene : public Scene {
protected:
    TruncationScene() {
        settings.think.summary.on = false;
        language_model.context = 600;
        session.speaks = false;
        session.max_output_tokens = 50;
    }
    /// About 60 tokens: 48 by its length, and what a template puts around.
    void add(int number) {
        auto item = typed("item " + std::to_string(number) + " " + std::string(184, 'x'));
        item.id = "i" + std::to_string(number);
        call->create_item(item, std::nullopt, "");
    }
    void answer() {
        call->create_response({});
        wait(milliseconds(2000));
    }
    Response last() const { return peer.all<ResponseDone>().back().response; }
    std::string prompt() const {
        std::string all;
        for (const auto& text : last_texts()) all += text + "|";
        return all;
    }
};

TEST_F(TruncationScene, TheOldestItemsAreLeftOutOfThePromptOnly) {
    begin();
    for (int i = 0; i < 20; ++i) add(i);
    answer();
    EXPECT_EQ(last().status, ResponseStatus::completed);
    EXPECT_EQ(prompt().find("item 0 "), std::string::npos);
    EXPECT_NE(prompt().find("item 19 "), std::string::npos);
    EXPECT_LT(prompt().size() / 4, 550U);
    EXPECT_EQ(language_model.requests.back().messages.front().text, "Answer shortly.") << "the instructions stay";
    call->retrieve_item("i0", "");
    EXPECT_EQ(count<ItemRetrieved>(), 1U) << "the history keeps everything";
}

TEST_F(TruncationScene, DisabledTheResponseFails) {
    session.truncation.mode = Truncation::Mode::disabled;
    begin();
    for (int i = 0; i < 20; ++i) add(i);
    answer();
    EXPECT_EQ(last().status, ResponseStatus::failed);
    EXPECT_NE(last().failure.find("truncation is disabled"), std::string::npos) << last().failure;
    EXPECT_EQ(language_model.counts.begun, 0);
    for (int i = 3; i < 20; ++i) call->delete_item("i" + std::to_string(i), "");
    answer();
    EXPECT_EQ(last().status, ResponseStatus::completed) << "the call goes on";
}

TEST_F(TruncationScene, RetentionCutsSeldom) {
    session.truncation = {Truncation::Mode::retention, 0.5F};
    begin();
    std::set<std::string> beginnings;
    for (int i = 0; i < 24; ++i) {
        add(i);
        answer();
        beginnings.insert(last_texts().front().substr(0, 8));
    }
    const auto seldom = beginnings.size();
    call->close();
    session.truncation = {};
    begin();
    beginnings.clear();
    for (int i = 0; i < 24; ++i) {
        add(i);
        answer();
        beginnings.insert(last_texts().front().substr(0, 8));
    }
    EXPECT_LT(seldom * 2, beginnings.size()) << "as few as possible is cut nearly every turn";
}

TEST_F(TruncationScene, ACallGoesWithItsOutput) {
    begin();
    call->create_item(typed("Weather?"), std::nullopt, "");
    think::Item used;
    used.kind = think::ItemKind::function_call;
    used.call = {"call_old", "weather", "{}"};
    call->create_item(used, std::nullopt, "");
    think::Item output;
    output.kind = think::ItemKind::function_call_output;
    output.call.id = "call_old";
    output.output = "sunny";
    call->create_item(output, std::nullopt, "");
    for (int i = 0; i < 20; ++i) add(i);
    answer();
    for (const auto& message : last_messages()) {
        EXPECT_NE(message.role, engine::Role::tool);
        EXPECT_TRUE(message.calls.empty());
    }
}

TEST_F(TruncationScene, AShortConversationIsNotCounted) {
    language_model.context = 100'000;
    begin();
    for (int i = 0; i < 20; ++i) add(i);
    answer();
    EXPECT_EQ(language_model.counted, 0);
}

TEST_F(TruncationScene, EachItemIsCountedOnce) {
    begin();
    for (int i = 0; i < 20; ++i) add(i);
    answer();
    const int first = language_model.counted;
    answer();
    EXPECT_LE(language_model.counted - first, 3) << "only what is new";
}

TEST_F(TruncationScene, TheCallersLastWordsAreNeverLeftOut) {
    begin();
    add(1);
    call->create_item(typed("book " + std::string(4000, 'x')), std::nullopt, "");
    answer();
    EXPECT_EQ(last_texts().size(), 1U);
    EXPECT_EQ(last_texts()[0].substr(0, 4), "book");
}

}  // namespace
}  // namespace antiphon::scenes
