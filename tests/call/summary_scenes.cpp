// A long conversation whose beginning is summarized beside the call.

#include "call/scene.hpp"

#include <set>
#include <sstream>

namespace antiphon::scenes {
namespace {

using namespace call;

bool asks_for_notes(const engine::GenerationRequest& request) {
    return request.messages.front().text.rfind("You keep the notes", 0) == 0;
}

/// The words that are worth keeping: they begin with FACT.
std::string facts_in(const std::string& text) {
    std::set<std::string> facts;
    std::istringstream words(text);
    for (std::string word; words >> word;)
        if (word.rfind("FACT", 0) == 0) facts.insert(word);
    std::string all;
    for (const auto& fact : facts) all += fact + " ";
    return all;
}

class SummaryScene : public Scene {
protected:
    SummaryScene() {
        language_model.context = 600;
        language_model.answer = "I have noted that.";
        session.speaks = false;
        session.max_output_tokens = 50;
        language_model.script = [this](const auto& request, auto& said) {
            if (!asks_for_notes(request)) return;
            said.prefill = notes_take;
            said.failure = notes_failure;
            said.answer = notes.empty() ? "Notes: " + facts_in(request.messages.back().text) : notes;
        };
    }
    void ask(const std::string& text, const std::string& id = "") {
        auto item = typed(text);
        item.id = id;
        call->create_item(item, std::nullopt, "");
        call->create_response({});
    }
    void talk(const std::string& text, const std::string& id = "") {
        ask(text, id);
        wait(milliseconds(3000));
    }
    /// So much is said that the beginning is to be folded, and nothing is waited for.
    void talk_long() {
        for (int i = 0; i < 9; ++i) {
            const std::string number = std::to_string(i);
            talk("question " + number + " FACT" + number + " and some words more", "q" + number);
        }
    }
    /// The prompts of turns: neither questions for notes nor prompts that are only read.
    std::vector<engine::GenerationRequest> turns() const {
        std::vector<engine::GenerationRequest> all;
        for (const auto& request : language_model.requests)
            if (!asks_for_notes(request) && request.max_tokens > 1) all.push_back(request);
        return all;
    }
    int notes_asked() const {
        return static_cast<int>(std::count_if(language_model.requests.begin(), language_model.requests.end(), asks_for_notes));
    }
    static std::string text_of(const engine::GenerationRequest& request) {
        std::string all;
        for (const auto& message : request.messages) all += message.text + "\n";
        return all;
    }
    /// From asking to the first word.
    base::Duration answered_after(const std::string& text) {
        const std::size_t before = count<OutputTextDelta>();
        const base::Time asked = simulation.now();
        ask(text);
        for (int i = 0; i < 5000 && count<OutputTextDelta>() == before; ++i) wait(milliseconds(1));
        const base::Duration passed = simulation.now() - asked;
        wait(milliseconds(3000));
        return passed;
    }

    milliseconds notes_take{200};
    std::string notes;
    std::optional<base::Error> notes_failure;
};

TEST_F(SummaryScene, TwoHundredTurnsLoseNoFact) {
    begin();
    for (int i = 0; i < 200; ++i)
        talk("turn " + std::to_string(i) + (i % 20 == 3 ? " FACT" + std::to_string(i) + " " : " ") + "and some more to say");
    const auto all = turns();
    ASSERT_EQ(all.size(), 200U);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const std::string prompt = text_of(all[i]);
        for (std::size_t fact = 3; fact <= i; fact += 20)
            EXPECT_NE(prompt.find("FACT" + std::to_string(fact)), std::string::npos) << "lost in turn " << i;
        EXPECT_LE(prompt.size() / 4, 550U);
    }
    EXPECT_GT(call_metrics.summaries.Value(), 5);
    EXPECT_EQ(call_metrics.context_cuts.Value(), 0);
    EXPECT_EQ(call->items().size(), 400U) << "the history keeps everything";
    call->retrieve_item(call->items().front().id, "");
    EXPECT_EQ(count<ItemRetrieved>(), 1U);
    EXPECT_EQ(text_of(all.back()).rfind("Answer shortly.\n\nSummary of the conversation so far", 0), 0U);
}

TEST_F(SummaryScene, WithoutItTheWindowCutsAndSaysSo) {
    settings.think.summary.on = false;
    begin();
    for (int i = 0; i < 40; ++i) talk("turn " + std::to_string(i) + " FACT" + std::to_string(i) + " and some more to say");
    EXPECT_EQ(notes_asked(), 0);
    EXPECT_GT(call_metrics.context_cuts.Value(), 5);
    EXPECT_EQ(text_of(turns().back()).find("FACT0 "), std::string::npos);
}

TEST_F(SummaryScene, NoTurnWaitsForASummary) {
    notes_take = milliseconds(60'000);
    begin();
    talk_long();
    ASSERT_GT(notes_asked(), 0);
    wait(milliseconds(2000));  // it is under way
    const auto stopped = call_metrics.summaries_stopped.Value();
    const base::Duration beside = answered_after("and now?");
    EXPECT_EQ(call_metrics.summaries_stopped.Value(), stopped + 1);
    call->close();
    settings.think.summary.on = false;
    begin();
    talk_long();
    EXPECT_EQ(beside, answered_after("and now?"));
}

TEST_F(SummaryScene, ACallerWhoSpeaksStopsIt) {
    notes_take = milliseconds(60'000);
    begin();
    talk_long();
    wait(milliseconds(2000));
    ASSERT_EQ(language_model.counts.begun, language_model.counts.finished + language_model.counts.cancelled + 1);
    const int cancelled = language_model.counts.cancelled;
    speak(milliseconds(400));
    EXPECT_EQ(language_model.counts.cancelled, cancelled + 1);
    const int asked = notes_asked();
    speak(milliseconds(400));
    EXPECT_EQ(notes_asked(), asked) << "not while somebody speaks";
    notes_take = milliseconds(200);
    silence(milliseconds(900));
    wait(milliseconds(9000));
    EXPECT_GT(notes_asked(), asked) << "it is tried again";
    EXPECT_GT(call_metrics.summaries.Value(), 0);
    EXPECT_EQ(call_metrics.summaries_discarded.Value(), 0) << "stopping is no failure";
}

TEST_F(SummaryScene, AnotherCallsTurnStopsIt) {
    notes_take = milliseconds(60'000);
    begin();
    talk_long();
    wait(milliseconds(2000));
    const int cancelled = language_model.counts.cancelled;
    const auto stopped = call_metrics.summaries_stopped.Value();
    EXPECT_TRUE(language_model_workers.submit([this] { simulation.sleep(milliseconds(1000), {}); }));
    wait(milliseconds(10));
    EXPECT_EQ(language_model.counts.cancelled, cancelled + 1);
    EXPECT_EQ(call_metrics.summaries_stopped.Value(), stopped + 1);
    const int asked = notes_asked();
    wait(milliseconds(900));
    EXPECT_EQ(notes_asked(), asked) << "the workers are busy";
    wait(milliseconds(1000));
    EXPECT_EQ(notes_asked(), asked + 1);
}

TEST_F(SummaryScene, TheNextPromptIsReadBeforeTheTurn) {
    begin();
    talk_long();
    ASSERT_EQ(call_metrics.summaries.Value(), 1);
    const auto read = std::find_if(language_model.requests.begin(), language_model.requests.end(),
                                   [](const auto& request) { return request.max_tokens == 1; });
    ASSERT_NE(read, language_model.requests.end());
    EXPECT_NE(text_of(*read).find("Notes: FACT0"), std::string::npos);
    EXPECT_EQ(read->messages.back().role, engine::Role::user);
    EXPECT_EQ(count<ResponseCreated>(), 9U) << "nobody is told of it";
    EXPECT_EQ(count<RequestFailed>(), 0U);
}

TEST_F(SummaryScene, AFailingSummarizerLeavesTheWindow) {
    notes_failure = base::error(base::Errc::engine, "no");
    begin();
    talk_long();
    wait(milliseconds(30'000));
    EXPECT_EQ(call_metrics.summaries_discarded.Value(), 3);
    const int asked = notes_asked();
    for (int i = 0; i < 30; ++i) talk("another question " + std::to_string(i));
    EXPECT_EQ(notes_asked(), asked) << "given up for a while";
    EXPECT_EQ(peer.all<ResponseDone>().back().response.status, ResponseStatus::completed);
    EXPECT_GT(call_metrics.context_cuts.Value(), 0);
    EXPECT_EQ(count<RequestFailed>(), 0U);
    notes_failure.reset();
    wait(milliseconds(700'000));
    talk("and now?");
    EXPECT_EQ(call_metrics.summaries.Value() > 0, true) << "tried again at last";
    talk("and then?");
    EXPECT_NE(text_of(turns().back()).find("FACT0"), std::string::npos) << "what the window had cut is in the summary";
}

TEST_F(SummaryScene, EmptyAndEndlessOnesAreOfNoUse) {
    notes = " ";
    begin();
    talk_long();
    EXPECT_EQ(call_metrics.summaries_discarded.Value(), 1);
    notes.clear();
    for (int i = 0; i < 400; ++i) notes += "word ";
    wait(milliseconds(8000));
    EXPECT_EQ(call_metrics.summaries_discarded.Value(), 2);
    EXPECT_EQ(call->summary(), think::Summary{});
    EXPECT_GT(language_model.requests.back().temperature, settings.think.temperature) << "the same again would be no better";
}

TEST_F(SummaryScene, ADeletedItemIsInNoSummary) {
    begin();
    talk_long();
    ASSERT_NE(call->summary().text.find("FACT1"), std::string::npos);
    call->delete_item("q1", "");
    EXPECT_EQ(call->summary(), think::Summary{}) << "at once";
    talk("and now, with some more words that make the conversation longer?");
    EXPECT_EQ(text_of(turns().back()).find("Summary of"), std::string::npos);
    EXPECT_NE(call->summary().text.find("FACT0"), std::string::npos) << "made anew";
    EXPECT_EQ(call->summary().text.find("FACT1"), std::string::npos);
    talk("and then?");
    EXPECT_NE(text_of(turns().back()).find("FACT0"), std::string::npos);
    EXPECT_EQ(text_of(turns().back()).find("FACT1"), std::string::npos);
}

TEST_F(SummaryScene, AResponseOutsideTheConversationDoesNotUseIt) {
    begin();
    talk_long();
    ASSERT_FALSE(call->summary().text.empty());
    ResponseRequest request;
    request.in_conversation = false;
    call->create_response(request);
    wait(milliseconds(3000));
    EXPECT_EQ(text_of(turns().back()).find("Summary of"), std::string::npos);
}

TEST_F(SummaryScene, WhereNothingMayBeLeftOutThereIsNone) {
    session.truncation.mode = Truncation::Mode::disabled;
    begin();
    talk_long();
    EXPECT_EQ(notes_asked(), 0);
}

TEST_F(SummaryScene, AConversationThatGoesOnElsewhereKeepsIt) {
    begin();
    talk_long();
    const std::vector<think::Item> items = call->items();
    const think::Summary kept = call->summary();
    ASSERT_FALSE(kept.text.empty());
    call->close();
    language_model.requests.clear();
    call = call::Call::open(session, settings, engines, simulation.strand(), peer, items, kept);
    wait(milliseconds(1000));
    EXPECT_EQ(call->summary(), kept);
    talk("and now?");
    EXPECT_NE(text_of(turns().front()).find(kept.text), std::string::npos);
    EXPECT_EQ(notes_asked(), 0);
}

}  // namespace
}  // namespace antiphon::scenes
