// Answers that lean on documents: passages in the prompt, in time or not at all, and of no other agent.

#include "call/scene.hpp"
#include "fakes/scratch_folder.hpp"
#include "store/passage_files.hpp"

#include <array>

namespace antiphon::scenes {
namespace {

using namespace call;
using ::testing::Test;

/// Knows three topics, by their words.
class TopicEmbedder final : public engine::Embedder {
public:
    explicit TopicEmbedder(fakes::Simulation& simulation) : simulation_(simulation) {}

    static std::vector<float> vector_of(const std::string& text) {
        constexpr std::array kTopics{"tea", "rain", "open"};
        std::vector<float> vector(4, 0.0F);
        for (std::size_t i = 0; i < kTopics.size(); ++i)
            if (text.find(kTopics[i]) != std::string::npos) vector[i] = 1.0F;
        vector[3] = 0.1F;
        float sum = 0.0F;
        for (const float number : vector) sum += number * number;
        for (float& number : vector) number /= std::sqrt(sum);
        return vector;
    }
    base::Result<engine::Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) override {
        asked.push_back(texts.front());
        if (!simulation_.sleep(takes, stop)) return base::error(base::Errc::cancelled, "stopped");
        if (failure) return *failure;
        return engine::Embeddings{{vector_of(texts.front())}, 1};
    }
    std::size_t dimensions() const noexcept override { return 4; }
    std::size_t context_tokens() const noexcept override { return 256; }

    milliseconds takes{10};
    std::optional<base::Error> failure;
    std::vector<std::string> asked;

private:
    fakes::Simulation& simulation_;
};

class KnowledgeScene : public Scene {
protected:
    KnowledgeScene() {
        keep("house", {{"hours.md", "The house", "Hours", "We open at eight."}, {"tea.md", "Drinks", "", "Green tea is free."}});
        keep("secret", {{"plan.md", "The plan", "", "Nobody may know when we open the vault."}});
        session.knowledge = "house";
        session.speaks = false;
        engines.knowledge = &knowledge;
        settings.think.knowledge.threshold = 0.5F;
    }
    void keep(const std::string& collection, std::vector<store::Passage> texts) {
        store::Passages passages{"topics", texts, {}};
        for (const auto& passage : texts) passages.vectors.push_back(TopicEmbedder::vector_of(passage.text));
        const auto index = store::PassageIndex::build(std::move(passages));
        ASSERT_TRUE(index) << index.error().text;
        ASSERT_TRUE(store::save_passages(**index, folder.path() / collection));
    }
    /// Types the question and asks for an answer.
    void ask(const std::string& question, milliseconds answered = milliseconds(3000)) {
        call->create_item(typed(question), {}, "e1");
        call->create_response({});
        wait(answered);
    }
    std::string prompt() const { return last_texts().empty() ? "" : last_texts().back(); }

    fakes::ScratchFolder folder;
    TopicEmbedder embedder{simulation};
    store::KnowledgeShelf shelf{folder.path()};
    fakes::Simulation::SimulatedWorkers knowledge_workers{simulation, 1, 4};
    think::Knowledge knowledge{embedder, "topics", shelf, knowledge_workers};
};

TEST_F(KnowledgeScene, APassageThatFitsReachesThePromptAndItsSourceIsTold) {
    begin();
    ask("When do you open?");
    EXPECT_NE(prompt().find("[1] The house, Hours: We open at eight."), std::string::npos) << prompt();
    EXPECT_TRUE(prompt().ends_with("Question: When do you open?")) << prompt();
    EXPECT_EQ(prompt().find("tea"), std::string::npos) << "a passage about something else was given";
    ASSERT_EQ(count<SourcesUsed>(), 1U);
    const auto told = peer.all<SourcesUsed>().front();
    EXPECT_EQ(told.response_id, peer.all<ResponseDone>().front().response.id);
    ASSERT_EQ(told.sources.size(), 1U);
    EXPECT_EQ(told.sources[0].document, "hours.md");
    EXPECT_EQ(told.sources[0].title, "The house");
    EXPECT_GT(told.sources[0].score, 0.9F);
    EXPECT_GT(*peer.time_of<SourcesUsed>(), *peer.time_of<ResponseCreated>());
}

TEST_F(KnowledgeScene, PassagesAreNoItemsOfTheConversation) {
    begin();
    ask("When do you open?");
    ask("Thank you.");
    for (const think::Item& item : call->items()) EXPECT_EQ(think::words_of(item).find("eight"), std::string::npos);
    for (const std::string& text : last_texts()) EXPECT_EQ(text.find("eight"), std::string::npos) << text;
    EXPECT_EQ(count<SourcesUsed>(), 1U);
}

TEST_F(KnowledgeScene, WhatDoesNotFitIsNotUsed) {
    begin();
    ask("Who are you?");
    EXPECT_EQ(prompt(), "Who are you?");
    EXPECT_EQ(count<SourcesUsed>(), 0U);
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(KnowledgeScene, ALateSearchDelaysTheAnswerByTheBudgetAndNoMore) {
    embedder.takes = milliseconds(500);
    settings.think.knowledge.budget = milliseconds(60);
    begin();
    const base::Time asked = simulation.now();
    ask("When do you open?");
    EXPECT_EQ(prompt(), "When do you open?");
    EXPECT_EQ(count<SourcesUsed>(), 0U);
    const auto first = *peer.time_of<OutputTextDelta>() - asked;
    EXPECT_EQ(first, milliseconds(60) + language_model.prefill + language_model.per_word);
}

TEST_F(KnowledgeScene, AnEmbedderThatFailsBreaksNothing) {
    embedder.failure = base::error(base::Errc::engine, "out of order");
    begin();
    ask("When do you open?");
    EXPECT_EQ(prompt(), "When do you open?");
    EXPECT_EQ(peer.all<ResponseDone>().at(0).response.status, ResponseStatus::completed);
}

TEST_F(KnowledgeScene, WorkersThatRefuseBreakNothing) {
    knowledge_workers.refuse(true);
    begin();
    ask("When do you open?");
    EXPECT_EQ(prompt(), "When do you open?");
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(KnowledgeScene, ACallSeesOnlyItsOwnCollection) {
    session.knowledge = "secret";
    begin();
    ask("When do you open?");
    EXPECT_NE(prompt().find("vault"), std::string::npos);
    EXPECT_EQ(prompt().find("eight"), std::string::npos);
    call->close();

    session.knowledge = "house";
    peer.seen.clear();
    begin();
    ask("When do you open?");
    EXPECT_EQ(prompt().find("vault"), std::string::npos);
    EXPECT_NE(prompt().find("eight"), std::string::npos);
}

TEST_F(KnowledgeScene, ACallWithoutACollectionLooksNowhere) {
    session.knowledge.clear();
    begin();
    ask("When do you open?");
    EXPECT_EQ(prompt(), "When do you open?");
    EXPECT_TRUE(embedder.asked.empty());
}

TEST_F(KnowledgeScene, ACollectionOfAnotherEmbedderIsNotUsed) {
    knowledge.embedder_name = "another";
    begin();
    ask("When do you open?");
    EXPECT_EQ(prompt(), "When do you open?");
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

TEST_F(KnowledgeScene, ACancelledAnswerIsNotThoughtWhenItsPassagesCome) {
    embedder.takes = milliseconds(50);
    begin();
    call->create_item(typed("When do you open?"), {}, "e1");
    call->create_response({});
    wait(milliseconds(20));
    call->cancel_response({}, "e2");
    wait(milliseconds(1000));
    EXPECT_EQ(language_model.counts.begun, 0);
    EXPECT_EQ(peer.all<ResponseDone>().at(0).response.status, ResponseStatus::cancelled);
    EXPECT_EQ(count<SourcesUsed>(), 0U);
}

TEST_F(KnowledgeScene, ASpokenQuestionIsLookedUpBehindTheGate) {
    recognizer.texts = {"when do you open"};
    begin();
    turn();
    EXPECT_NE(prompt().find("eight"), std::string::npos) << prompt();
    ASSERT_EQ(count<SourcesUsed>(), 1U);
    EXPECT_EQ(*peer.time_of<SourcesUsed>(), *peer.time_of<ResponseCreated>()) << "nothing of a guess may be told before";
    EXPECT_TRUE(peer.all<TurnMeasured>().at(0).speculated);
}

TEST_F(KnowledgeScene, APartialTranscriptIsLookedUpAheadOfTheTurn) {
    session.partials = true;
    recognizer.texts = {"when do you open"};
    embedder.takes = milliseconds(300);
    settings.think.knowledge.budget = milliseconds(20);
    begin();
    speak(milliseconds(2000));
    EXPECT_FALSE(embedder.asked.empty()) << "the search waited for the turn's end";
    silence(milliseconds(900));
    wait(milliseconds(4000));
    EXPECT_NE(prompt().find("eight"), std::string::npos) << "what was found ahead of the turn was not used";
}

TEST_F(KnowledgeScene, ACallerWhoSaysNothingIsNotLookedUp) {
    session.turn_detection->idle_timeout = milliseconds(5000);
    begin();
    recognizer.texts = {"who are you"};
    turn();
    const std::size_t before = embedder.asked.size();
    silence(milliseconds(8000));
    wait(milliseconds(4000));
    EXPECT_EQ(count<TimeoutTriggered>(), 1U);
    EXPECT_EQ(embedder.asked.size(), before);
}

TEST_F(KnowledgeScene, PassagesLeaveTheConversationItsRoom) {
    language_model.context = 400;
    keep("house", {{"long.md", "Long", "", "We open. " + std::string(4000, 'x')}});
    begin();
    ask("When do you open?");
    EXPECT_EQ(prompt(), "When do you open?") << "a passage that has no room was put in";
    EXPECT_EQ(count<ResponseDone>(), 1U);
}

}  // namespace
}  // namespace antiphon::scenes
