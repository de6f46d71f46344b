// Callers and clients who do anything at any time: what is begun is ended, once, in its order.

#include "call/scene.hpp"

#include <map>
#include <random>
#include <set>

namespace antiphon::scenes {
namespace {

using namespace call;

class RandomScene : public Scene, public ::testing::WithParamInterface<unsigned> {
protected:
    RandomScene() : dice_(GetParam()) {
        session.tools = {{"weather", "", ""}, {"time", "", ""}};
        session.partials = chance(2);
        session.speaks = !chance(4);
        session.turn_detection->idle_timeout = milliseconds(3000);
        settings.speculate = !chance(4);
        language_model.context = chance(3) ? 400 : 4096;
    }

    bool chance(unsigned sides) { return dice_() % sides == 0; }
    milliseconds any_time(unsigned most) { return milliseconds(20 * (1 + dice_() % (most / 20))); }
    std::string any_item() {
        const auto items = peer.all<ItemAdded>();
        return items.empty() || chance(10) ? "nowhere" : items[dice_() % items.size()].item.id;
    }
    think::Item any_new_item() {
        think::Item item = typed("some words of the client's");
        const auto calls = peer.all<FunctionArgumentsDone>();
        switch (dice_() % 5) {
            case 0: {
                audio::Pcm sound{std::vector<float>(4800 * (1 + dice_() % 5), 0.1F), 24000};
                item.content[0] = {think::ContentKind::input_audio, std::nullopt, std::make_shared<audio::Pcm>(std::move(sound))};
                break;
            }
            case 1:
                item.kind = think::ItemKind::function_call;
                item.call = {"", "time", "{}"};
                break;
            case 2:
                item.kind = think::ItemKind::function_call_output;
                item.call.id = calls.empty() ? "call_none" : calls[dice_() % calls.size()].call.id;
                item.output = "42";
                break;
            default: break;
        }
        return item;
    }
    ResponseRequest any_request() {
        ResponseRequest request;
        if (chance(4)) request.speaks = chance(2);
        if (chance(4)) request.max_output_tokens = static_cast<int>(1 + dice_() % 8);
        if (chance(5)) request.in_conversation = false;
        if (chance(5)) request.input = {{any_new_item()}};
        return request;
    }
    SessionPatch any_patch() {
        SessionPatch patch;
        switch (dice_() % 5) {
            case 0: patch.turn_detection = chance(3) ? std::nullopt : session.turn_detection; break;
            case 1: patch.speaks = chance(2); break;
            case 2: patch.voice = chance(2) ? "joe" : "alloy"; break;
            case 3: patch.truncation = Truncation{chance(2) ? Truncation::Mode::retention : Truncation::Mode::disabled, 0.5F}; break;
            default: patch.kind = chance(3) ? SessionKind::transcription : SessionKind::realtime; break;
        }
        return patch;
    }
    void do_anything() {
        language_model.uses.clear();
        if (chance(3)) language_model.uses = {{"weather", R"({"place":"Rome"})"}};
        if (chance(6)) language_model.uses.push_back({"time", ""});
        language_model.answer = chance(4) ? "" : "Well, let me see what there is. It may take a while.";
        recognizer.texts = {chance(5) ? "" : "words of the caller"};
        switch (dice_() % 14) {
            case 0: case 1: case 2: speak(any_time(1500)); break;
            case 3: case 4: case 5: silence(any_time(1500)); break;
            case 6: wait(any_time(4000)); break;
            case 7: call->create_item(any_new_item(), chance(3) ? std::optional(any_item()) : std::nullopt, ""); break;
            case 8: call->delete_item(any_item(), ""); break;
            case 9: call->truncate_item(any_item(), static_cast<std::int64_t>(dice_() % 3000), ""); break;
            case 10: call->create_response(any_request()); break;
            case 11: chance(2) ? call->cancel_response("", "") : call->clear_output(""); break;
            case 12: chance(2) ? call->commit_audio("") : call->clear_audio(); break;
            case 13: call->update_session(any_patch(), ""); break;
            default: break;
        }
    }

    void check_responses() const {
        std::optional<std::string> response;
        std::set<std::string> open_items;
        std::map<std::string, std::string> arguments;
        std::map<std::string, std::string> words;
        std::map<std::string, std::string> captions;
        for (const auto& seen : peer.seen) {
            if (const auto* e = std::get_if<ResponseCreated>(&seen.event)) {
                ASSERT_FALSE(response) << "two responses at once";
                response = e->response.id;
            } else if (const auto* added = std::get_if<OutputItemAdded>(&seen.event)) {
                ASSERT_EQ(response, added->response_id);
                ASSERT_EQ(added->item.status, think::ItemStatus::in_progress);
                ASSERT_TRUE(open_items.insert(added->item.id).second);
            } else if (const auto* delta = std::get_if<FunctionArgumentsDelta>(&seen.event)) {
                ASSERT_TRUE(open_items.contains(delta->part.item_id));
                arguments[delta->call_id] += delta->delta;
            } else if (const auto* written = std::get_if<FunctionArgumentsDone>(&seen.event)) {
                ASSERT_EQ(arguments[written->call.id], written->call.arguments);
            } else if (const auto* caption = std::get_if<OutputTranscriptDelta>(&seen.event)) {
                ASSERT_TRUE(open_items.contains(caption->part.item_id));
                captions[caption->part.item_id] += caption->text;
            } else if (const auto* timed = std::get_if<WordsTimed>(&seen.event)) {
                for (const auto& word : timed->words) words[timed->part.item_id] += word.text;
            } else if (const auto* over = std::get_if<OutputItemDone>(&seen.event)) {
                ASSERT_EQ(open_items.erase(over->item.id), 1U);
                ASSERT_NE(over->item.status, think::ItemStatus::in_progress);
            } else if (const auto* done = std::get_if<ResponseDone>(&seen.event)) {
                ASSERT_EQ(response, done->response.id);
                ASSERT_TRUE(open_items.empty());
                response.reset();
            }
        }
        EXPECT_FALSE(response) << "a response never ended";
        EXPECT_EQ(words, captions);
    }
    void check_prompts() const {
        for (const auto& request : language_model.requests) {
            std::set<std::string> open_calls;
            for (const auto& message : request.messages) {
                if (message.role == engine::Role::tool) {
                    ASSERT_EQ(open_calls.erase(message.call_id), 1U) << "an output without its call right before it";
                } else {
                    open_calls.clear();
                }
                for (const auto& each : message.calls) ASSERT_TRUE(open_calls.insert(each.id).second);
            }
        }
    }

private:
    std::mt19937 dice_;
};

TEST_P(RandomScene, WhatIsBegunIsEndedOnce) {
    begin();
    for (int i = 0; i < 60; ++i) do_anything();
    SessionPatch still;
    still.turn_detection = std::optional<TurnDetection>{};
    call->update_session(still, "");
    wait(milliseconds(30'000));
    check_responses();
    check_prompts();
    const auto told = states();
    for (std::size_t i = 1; i < told.size(); ++i) EXPECT_NE(told[i], told[i - 1]) << "a state was repeated";
    EXPECT_EQ(told.back(), AgentState::listening);
    call->close();
    wait(milliseconds(5000));
    for (const Counts& counts : {recognizer.counts, language_model.counts})
        EXPECT_GE(counts.begun, counts.finished + counts.cancelled);
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomScene, ::testing::Range(1U, 151U));

}  // namespace
}  // namespace antiphon::scenes
