// What the kept KV and the common batch are worth: ratios within one run of the real model.
//
//     language_model_bench [threads [model.gguf]]
//
// Each figure is a median, with the least beside it in brackets: on a machine that does other things as
// well, the least is the one that is nearest to the model's own time.
// 1. time to the first text on the turns of a growing conversation, with what is kept and without;
// 2. two answers decoded together against one after the other;
// 3. what holding a tool call to its schema costs: the call itself, and an answer in words beside it.
#include "engine/llama/llama_language_model.hpp"
#include "fakes/test_models.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace antiphon;
using engine::ConversationId;
using engine::GenerationRequest;
using engine::LanguageModel;
using engine::Message;
using engine::Role;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::array kQuestions = {
    "What is the capital of France?",     "And what is it famous for?",      "How many people live there?",
    "Which river runs through it?",       "What do people like to eat?",     "Can I go there by train?",
    "When is the best time to visit?",    "Is it warm there in the winter?", "Which museum should I see?",
    "And what should I take home?",
};

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

double least(const std::vector<double>& values) { return *std::min_element(values.begin(), values.end()); }

struct Turn {
    double first_text = 0;  ///< ms
    double whole = 0;       ///< ms
    engine::Generation generation;
};

Turn ask(LanguageModel& model, ConversationId id, std::vector<Message>& messages, const char* question,
         int max_tokens) {
    messages.push_back({Role::user, question});
    engine::GenerationRequest request;
    request.conversation = id;
    request.messages = messages;
    request.max_tokens = max_tokens;
    std::string text;
    std::optional<double> first;
    const auto start = std::chrono::steady_clock::now();
    const auto since = [&] { return Milliseconds(std::chrono::steady_clock::now() - start).count(); };
    const auto result = model.generate(
        request,
        [&](const engine::Fragment& fragment) {
            const std::string_view piece = fragment.text;
            if (!first) first = since();
            text += piece;
        },
        {});
    if (!result) {
        std::fprintf(stderr, "language_model_bench: %s\n", result.error().text.c_str());
        std::exit(1);
    }
    messages.push_back({Role::assistant, text});
    return {first.value_or(since()), since(), *result};
}

void print_load() {
    std::array<double, 3> load{};
    if (getloadavg(load.data(), 3) == 3) std::printf("load average %.2f %.2f %.2f\n", load[0], load[1], load[2]);
}

void measure_turns(LanguageModel& model) {
    constexpr int kConversations = 7;
    const std::vector<Message> system = {
        {Role::system, "You are a friendly voice assistant. Reply in one short sentence."}};
    std::array<std::vector<double>, kQuestions.size()> kept;
    std::array<std::vector<double>, kQuestions.size()> dropped;
    std::array<engine::Generation, kQuestions.size()> last;
    std::uint64_t id = 0;
    for (int conversation = 0; conversation < kConversations; ++conversation) {
        for (const bool drop : {false, true}) {
            auto messages = system;
            const ConversationId self{++id};
            for (std::size_t turn = 0; turn < kQuestions.size(); ++turn) {
                if (drop) model.forget(self);
                const Turn result = ask(model, self, messages, kQuestions[turn], 32);
                (drop ? dropped : kept)[turn].push_back(result.first_text);
                if (!drop) last[turn] = result.generation;
            }
            model.forget(self);
        }
    }
    std::printf("time to the first text in ms, %d conversations\n", kConversations);
    std::printf("turn  prompt  cached         kept      dropped\n");
    for (std::size_t turn = 0; turn < kQuestions.size(); ++turn)
        std::printf("%4zu  %6d  %6d  %4.0f (%4.0f)  %4.0f (%4.0f)\n", turn + 1, last[turn].prompt_tokens,
                    last[turn].cached_tokens, median(kept[turn]), least(kept[turn]), median(dropped[turn]),
                    least(dropped[turn]));
    const auto print_ratio = [](const char* name, const auto& turns) {
        std::printf("tenth / second turn, %s: %.2f (%.2f)\n", name, median(turns[9]) / median(turns[1]),
                    least(turns[9]) / least(turns[1]));
    };
    print_ratio("kept", kept);
    print_ratio("dropped", dropped);
}

void measure_together(LanguageModel& model) {
    constexpr int kTokens = 48;
    const auto answer = [&](std::uint64_t id) {
        std::vector<Message> messages;
        ask(model, ConversationId{id}, messages, "Write a very long story about a dragon. Do not stop.", kTokens);
        model.forget(ConversationId{id});
    };
    std::vector<double> apart;
    std::vector<double> together;
    for (int round = 0; round < 15; ++round) {
        const auto start = std::chrono::steady_clock::now();
        answer(1001);
        answer(1002);
        const auto between = std::chrono::steady_clock::now();
        std::thread other([&] { answer(1003); });
        answer(1004);
        other.join();
        apart.push_back(Milliseconds(between - start).count());
        together.push_back(Milliseconds(std::chrono::steady_clock::now() - between).count());
    }
    std::printf("two answers of %d tokens in ms: one after the other %.0f (%.0f), together %.0f (%.0f)\n", kTokens,
                median(apart), least(apart), median(together), least(together));
    std::printf("together / apart: %.2f (%.2f)\n", median(together) / median(apart), least(together) / least(apart));
}

/// Arguments that take many tokens whatever the model thinks: numbers of a fixed count.
GenerationRequest numbers(std::uint64_t id) {
    GenerationRequest request;
    request.conversation = ConversationId{id};
    request.messages = {{Role::user, "Send me a hundred numbers."}};
    request.tools = {{"send", "Sends numbers.",
                      R"({"type":"object","properties":{"all":{"type":"array","minItems":60,"maxItems":60,)"
                      R"("items":{"type":"integer","minimum":10,"maximum":99}}},"required":["all"]})"}};
    request.tool_choice.use = engine::ToolUse::required;
    request.parallel_tool_calls = false;
    request.max_tokens = 200;
    return request;
}

GenerationRequest story(std::uint64_t id) {
    GenerationRequest request;
    request.conversation = ConversationId{id};
    request.messages = {{Role::user, "Write a very long story about a dragon. Do not stop."}};
    request.max_tokens = 160;
    return request;
}

/// Milliseconds for each token that the model chose, from the first fragment to the end.
double per_token(LanguageModel& model, const GenerationRequest& request) {
    std::optional<std::chrono::steady_clock::time_point> first;
    const auto result = model.generate(
        request, [&](const engine::Fragment&) { if (!first) first = std::chrono::steady_clock::now(); }, {});
    const auto end = std::chrono::steady_clock::now();
    model.forget(request.conversation);
    if (!result || !first || result->completion_tokens < 100) {
        std::fprintf(stderr, "language_model_bench: no long answer\n");
        std::exit(1);
    }
    return Milliseconds(end - *first).count() / result->completion_tokens;
}

void measure_tools(LanguageModel& model) {
    std::vector<double> words, call, beside_words, beside_call;
    for (int round = 0; round < 7; ++round) {
        words.push_back(per_token(model, story(2001)));
        call.push_back(per_token(model, numbers(2002)));
        for (const bool tool : {false, true}) {
            std::thread other([&] { per_token(model, tool ? numbers(2003) : story(2003)); });
            (tool ? beside_call : beside_words).push_back(per_token(model, story(2004)));
            other.join();
        }
    }
    std::printf("ms for each token: words %.2f (%.2f), tool call %.2f (%.2f)\n", median(words), least(words),
                median(call), least(call));
    std::printf("words beside words %.2f (%.2f), words beside a tool call %.2f (%.2f)\n", median(beside_words),
                least(beside_words), median(beside_call), least(beside_call));
}

}  // namespace

int main(int count, char** arguments) {
    engine::llama::LlamaSettings settings;
    if (count > 1) settings.threads = std::atoi(arguments[1]);
    if (count > 2) settings.model = arguments[2];
    else settings.model = fakes::model_file("smollm2-135m-instruct", "SmolLM2-135M-Instruct.Q4_1.gguf");
    const auto start = std::chrono::steady_clock::now();
    const auto model = engine::llama::LlamaLanguageModel::open(settings);
    if (!model) {
        std::fprintf(stderr, "language_model_bench: %s\n", model.error().text.c_str());
        return 1;
    }
    std::printf("%d threads, opened in %.0f ms\n", settings.threads,
                Milliseconds(std::chrono::steady_clock::now() - start).count());
    print_load();
    measure_turns(**model);
    measure_together(**model);
    measure_tools(**model);
    print_load();
}
