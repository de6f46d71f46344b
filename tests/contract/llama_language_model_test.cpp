#include "engine/llama/llama_language_model.hpp"

#include "contract/language_model_tools_contract.hpp"
#include "fakes/test_models.hpp"

#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

namespace antiphon::engine {
namespace {

using llama::LlamaLanguageModel;
using llama::LlamaSettings;

LlamaSettings small_settings() {
    LlamaSettings settings;
    settings.model = fakes::model_file("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    settings.context_tokens = 512;
    settings.cache_tokens = 0;
    settings.places = 2;
    return settings;
}

std::unique_ptr<LanguageModel> open(const LlamaSettings& settings) {
    auto model = LlamaLanguageModel::open(settings);
    if (!model) throw std::runtime_error(model.error().text);
    return *std::move(model);
}

INSTANTIATE_TEST_SUITE_P(Llama, LanguageModelContract,
                         testing::Values(LanguageModelCase{"llama", [] {
                             auto settings = small_settings();
                             settings.context_tokens = 1024;  // tools take room
                             return open(settings);
                         }}));

/// A file beside the test's others, removed at the end.
struct TemporaryFile {
    std::filesystem::path path;
    ~TemporaryFile() { std::filesystem::remove(path); }
};

TemporaryFile copy_of_model(const std::string& name) {
    TemporaryFile copy{std::filesystem::path(testing::TempDir()) / name};
    std::filesystem::copy_file(small_settings().model, copy.path, std::filesystem::copy_options::overwrite_existing);
    std::filesystem::permissions(copy.path, std::filesystem::perms::owner_write, std::filesystem::perm_options::add);
    return copy;
}

base::Errc code_of_opening(const LlamaSettings& settings) {
    const auto model = LlamaLanguageModel::open(settings);
    if (model) throw std::runtime_error("it opened");
    EXPECT_FALSE(model.error().text.empty());
    return model.error().code;
}

TEST(LlamaLanguageModel, RefusesMissingAndDamagedFiles) {
    auto settings = small_settings();
    settings.model = "no/such/model.gguf";
    EXPECT_EQ(code_of_opening(settings), base::Errc::unavailable);
    settings.model = testing::TempDir();
    EXPECT_EQ(code_of_opening(settings), base::Errc::unavailable);

    const TemporaryFile other{std::filesystem::path(testing::TempDir()) / "llama_other.gguf"};
    std::ofstream(other.path) << "this is no model";
    settings.model = other.path;
    EXPECT_EQ(code_of_opening(settings), base::Errc::engine);

    for (const std::uintmax_t size : {std::uintmax_t{2'000}, std::uintmax_t{50'000'000}}) {
        const TemporaryFile cut = copy_of_model("llama_cut.gguf");
        std::filesystem::resize_file(cut.path, size);
        settings.model = cut.path;
        EXPECT_EQ(code_of_opening(settings), base::Errc::engine) << size;
    }

    const TemporaryFile damaged = copy_of_model("llama_damaged.gguf");
    std::fstream file(damaged.path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8);  // the number of tensors
    file.write("\xFF\xFF\xFF\xFF", 4);
    file.close();
    settings.model = damaged.path;
    EXPECT_EQ(code_of_opening(settings), base::Errc::engine);
}

TEST(LlamaLanguageModel, RefusesSettingsOutOfRange) {
    const auto refused = [](const std::function<void(LlamaSettings&)>& change) {
        auto settings = small_settings();
        change(settings);
        return code_of_opening(settings);
    };
    EXPECT_EQ(refused([](auto& s) { s.places = 0; }), base::Errc::invalid);
    EXPECT_EQ(refused([](auto& s) { s.places = 65; }), base::Errc::invalid);
    EXPECT_EQ(refused([](auto& s) { s.cache_tokens = 511; }), base::Errc::invalid);
    EXPECT_EQ(refused([](auto& s) { s.threads = 0; }), base::Errc::invalid);
    EXPECT_EQ(refused([](auto& s) { s.top_p = 0.0F; }), base::Errc::invalid);
    EXPECT_EQ(refused([](auto& s) { s.repetition_penalty = 0.5F; }), base::Errc::invalid);
    EXPECT_EQ(refused([](auto& s) { s.chat_template = "{{ no template that is known }}"; }), base::Errc::unsupported);
}

TEST(LlamaLanguageModel, AnswersASimpleQuestion) {
    const auto model = open(small_settings());
    Talk talk{*model, ConversationId{1}};
    const auto answer = talk.ask("What is the capital of France?");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->reason, FinishReason::stop);
    EXPECT_THAT(talk.text(), testing::HasSubstr("Paris"));
    EXPECT_THAT(talk.text(), testing::Not(testing::HasSubstr("<|")));
}

TEST(LlamaLanguageModel, AnswersTheSameFromWhatIsKeptAsFromNothing) {
    const auto model = open(small_settings());
    std::vector<std::string> kept;
    std::vector<std::string> fresh;
    for (const bool forget : {false, true}) {
        Talk talk{*model, ConversationId{1}};
        talk.max_tokens = 8;
        model->forget(ConversationId{1});
        // Questions with one likely answer: the rounding differs with the number of tokens read at once, and
        // decides where two words are nearly as likely.
        for (const char* question : {"What is the capital of France?", "And what is the capital of Germany?",
                                     "What is the capital of Italy?"}) {
            if (forget) model->forget(ConversationId{1});
            ASSERT_TRUE(talk.ask(question));
            (forget ? fresh : kept).push_back(talk.text());
        }
    }
    EXPECT_EQ(kept, fresh);
}

TEST(LlamaLanguageModel, LeavesNoTraceOfAStoppedAnswer) {
    const auto model = open(small_settings());
    std::vector<std::string> undisturbed;
    std::vector<std::string> disturbed;
    std::vector<int> cached;
    for (const bool disturb : {false, true}) {
        Talk talk{*model, ConversationId{disturb ? 2U : 1U}};
        talk.max_tokens = 8;
        for (const char* question : {"What is the capital of France?", "And what is it famous for?"}) {
            if (disturb) {
                std::stop_source stop;
                ASSERT_FALSE(talk.ask("Who was Napoleon Bonaparte?", stop.get_token(), [&] {
                    if (talk.pieces.size() == 4) stop.request_stop();
                }));
            }
            const auto answer = talk.ask(question);
            ASSERT_TRUE(answer);
            (disturb ? disturbed : undisturbed).push_back(talk.text());
            cached.push_back(answer->cached_tokens);
        }
    }
    EXPECT_EQ(undisturbed, disturbed);
    EXPECT_EQ(cached[1], cached[3]);
}

TEST(LlamaLanguageModel, KeepsAnAnswerThatWasCutShort) {
    const auto model = open(small_settings());
    Talk talk{*model, ConversationId{1}};
    const auto first = talk.ask("What is Paris famous for?");
    ASSERT_TRUE(first);
    ASSERT_GE(first->completion_tokens, 8);
    // The caller heard six words of it.
    std::string& said = talk.messages.back().text;
    std::size_t end = 0;
    for (int words = 0; words < 6; ++words) end = said.find(' ', end + 1);
    ASSERT_NE(end, std::string::npos);
    said.resize(end);
    const auto second = talk.ask("Wait, where is that?");
    ASSERT_TRUE(second);
    EXPECT_GE(second->cached_tokens, first->prompt_tokens + 6);
    EXPECT_LT(second->cached_tokens, first->prompt_tokens + first->completion_tokens);
}

TEST(LlamaLanguageModel, SharesASystemPromptBetweenConversations) {
    const auto model = open(small_settings());
    Talk one{*model, ConversationId{1}};
    Talk two{*model, ConversationId{2}};
    const auto first = one.ask("What is the capital of France?");
    ASSERT_TRUE(first);
    EXPECT_EQ(first->cached_tokens, 0);
    model->forget(ConversationId{1});
    const auto second = two.ask("How are you?");
    ASSERT_TRUE(second);
    EXPECT_GE(second->cached_tokens, static_cast<int>(model->count_tokens(two.messages[0].text)));
}

TEST(LlamaLanguageModel, TheLongestIdleConversationMakesRoom) {
    const auto model = open(small_settings());
    for (const std::uint64_t id : {1U, 2U, 3U}) {
        Talk talk{*model, ConversationId{id}};
        ASSERT_TRUE(talk.ask("What is the capital of France?"));
    }
    const auto cached = [&](std::uint64_t id) {
        Talk talk{*model, ConversationId{id}};
        const auto answer = talk.ask("What is the capital of France?");
        return answer ? answer->prompt_tokens - answer->cached_tokens : -1;
    };
    EXPECT_EQ(cached(3), 1);  // all but the last token, whose outcome is needed again
    EXPECT_GT(cached(1), 5);
}

TEST(LlamaLanguageModel, GivesUpWhatIsIdleWhenItsMemoryIsFull) {
    auto settings = small_settings();
    settings.context_tokens = 256;
    settings.cache_tokens = 256;
    settings.places = 4;
    const auto model = open(settings);
    for (std::uint64_t id = 0; id < 4; ++id) {
        Talk talk{*model, ConversationId{id}};
        talk.max_tokens = 60;
        std::string text = "Listen:";
        for (int i = 0; i < 60; ++i) text += " la";
        const auto answer = talk.ask(text + ". What did I sing?");
        ASSERT_TRUE(answer) << answer.error().text;
    }
}

TEST(LlamaLanguageModel, EndsTheYoungestWhenAnswersFillItsMemory) {
    auto settings = small_settings();
    settings.context_tokens = 256;
    settings.cache_tokens = 256;
    const auto model = open(settings);
    Talk old = long_talk(*model, 1);
    Talk young = long_talk(*model, 2);
    Count begun;
    base::Result<Generation> of_old{Generation{}};
    std::thread thread([&] { of_old = old.ask(kLongQuestion, {}, [&] { begun.add(); }); });
    begun.await(1);
    const auto of_young = young.ask(kLongQuestion);
    thread.join();
    EXPECT_TRUE(of_old) << of_old.error().text;
    ASSERT_FALSE(of_young);
    EXPECT_EQ(of_young.error().code, base::Errc::overloaded);
    Talk after{*model, ConversationId{2}};
    EXPECT_TRUE(after.ask("What is the capital of France?"));
}

TEST(LlamaLanguageModel, AnswersRightBesideAnother) {
    // Not word for word as alone: sums in a batch of another shape are rounded differently.
    const auto model = open(small_settings());
    Talk other = long_talk(*model, 2);
    std::stop_source stop;
    Count begun;
    std::thread thread([&] { EXPECT_FALSE(other.ask(kLongQuestion, stop.get_token(), [&] { begun.add(); })); });
    begun.await(1);
    Talk beside{*model, ConversationId{1}};
    EXPECT_TRUE(beside.ask("What is the capital of France?"));
    stop.request_stop();
    thread.join();
    EXPECT_THAT(beside.text(), testing::HasSubstr("Paris"));
    EXPECT_THAT(other.text(), testing::Not(testing::HasSubstr("Paris")));
}

TEST(LlamaLanguageModel, DrawsByTheSeed) {
    const auto model = open(small_settings());
    const auto said = [&](std::uint32_t seed) {
        GenerationRequest request;
        request.messages = {{Role::user, "Tell me something surprising."}};
        request.temperature = 1.0F;
        request.seed = seed;
        request.max_tokens = 12;
        std::string text;
        EXPECT_TRUE(model->generate(request, [&](const engine::Fragment& piece) { text += piece.text; }, {}));
        model->forget(request.conversation);
        return text;
    };
    std::set<std::string> different;
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        different.insert(said(seed));
        EXPECT_EQ(said(seed), said(seed));
    }
    EXPECT_GT(different.size(), 1U);
}

TEST(LlamaLanguageModel, EndsRunningAnswersWhenItIsClosed) {
    auto model = open(small_settings());
    Talk talk = long_talk(*model, 1);
    Count begun;
    base::Result<Generation> answer{Generation{}};
    std::thread thread([&] { answer = talk.ask(kLongQuestion, {}, [&] { begun.add(); }); });
    begun.await(2);
    model.reset();
    thread.join();
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, base::Errc::cancelled);
}

}  // namespace
}  // namespace antiphon::engine
