#include "edge/stored_call.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

WireContext some_context() {
    WireContext context;
    context.session.id = "sess_1";
    context.session.agent = "nurse";
    context.session.model = "some-model";
    context.session.instructions = "Be \"brief\"\n%s";
    context.session.voice = "ann";
    context.session.speed = 1.25F;
    context.session.max_output_tokens = 7;
    context.session.tools = {{"look_up", "", R"({"type":"object","properties":{}})"}};
    context.session.input_encoding = audio::Encoding::mulaw;
    context.session.input_rate = 8000;
    context.conversation_id = "conv_1";
    context.wire.resumable = context.wire.binary_audio = true;
    context.dialect = protocol::Dialect::beta;
    return context;
}

std::vector<think::Item> some_items() {
    using think::ContentKind;
    const auto message = [](std::string id, engine::Role role, ContentKind kind, std::string text) {
        think::Item item;
        item.id = std::move(id);
        item.role = role;
        item.content.push_back({kind, std::move(text)});
        return item;
    };
    std::vector<think::Item> items{message("a", engine::Role::system, ContentKind::input_text, "Rules."),
                                   message("b", engine::Role::user, ContentKind::input_audio, "What is it?"),
                                   message("c", engine::Role::assistant, ContentKind::output_audio, "It is"),
                                   message("d", engine::Role::user, ContentKind::input_audio, ""),
                                   message("e", engine::Role::assistant, ContentKind::output_text, "Yes.")};
    items[2].status = think::ItemStatus::incomplete;
    think::Item call;
    call.id = "f";
    call.kind = think::ItemKind::function_call;
    call.call = {"call_1", "look_up", R"({"what":"x"})"};
    think::Item output;
    output.id = "g";
    output.kind = think::ItemKind::function_call_output;
    output.call.id = "call_1";
    output.output = "found";
    items.push_back(call);
    items.push_back(output);
    return items;
}

store::StoredSession some_session() {
    store::StoredSession stored{settings_to_store(some_context(), "shop", 4'321, "mine"), "", {}};
    for (const think::Item& item : some_items()) stored.items.push_back({item.id, item_to_store(item)});
    return stored;
}

TEST(StoredCallTest, ComesBackAsItWas) {
    const auto call = read_stored_call(some_session());
    ASSERT_TRUE(call) << call.error().text;
    EXPECT_EQ(call->session_id, "sess_1");
    EXPECT_EQ(call->conversation_id, "conv_1");
    EXPECT_EQ(call->agent, "nurse");
    EXPECT_EQ(call->key, "shop");
    EXPECT_EQ(call->model, "some-model");
    EXPECT_EQ(call->input_audio_ms, 4'321);
    EXPECT_EQ(call->last_client_event, "mine");
    EXPECT_TRUE(call->dialect == protocol::Dialect::beta);
    WireContext context;
    const auto patch = to_patch(call->session.session, context, {});
    ASSERT_TRUE(patch) << patch.error().text;
    call::Session session;
    call::apply(*patch, session);
    EXPECT_EQ(session.instructions, "Be \"brief\"\n%s");
    EXPECT_EQ(session.voice, "ann");
    EXPECT_EQ(session.speed, 1.25F);
    EXPECT_EQ(session.max_output_tokens, 7);
    EXPECT_EQ(session.tools.at(0).name, "look_up");
    EXPECT_TRUE(session.input_encoding == audio::Encoding::mulaw);
    const auto items = some_items();
    ASSERT_EQ(call->items.size(), items.size());
    for (std::size_t i = 0; i < items.size(); ++i) {
        EXPECT_EQ(call->items[i].id, items[i].id);
        EXPECT_EQ(think::words_of(call->items[i]), think::words_of(items[i]));
        EXPECT_TRUE(call->items[i].kind == items[i].kind && call->items[i].role == items[i].role);
        EXPECT_TRUE(call->items[i].status == items[i].status) << items[i].id;
        EXPECT_EQ(call->items[i].call.id, items[i].call.id);
        EXPECT_EQ(call->items[i].call.name, items[i].call.name);
        EXPECT_EQ(call->items[i].output, items[i].output);
    }
}

TEST(StoredCallTest, TheSummaryComesBack) {
    store::StoredSession stored = some_session();
    EXPECT_EQ(read_stored_call(stored)->summary, think::Summary{});
    const think::Summary summary{"Ada \"asked\"\nfor it.", {"b", "c"}};
    stored.summary = summary_to_store(summary);
    EXPECT_EQ(read_stored_call(stored)->summary, summary);
    EXPECT_EQ(summary_to_store({}), "");
    for (const char* spoiled : {"x", "[]", "{}", R"({"text":"a"})", R"({"text":"a","items":"b"})", R"({"text":"a","items":[1]})"}) {
        stored.summary = spoiled;
        const auto call = read_stored_call(stored);
        ASSERT_TRUE(call) << "the call goes on without it";
        EXPECT_EQ(call->summary, think::Summary{}) << spoiled;
    }
}

TEST(StoredCallTest, SoundWithoutWordsIsStoredWithoutAny) {
    think::Item item = some_items()[1];
    item.content[0].text.reset();
    store::StoredSession stored{settings_to_store(some_context(), "", 0, ""), "", {{item.id, item_to_store(item)}}};
    const auto call = read_stored_call(stored);
    ASSERT_TRUE(call) << call.error().text;
    EXPECT_EQ(call->items.at(0).content.at(0).text, "");
}

TEST(StoredCallTest, WhatIsSpoiledIsRefused) {
    const auto expect_refused = [](const store::StoredSession& stored) {
        const auto call = read_stored_call(stored);
        ASSERT_FALSE(call);
        EXPECT_EQ(call.error().code, base::Errc::invalid);
    };
    for (const char* settings : {"", "null", "[]", "{}", R"({"version":2})", R"({"version":1})", R"({"version":1,"session":{}})",
                                 R"({"version":1,"session":{"type":"realtime"}})"}) {
        auto stored = some_session();
        stored.settings = settings;
        expect_refused(stored);
    }
    for (const char* body : {"", "null", "{}", R"({"id":"a"})", R"({"id":"z","type":"message","role":"user","content":[]})"}) {
        auto stored = some_session();
        stored.items[0].body = body;
        expect_refused(stored);
    }
    // Cut anywhere, or with any byte changed: refused or read, never worse.
    const auto good = some_session();
    for (std::size_t at = 0; at < good.settings.size(); ++at) {
        auto cut = good;
        cut.settings.resize(at);
        expect_refused(cut);
        auto changed = good;
        changed.settings[at] = static_cast<char>(changed.settings[at] ^ 0x15);
        (void)read_stored_call(changed);
    }
}

TEST(TokenHash, IsSha256) {
    EXPECT_EQ(token_hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace antiphon::edge
