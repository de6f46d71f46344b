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
    session.turn_detection->idle_timeout = base::milliseconds(6000);
    session.agent = "clerk";
    session.tools = {{"f", "Does it.", "{}"}};
    session.tool_choice = {engine::ToolUse::required, "f"};
    session.parallel_tool_calls = false;
    session.truncation = {call::Truncation::Mode::retention, 0.5F};
    session.partials = true;
    session.output_encoding = audio::Encoding::alaw;
    session.max_output_tokens = 9;
    const auto wire = only<protocol::SessionCreated>(call::SessionCreated{session}).session;
    EXPECT_EQ(wire.id, "sess_1");
    EXPECT_FALSE(wire.speaks);
    EXPECT_FALSE(wire.transcription);
    EXPECT_EQ(wire.turn_detection->threshold, 0.25);
    EXPECT_EQ(wire.turn_detection->silence_duration_ms, 700);
    EXPECT_FALSE(wire.turn_detection->interrupt_response);
    EXPECT_EQ(wire.max_output_tokens, 9);
    EXPECT_EQ(wire.turn_detection->idle_timeout_ms, 6000);
    EXPECT_FALSE(wire.turn_detection->semantic);
    EXPECT_EQ(wire.agent, "clerk");
    EXPECT_EQ(wire.tools.front().description, "Does it.");
    EXPECT_EQ(wire.tool_choice.use, protocol::ToolChoice::Use::required);
    EXPECT_EQ(wire.tool_choice.name, "f");
    EXPECT_FALSE(wire.parallel_tool_calls);
    EXPECT_EQ(wire.truncation.mode, protocol::Truncation::Mode::retention);
    EXPECT_EQ(wire.truncation.retention_ratio, 0.5);
    EXPECT_TRUE(wire.partials);
    EXPECT_EQ(wire.output_encoding, audio::Encoding::alaw);

    session.turn_detection->semantic = call::Eagerness::high;
    session.kind = call::SessionKind::transcription;
    const auto semantic = only<protocol::SessionUpdated>(call::SessionUpdated{session}).session;
    EXPECT_EQ(semantic.turn_detection->semantic, protocol::Eagerness::high);
    EXPECT_EQ(semantic.kind, protocol::SessionKind::transcription);

    session.turn_detection.reset();
    session.transcribes = true;
    session.transcription_model = "whisper-1";
    const auto updated = only<protocol::SessionUpdated>(call::SessionUpdated{session}).session;
    EXPECT_FALSE(updated.turn_detection);
    EXPECT_EQ(updated.transcription->model, "whisper-1");
}

TEST(EventMap, a_beta_session_comes_with_its_conversation) {
    WireContext context;
    context.dialect = protocol::Dialect::beta;
    context.conversation_id = "conv_1";
    context.wire.temperature = 0.6;
    const auto begun = to_wire(call::SessionCreated{}, context);
    ASSERT_EQ(begun.size(), 2U);
    EXPECT_EQ(std::get<protocol::SessionCreated>(begun[0]).session.wire.temperature, 0.6);
    EXPECT_EQ(std::get<protocol::ConversationCreated>(begun[1]).id, "conv_1");
}

TEST(EventMap, tools_and_our_own_events) {
    const call::ResponsePart part{"r", "i", 2};
    const auto delta = only<protocol::FunctionArgumentsDelta>(call::FunctionArgumentsDelta{part, "call_1", "{"});
    EXPECT_EQ(delta.part.output_index, 2);
    EXPECT_EQ(delta.call_id, "call_1");
    EXPECT_EQ(delta.delta, "{");
    const auto done = only<protocol::FunctionArgumentsDone>(call::FunctionArgumentsDone{part, {"call_1", "f", "{}"}});
    EXPECT_EQ(done.name, "f");
    EXPECT_EQ(done.arguments, "{}");
    think::Item item;
    item.kind = think::ItemKind::function_call;
    item.call = {"call_1", "f", "{}"};
    const auto added = only<protocol::OutputItemAdded>(call::OutputItemAdded{"r", item, 1});
    EXPECT_EQ(added.output_index, 1);
    EXPECT_EQ(added.item.kind, protocol::ItemKind::function_call);
    EXPECT_EQ(added.item.call_id, "call_1");
    item.kind = think::ItemKind::function_call_output;
    item.output = "9";
    EXPECT_EQ(only<protocol::ItemDone>(call::ItemDone{item, ""}).item.output, "9");

    EXPECT_EQ(only<protocol::TimeoutTriggered>(call::TimeoutTriggered{"i", 1, 2}).audio_end_ms, 2);
    EXPECT_EQ(only<protocol::PartialTranscript>(call::PartialTranscript{"i", "Hi"}).transcript, "Hi");
    const auto words = only<protocol::WordsTimed>(call::WordsTimed{part, {{"Hi", 10, 20}}});
    EXPECT_EQ(words.words.front().end_ms, 20);
    EXPECT_EQ(only<protocol::StateChanged>(call::StateChanged{call::AgentState::speaking}).state,
              protocol::AgentState::speaking);
    const auto language = only<protocol::LanguageDecided>(call::LanguageDecided{"de", 0.75F});
    EXPECT_EQ(language.language, "de");
    EXPECT_EQ(language.confidence, 0.75F);
}

TEST(EventMap, the_servers_own_sound_is_told_of_only_where_it_plays) {
    WireContext context;
    EXPECT_TRUE(to_wire(call::OutputSoundStarted{"r"}, context).empty());
    EXPECT_TRUE(to_wire(call::OutputSoundStopped{"r"}, context).empty());
    EXPECT_TRUE(to_wire(call::OutputSoundCleared{"r"}, context).empty());
    context.plays_sound = true;
    EXPECT_EQ(only<protocol::OutputSoundStarted>(call::OutputSoundStarted{"r"}, context).response_id, "r");
    EXPECT_EQ(only<protocol::OutputSoundStopped>(call::OutputSoundStopped{"r"}, context).response_id, "r");
    EXPECT_EQ(only<protocol::OutputSoundCleared>(call::OutputSoundCleared{"r"}, context).response_id, "r");
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
    context.conversation_id = "conv_1";
    context.session.output_encoding = audio::Encoding::mulaw;
    call::Response response;
    response.id = "resp_1";
    response.voice = "marin";
    response.max_output_tokens = 7;
    const auto begun = to_wire(call::ResponseCreated{response}, context);
    ASSERT_EQ(begun.size(), 2U);
    EXPECT_EQ(std::get<protocol::ResponseCreated>(begun[0]).response.voice, "marin");
    EXPECT_EQ(std::get<protocol::ResponseCreated>(begun[0]).response.max_output_tokens, 7);
    EXPECT_EQ(std::get<protocol::ResponseCreated>(begun[0]).response.conversation_id, "conv_1");
    EXPECT_EQ(std::get<protocol::ResponseCreated>(begun[0]).response.output_encoding, audio::Encoding::mulaw);
    EXPECT_TRUE(std::holds_alternative<protocol::RateLimitsUpdated>(begun[1]));
    response.in_conversation = false;
    EXPECT_EQ(only<protocol::ResponseDone>(call::ResponseDone{response}, context).response.conversation_id, "");

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
    EXPECT_EQ(code(base::Errc::not_found, protocol::RetrieveItem{}).code, "item_retrieve_invalid_item_id");
    EXPECT_EQ(code(base::Errc::not_found, protocol::DeleteItem{}).code, "item_delete_invalid_item_id");
    EXPECT_EQ(code(base::Errc::not_found, protocol::TruncateItem{}).code, "item_truncate_invalid_item_id");
    EXPECT_EQ(code(base::Errc::not_found, protocol::CreateItem{}).code, "item_not_found");
    EXPECT_EQ(code(base::Errc::not_found, protocol::CreateResponse{}).code, "item_not_found");
    const protocol::ClientRequest creation = protocol::CreateItem{};
    WireContext creating;
    creating.request = &creation;
    EXPECT_EQ(only<protocol::ErrorReport>(
                  call::RequestFailed{base::error(base::Errc::not_found, "No", "previous_item_id"), "mine"}, creating)
                  .code,
              "item_create_invalid_previous_item_id");
    EXPECT_EQ(code(base::Errc::invalid, protocol::CommitAudio{}).code, "input_audio_buffer_commit_empty");
    EXPECT_EQ(code(base::Errc::invalid, protocol::TruncateItem{}).code, "invalid_value");
    const call::RequestFailed voice{base::error(base::Errc::conflict, "No", "session.audio.output.voice"), "mine"};
    EXPECT_EQ(only<protocol::ErrorReport>(voice).code, "cannot_update_voice");
    WireContext beta;
    beta.dialect = protocol::Dialect::beta;
    EXPECT_EQ(only<protocol::ErrorReport>(voice, beta).param, "session.voice");
    EXPECT_EQ(code(base::Errc::unsupported, std::nullopt).code, "unsupported");
    EXPECT_EQ(code(base::Errc::overloaded, std::nullopt).type, "server_error");
    EXPECT_EQ(code(base::Errc::engine, std::nullopt).code, "engine_error");
}

call::SessionPatch patched(const protocol::SessionChanges& changes, const WireContext& context,
                           const call::TurnDetection& defaults = {}) {
    auto patch = to_patch(changes, context, defaults);
    EXPECT_TRUE(patch);
    return patch ? *patch : call::SessionPatch{};
}

TEST(EventMap, patch_keeps_what_the_client_left_out) {
    WireContext context;
    context.session.turn_detection = call::TurnDetection{0.7F, base::milliseconds(100), base::milliseconds(900), false, true};
    const auto untouched = patched({}, context);
    EXPECT_FALSE(untouched.kind || untouched.turn_detection || untouched.transcribes || untouched.speaks ||
                 untouched.max_output_tokens || untouched.tools || untouched.tool_choice || untouched.truncation ||
                 untouched.input_encoding || untouched.output_encoding || untouched.partials);

    protocol::SessionChanges changes;
    changes.turn_detection.emplace().emplace().create_response = true;
    changes.speed = 1.25;
    changes.max_output_tokens = std::optional<int>();
    changes.transcription.emplace().emplace().language = "sv";
    const auto patch = patched(changes, context);
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
    WireContext context;
    protocol::SessionChanges changes;
    changes.turn_detection.emplace();
    changes.transcription.emplace();
    const auto off = patched(changes, context);
    ASSERT_TRUE(off.turn_detection);
    EXPECT_FALSE(*off.turn_detection);
    EXPECT_EQ(off.transcribes, false);

    context.session.turn_detection.reset();
    changes.turn_detection->emplace();
    call::TurnDetection defaults;
    defaults.silence_duration = base::milliseconds(2000);
    EXPECT_EQ((*patched(changes, context, defaults).turn_detection)->silence_duration, base::milliseconds(2000));
}

TEST(EventMap, patch_of_turn_detection_between_its_kinds) {
    WireContext context;
    context.session.turn_detection->idle_timeout = base::milliseconds(6000);
    protocol::SessionChanges changes;
    auto& turn = changes.turn_detection.emplace().emplace();
    turn.semantic = true;
    const auto semantic = **patched(changes, context).turn_detection;
    EXPECT_EQ(semantic.semantic, call::Eagerness::automatic);
    EXPECT_FALSE(semantic.idle_timeout);

    context.session.turn_detection->semantic = call::Eagerness::low;
    EXPECT_EQ((*patched(changes, context).turn_detection)->semantic, call::Eagerness::low) << "as it was";
    turn.eagerness = protocol::Eagerness::high;
    EXPECT_EQ((*patched(changes, context).turn_detection)->semantic, call::Eagerness::high);
    turn = {};
    turn.semantic = false;
    turn.idle_timeout_ms = std::optional<int>(8000);
    const auto server = **patched(changes, context).turn_detection;
    EXPECT_FALSE(server.semantic);
    EXPECT_EQ(server.idle_timeout, base::milliseconds(8000));
}

TEST(EventMap, patch_of_formats_sets_their_rates) {
    WireContext context;
    protocol::SessionChanges changes;
    changes.input_encoding = audio::Encoding::mulaw;
    changes.output_encoding = audio::Encoding::pcm16;
    auto patch = patched(changes, context);
    EXPECT_EQ(patch.input_encoding, audio::Encoding::mulaw);
    EXPECT_EQ(patch.input_rate, 8000);
    EXPECT_FALSE(patch.output_encoding || patch.output_rate) << "nothing changes, and nothing needs to begin anew";
    context.session.output_encoding = audio::Encoding::alaw;
    patch = patched(changes, context);
    EXPECT_EQ(patch.output_rate, 24000);
}

TEST(EventMap, patch_makes_a_hint_of_prompt_and_keywords) {
    WireContext context;
    context.wire.transcription_prompt = "Birds.";
    protocol::SessionChanges changes;
    auto& transcription = changes.transcription.emplace().emplace();
    transcription.keywords = std::vector<std::string>{"wren", "rook"};
    EXPECT_EQ(patched(changes, context).input_hint, "Birds., wren, rook");
    transcription.prompt = "";
    EXPECT_EQ(patched(changes, context).input_hint, "wren, rook");
}

TEST(EventMap, patch_of_tools) {
    WireContext context;
    protocol::SessionChanges changes;
    changes.kind = protocol::SessionKind::transcription;
    changes.tools = {{"f", "Does it.", "{}"}};
    changes.tool_choice = protocol::ToolChoice{protocol::ToolChoice::Use::required, "f"};
    changes.truncation.emplace().truncation = {protocol::Truncation::Mode::retention, 0.5};
    const auto patch = patched(changes, context);
    EXPECT_EQ(patch.kind, call::SessionKind::transcription);
    EXPECT_EQ(patch.tools->front(), (engine::Tool{"f", "Does it.", "{}"}));
    EXPECT_EQ(*patch.tool_choice, (engine::ToolChoice{engine::ToolUse::required, "f"}));
    EXPECT_EQ(patch.truncation->retention_ratio, 0.5F);

    changes.tool_choice->name = "g";
    EXPECT_EQ(to_patch(changes, context, {}).error().param, "session.tool_choice");
    context.session.tools = {{"f", "", ""}};
    context.session.tool_choice = {engine::ToolUse::required, "f"};
    protocol::SessionChanges none;
    none.tools.emplace();
    EXPECT_FALSE(to_patch(none, context, {})) << "the one that must be used would be gone";
}

TEST(EventMap, items_of_the_client) {
    const auto item = *to_item({"i", protocol::Role::system, protocol::ItemStatus::completed,
                                {{protocol::ContentKind::input_text, "x"}, {protocol::ContentKind::output_audio, "y"}}},
                               audio::Encoding::pcm16, "item");
    EXPECT_EQ(item.id, "i");
    EXPECT_EQ(item.role, engine::Role::system);
    EXPECT_EQ(item.content[0].text, "x");
    EXPECT_EQ(item.content[1].kind, think::ContentKind::output_audio);

    protocol::Item called;
    called.kind = protocol::ItemKind::function_call;
    called.name = "f";
    called.arguments = "{}";
    EXPECT_EQ(to_item(called, audio::Encoding::pcm16, "item")->call.id.find("call_"), 0U);
    called.call_id = "mine";
    EXPECT_EQ(to_item(called, audio::Encoding::pcm16, "item")->call, (engine::ToolCall{"mine", "f", "{}"}));
    protocol::Item output;
    output.kind = protocol::ItemKind::function_call_output;
    output.call_id = "mine";
    output.output = "9";
    const auto given = *to_item(output, audio::Encoding::pcm16, "item");
    EXPECT_EQ(given.kind, think::ItemKind::function_call_output);
    EXPECT_EQ(given.call.id, "mine");
    EXPECT_EQ(given.output, "9");
}

TEST(EventMap, items_with_sound) {
    protocol::Item item;
    item.content = {{protocol::ContentKind::input_audio, std::nullopt, std::vector<std::uint8_t>{0, 0x40, 0xFF}}};
    const auto odd = to_item(item, audio::Encoding::pcm16, "response.input[3]");
    ASSERT_FALSE(odd);
    EXPECT_EQ(odd.error().param, "response.input[3].content[0].audio");
    const auto telephone = *to_item(item, audio::Encoding::mulaw, "item");
    EXPECT_EQ(telephone.content.front().sound->samples.size(), 3U);
    EXPECT_EQ(telephone.content.front().sound->sample_rate, 8000);
    EXPECT_EQ(telephone.content.front().text, std::nullopt);
}

TEST(EventMap, responses_of_the_client) {
    WireContext context;
    context.session.tools = {{"f", "", ""}};
    protocol::CreateResponse request;
    request.instructions = "Sing.";
    request.in_conversation = false;
    request.metadata = "{}";
    request.voice = "marin";
    request.tool_choice = protocol::ToolChoice{protocol::ToolChoice::Use::required, "f"};
    request.parallel_tool_calls = false;
    request.input.emplace().push_back({"i", protocol::Role::user, protocol::ItemStatus::completed, {}});
    const auto out = *to_request(request, context, "mine");
    EXPECT_EQ(out.client_event_id, "mine");
    EXPECT_EQ(out.instructions, "Sing.");
    EXPECT_FALSE(out.in_conversation);
    EXPECT_EQ(out.metadata, "{}");
    EXPECT_EQ(out.voice, "marin");
    EXPECT_EQ(out.tool_choice->name, "f");
    EXPECT_EQ(out.parallel_tool_calls, false);
    EXPECT_EQ(out.input->front().id, "i");

    request.tools.emplace();
    EXPECT_EQ(to_request(request, context, "mine").error().param, "response.tool_choice");
    request.tools->push_back({"g", "", ""});
    EXPECT_EQ(to_request(request, context, "mine").error().param, "response.tool_choice");
    request.tool_choice.reset();
    request.output_encoding = audio::Encoding::pcm16;
    EXPECT_EQ(to_request(request, context, "mine")->tools->front().name, "g");
    request.output_encoding = audio::Encoding::alaw;
    EXPECT_EQ(to_request(request, context, "mine").error().param, "response.audio.output.format");
    context.dialect = protocol::Dialect::beta;
    EXPECT_EQ(to_request(request, context, "mine").error().code, base::Errc::unsupported);
    EXPECT_EQ(to_request(request, context, "mine").error().param, "response.output_audio_format");
}

TEST(EventMap, sound) {
    const std::vector<std::uint8_t> bytes{0, 0x40, 0, 0xC0};
    const auto samples = to_samples(bytes, audio::Encoding::pcm16);
    ASSERT_TRUE(samples);
    EXPECT_EQ(*samples, (std::vector<float>{0.5F, -0.5F}));
    EXPECT_EQ(to_samples(std::vector<std::uint8_t>(3), audio::Encoding::pcm16).error().param, "audio");
    EXPECT_EQ(to_samples(std::vector<std::uint8_t>(3), audio::Encoding::alaw)->size(), 3U);
    EXPECT_EQ(to_wire(kPart, std::vector<std::uint8_t>{1, 2}).audio.size(), 2U);
}

}  // namespace
}  // namespace antiphon::edge
