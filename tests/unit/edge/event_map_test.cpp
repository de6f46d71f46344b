#include "edge/event_map.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace antiphon::edge {
namespace {

template <typename Wire>
Wire only(const call::CallEvent& event, const WireContext& context = {}) {
    const auto events = to_wire(event, context);
    if (events.size() == 1 && std::holds_alternative<Wire>(events.front())) return std::get<Wire>(events.front());
    ADD_FAILURE() << "not this one event but " << events.size();
    return {};
}

const think::Item kItem{"item_1", think::ItemKind::message, engine::Role::assistant, think::ItemStatus::incomplete,
                        {{think::ContentKind::output_audio, "Hi"}}};
const call::ResponsePart kPart{"resp_1", "item_1"};

TEST(EventMap, session) {
    call::Session session;
    session.id = "sess_1";
    session.speaks = false;
    session.transcribes = false;
    session.turn_detection->threshold = 0.25F;
    session.turn_detection->silence_duration = base::milliseconds(700);
    session.turn_detection->interrupt_response = false;
    session.max_output_tokens = 9;
    const auto wire = only<protocol::SessionCreated>(call::SessionCreated{session}).session;
    EXPECT_EQ(wire.id, "sess_1");
    EXPECT_FALSE(wire.speaks);
    EXPECT_FALSE(wire.transcription);
    EXPECT_EQ(wire.turn_detection->threshold, 0.25);
    EXPECT_EQ(wire.turn_detection->silence_duration_ms, 700);
    EXPECT_FALSE(wire.turn_detection->interrupt_response);
    EXPECT_EQ(wire.max_output_tokens, 9);

    session.turn_detection.reset();
    session.transcribes = true;
    session.transcription_model = "whisper-1";
    const auto updated = only<protocol::SessionUpdated>(call::SessionUpdated{session}).session;
    EXPECT_FALSE(updated.turn_detection);
    EXPECT_EQ(updated.transcription->model, "whisper-1");
}

TEST(EventMap, events_of_one_kind_each) {
    EXPECT_EQ(only<protocol::SpeechStarted>(call::SpeechStarted{"i", 320}).audio_start_ms, 320);
    EXPECT_EQ(only<protocol::SpeechStopped>(call::SpeechStopped{"i", 640}).audio_end_ms, 640);
    EXPECT_EQ(only<protocol::AudioCommitted>(call::AudioCommitted{"i", "h"}).previous_item_id, "h");
    only<protocol::AudioCleared>(call::AudioCleared{});
    EXPECT_EQ(only<protocol::ItemAdded>(call::ItemAdded{kItem, "h"}).item.status, protocol::ItemStatus::incomplete);
    EXPECT_EQ(only<protocol::ItemDone>(call::ItemDone{kItem, "h"}).item.content.front().text, "Hi");
    EXPECT_EQ(only<protocol::ItemRetrieved>(call::ItemRetrieved{kItem}).item.role, protocol::Role::assistant);
    EXPECT_EQ(only<protocol::ItemTruncated>(call::ItemTruncated{"i", 1500}).audio_end_ms, 1500);
    EXPECT_EQ(only<protocol::ItemDeleted>(call::ItemDeleted{"i"}).item_id, "i");
    EXPECT_EQ(only<protocol::TranscriptionDelta>(call::TranscriptionDelta{"i", "H"}).delta, "H");
    const auto words = only<protocol::TranscriptionCompleted>(call::TranscriptionCompleted{"i", "Hi", "en", 1.5});
    EXPECT_EQ(words.language, "en");
    EXPECT_EQ(words.seconds, 1.5);
    EXPECT_EQ(only<protocol::TranscriptionFailed>(
                  call::TranscriptionFailed{"i", base::error(base::Errc::engine, "broke")}).code, "engine_error");
    EXPECT_EQ(only<protocol::OutputItemAdded>(call::OutputItemAdded{"r", kItem}).response_id, "r");
    EXPECT_TRUE(only<protocol::ContentPartAdded>(call::ContentPartAdded{kPart, true}).speaks);
    EXPECT_EQ(only<protocol::OutputTextDelta>(call::OutputTextDelta{kPart, "H"}).part.item_id, "item_1");
    EXPECT_EQ(only<protocol::OutputTextDone>(call::OutputTextDone{kPart, "Hi"}).text, "Hi");
    EXPECT_EQ(only<protocol::OutputTranscriptDelta>(call::OutputTranscriptDelta{kPart, "H"}).delta, "H");
    EXPECT_EQ(only<protocol::OutputTranscriptDone>(call::OutputTranscriptDone{kPart, "Hi"}).transcript, "Hi");
    EXPECT_EQ(only<protocol::OutputAudioDone>(call::OutputAudioDone{kPart}).part.response_id, "resp_1");
    EXPECT_EQ(only<protocol::ContentPartDone>(call::ContentPartDone{kPart, false, "Hi"}).text, "Hi");
    EXPECT_EQ(only<protocol::OutputItemDone>(call::OutputItemDone{"r", kItem}).item.id, "item_1");
    call::TurnMeasured turn;
    turn.response_id = "r";
    turn.first_audio = 0.5;
    EXPECT_EQ(only<protocol::TurnMeasured>(turn).first_audio, 0.5);
}

TEST(EventMap, response) {
    WireContext context;
    context.session.voice = "marin";
    call::Response response;
    response.id = "resp_1";
    const auto begun = to_wire(call::ResponseCreated{response}, context);
    ASSERT_EQ(begun.size(), 2U);
    EXPECT_EQ(std::get<protocol::ResponseCreated>(begun[0]).response.voice, "marin");
    EXPECT_TRUE(std::holds_alternative<protocol::RateLimitsUpdated>(begun[1]));

    response.status = call::ResponseStatus::cancelled;
    response.end = call::ResponseEnd::turn_detected;
    response.output = {kItem};
    response.usage = call::Usage{3, 2, 1};
    auto done = only<protocol::ResponseDone>(call::ResponseDone{response}, context).response;
    EXPECT_EQ(done.status, protocol::ResponseStatus::cancelled);
    EXPECT_EQ(done.reason, "turn_detected");
    EXPECT_EQ(done.usage->cached_tokens, 2);
    EXPECT_EQ(done.output.front().id, "item_1");

    response.status = call::ResponseStatus::failed;
    response.end = call::ResponseEnd::failed;
    response.failure = "It broke";
    done = only<protocol::ResponseDone>(call::ResponseDone{response}, context).response;
    EXPECT_EQ(done.reason, "");
    EXPECT_EQ(done.error_message, "It broke");
}

TEST(EventMap, failures_get_the_codes_that_clients_know) {
    const auto code = [](base::Errc errc, std::optional<protocol::ClientRequest> request) {
        WireContext context;
        if (request) context.request = &*request;
        return only<protocol::ErrorReport>(call::RequestFailed{base::error(errc, "No", "p"), "mine"}, context);
    };
    const auto conflict = code(base::Errc::conflict, protocol::CreateResponse{});
    EXPECT_EQ(conflict.code, "conversation_already_has_active_response");
    EXPECT_EQ(conflict.type, "invalid_request_error");
    EXPECT_EQ(conflict.client_event_id, "mine");
    EXPECT_EQ(conflict.param, "p");
    EXPECT_EQ(code(base::Errc::conflict, protocol::DeleteItem{}).code, "conflict");
    EXPECT_EQ(code(base::Errc::not_found, protocol::CancelResponse{}).code, "response_cancel_not_active");
    EXPECT_EQ(code(base::Errc::not_found, protocol::RetrieveItem{}).code, "item_not_found");
    EXPECT_EQ(code(base::Errc::invalid, protocol::CommitAudio{}).code, "input_audio_buffer_commit_empty");
    EXPECT_EQ(code(base::Errc::invalid, protocol::TruncateItem{}).code, "invalid_value");
    EXPECT_EQ(code(base::Errc::unsupported, std::nullopt).code, "unsupported");
    EXPECT_EQ(code(base::Errc::overloaded, std::nullopt).type, "server_error");
    EXPECT_EQ(code(base::Errc::engine, std::nullopt).code, "engine_error");
}

TEST(EventMap, patch_keeps_what_the_client_left_out) {
    call::Session current;
    current.turn_detection = call::TurnDetection{0.7F, base::milliseconds(100), base::milliseconds(900), false, true};
    const auto untouched = to_patch({}, current, {});
    EXPECT_FALSE(untouched.turn_detection || untouched.transcribes || untouched.speaks || untouched.max_output_tokens);

    protocol::SessionChanges changes;
    changes.turn_detection.emplace().emplace().create_response = true;
    changes.speed = 1.25;
    changes.max_output_tokens = std::optional<int>();
    changes.transcription.emplace().emplace().language = "sv";
    const auto patch = to_patch(changes, current, {});
    ASSERT_TRUE(patch.turn_detection && *patch.turn_detection);
    EXPECT_EQ((*patch.turn_detection)->threshold, 0.7F);
    EXPECT_EQ((*patch.turn_detection)->silence_duration, base::milliseconds(900));
    EXPECT_TRUE((*patch.turn_detection)->create_response);
    EXPECT_EQ(patch.speed, 1.25F);
    EXPECT_TRUE(patch.max_output_tokens && !*patch.max_output_tokens);
    EXPECT_EQ(patch.transcribes, true);
    EXPECT_EQ(patch.input_language, "sv");
    EXPECT_EQ(patch.transcription_model, std::nullopt);
}

TEST(EventMap, patch_switches_off_and_on_again) {
    call::Session current;
    protocol::SessionChanges changes;
    changes.turn_detection.emplace();
    changes.transcription.emplace();
    const auto off = to_patch(changes, current, {});
    ASSERT_TRUE(off.turn_detection);
    EXPECT_FALSE(*off.turn_detection);
    EXPECT_EQ(off.transcribes, false);

    current.turn_detection.reset();
    changes.turn_detection->emplace();
    call::TurnDetection defaults;
    defaults.silence_duration = base::milliseconds(2000);
    EXPECT_EQ((*to_patch(changes, current, defaults).turn_detection)->silence_duration, base::milliseconds(2000));
}

TEST(EventMap, items_and_responses_of_the_client) {
    const auto item = to_item({"i", protocol::Role::system, protocol::ItemStatus::completed,
                               {{protocol::ContentKind::input_text, "x"}, {protocol::ContentKind::output_audio, "y"}}});
    EXPECT_EQ(item.id, "i");
    EXPECT_EQ(item.role, engine::Role::system);
    EXPECT_EQ(item.content[0].text, "x");
    EXPECT_EQ(item.content[1].kind, think::ContentKind::output_audio);

    protocol::CreateResponse request;
    request.instructions = "Sing.";
    request.in_conversation = false;
    request.metadata = "{}";
    request.input.emplace().push_back({"i", protocol::Role::user, protocol::ItemStatus::completed, {}});
    const auto out = to_request(request, "mine");
    EXPECT_EQ(out.client_event_id, "mine");
    EXPECT_EQ(out.instructions, "Sing.");
    EXPECT_FALSE(out.in_conversation);
    EXPECT_EQ(out.metadata, "{}");
    EXPECT_EQ(out.input->front().id, "i");
}

TEST(EventMap, sound) {
    const std::vector<std::uint8_t> bytes{0, 0x40, 0, 0xC0};
    const auto samples = to_samples(bytes);
    ASSERT_TRUE(samples);
    EXPECT_EQ(*samples, (std::vector<float>{0.5F, -0.5F}));
    EXPECT_EQ(to_samples(std::vector<std::uint8_t>(3)).error().param, "audio");
    EXPECT_EQ(to_wire(kPart, std::vector<float>{0.5F}).audio.size(), 2U);
}

}  // namespace
}  // namespace antiphon::edge
