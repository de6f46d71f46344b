// Random conversations: whatever a client sends, it gets an answer to each event, in an order that holds, and the
// call ends clean.
//
// Each sequence has a seed of its own and plays the same way each time. By hand, the long run:
//     ANTIPHON_PROPERTY_SEQUENCES=100000 build/release/tests/unit_edge --gtest_filter='RealtimeSessionProperty.*'
// (from another seed on with ANTIPHON_PROPERTY_FIRST=N), and one sequence again, with all its messages: ANTIPHON_PROPERTY_SEED=N.
#include "edge/realtime_session.hpp"

#include "audio/g711.hpp"
#include "base/base64.hpp"
#include "base/log.hpp"
#include "fakes/fake_voice_detector.hpp"
#include "fakes/inline_simulation.hpp"
#include "protocol/decode.hpp"
#include "unit/edge/event_order.hpp"
#include "unit/edge/random_client_events.hpp"

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;
using base::milliseconds;

// ---- engines that answer by chance

class ChanceRecognizer final : public engine::Recognizer {
public:
    explicit ChanceRecognizer(RandomClientEvents& random) : random_(random) {}
    base::Result<engine::Transcript> transcribe(const engine::RecognitionRequest&, std::stop_token stop) override {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped");
        if (random_.chance(0.05)) return base::error(base::Errc::engine, "the recognizer failed");
        if (random_.chance(0.1)) return engine::Transcript{"", "", 0.0F};
        return engine::Transcript{"what did I say", random_.chance(0.8) ? "en" : "de", 0.9F};
    }
    base::Duration max_duration() const noexcept override { return std::chrono::seconds(30); }
    std::size_t parallel() const noexcept override { return 2; }

private:
    RandomClientEvents& random_;
};

class ChanceLanguageModel final : public engine::LanguageModel {
public:
    explicit ChanceLanguageModel(RandomClientEvents& random) : random_(random) {}
    base::Result<engine::Generation> generate(const engine::GenerationRequest& request, const Sink& sink,
                                              std::stop_token stop) override {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped");
        if (request.messages.empty()) return base::error(base::Errc::invalid, "the conversation is empty", "messages");
        const int fails_at = random_.chance(0.05) ? random_.between(0, 4) : -1;
        const int words = random_.between(0, 6);
        for (int word = 0; word < words; ++word) {
            if (word == fails_at) return base::error(base::Errc::engine, "the language model failed");
            if (word == request.max_tokens) return engine::Generation{engine::FinishReason::length, 10, 0, word};
            sink({word == 0 ? "Well," : random_.chance(0.3) ? " so." : " é", std::nullopt, {}});
        }
        const auto use = request.tool_choice.use;
        const bool calls = !request.tools.empty() && use != engine::ToolUse::none &&
                           (use == engine::ToolUse::required || random_.chance(0.4));
        if (!calls) return engine::Generation{engine::FinishReason::stop, 10, 0, words};
        return call_tools(request, sink);
    }
    void forget(engine::ConversationId) override { ++forgotten; }
    std::size_t parallel() const noexcept override { return 4; }
    std::size_t context_tokens() const noexcept override { return 4096; }
    std::size_t count_tokens(std::string_view text) const override { return text.size() / 4; }
    int forgotten = 0;

private:
    base::Result<engine::Generation> call_tools(const engine::GenerationRequest& request, const Sink& sink) {
        const std::size_t count = request.parallel_tool_calls && random_.chance(0.3) ? 2 : 1;
        for (std::size_t i = 0; i < count; ++i) {
            const std::string& name = request.tool_choice.name.empty() ? request.tools[random_.below(request.tools.size())].name
                                                                       : request.tool_choice.name;
            sink({"", i, name});
            if (random_.chance(0.1)) continue;  // no arguments at all
            if (random_.chance(0.05)) return base::error(base::Errc::engine, "the language model failed");
            sink({R"({"city":)", i, {}});
            if (random_.chance(0.05)) return engine::Generation{engine::FinishReason::length, 10, 0, 9};
            sink({R"("Köln"})", i, {}});
        }
        return engine::Generation{engine::FinishReason::tool_calls, 10, 0, 20};
    }

    RandomClientEvents& random_;
};

class ChanceSynthesizer final : public engine::Synthesizer {
public:
    explicit ChanceSynthesizer(RandomClientEvents& random) : random_(random) {}
    base::Result<void> synthesize(const engine::Utterance& utterance, const Sink& sink, std::stop_token stop) override {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped");
        if (utterance.language == "de" && random_.chance(0.5)) return base::error(base::Errc::unsupported, "no such voice");
        for (int chunks = random_.between(0, 3); chunks > 0; --chunks) {
            sink({std::vector<float>(static_cast<std::size_t>(random_.between(1, 3000)), 0.1F), 24000});
            if (random_.chance(0.03)) return base::error(base::Errc::engine, "the synthesizer failed");
        }
        return {};
    }
    std::vector<std::string> voices() const override { return {"joe"}; }
    int sample_rate() const noexcept override { return 24000; }

private:
    RandomClientEvents& random_;
};

// ---- one conversation

struct WatchedChannel final : MessageChannel {
    void next() override { ++asked; }
    void send(std::string message) override {
        if (ended && fault.empty()) fault = "sent after the end: " + message;
        last = json::parse(message).as_object();
        ++sent;
        if (loud) std::fprintf(stderr, "  > %s\n", message.substr(0, 300).c_str());
        note(order.take(last), message);
        if (last.at("type") == "session.created" || last.at("type") == "session.updated") take_session(last.at("session").as_object());
        const auto& type = last.at("type").as_string();
        if (binary && (type == "response.output_audio.delta" || type == "response.audio.delta")) note("sound that was to come in bytes", message);
        if (last.at("type") == "error") {
            ++errors;
            const auto& id = last.at("error").at("event_id");
            refused = id.is_string() ? std::string(id.as_string()) : "";
            code = std::string(last.at("error").at("code").as_string());
        }
    }
    void send_binary(std::span<const std::uint8_t> sound) override {
        if (!binary) note("sound in a binary frame that was not asked for", "");
        if (sound.empty()) note("an empty binary frame", "");
        note(order.take_sound(), "a binary frame");
        ++sent;
    }
    void note(const std::optional<std::string>& wrong, std::string_view message) {
        if (wrong && fault.empty()) fault = *wrong + "\nin " + std::string(message.substr(0, 600));
    }
    /// What the session says of the wire itself.
    void take_session(const json::object& session) {
        binary = session.at("antiphon").at("binary_audio").as_bool();
        const auto* beta = session.if_contains("input_audio_format");
        const auto& format = beta != nullptr ? beta->as_string() : session.at("audio").at("input").at("format").at("type").as_string();
        if (format == "audio/pcmu" || format == "g711_ulaw") input = audio::Encoding::mulaw;
        else if (format == "audio/pcma" || format == "g711_alaw") input = audio::Encoding::alaw;
        else input = audio::Encoding::pcm16;
    }
    void close(CloseCode, std::string_view) override { fault = "closed without a reason"; }

    int asked = 0;
    std::size_t sent = 0;
    std::size_t errors = 0;
    std::string refused;  ///< the event_id of the last error
    std::string code;
    bool ended = false;
    bool loud = false;
    bool binary = false;  ///< whether sound goes in binary frames, both ways
    audio::Encoding input = audio::Encoding::pcm16;
    json::object last;
    EventOrder order;
    std::string fault;
};

/// One of the client's connections, which may die and be followed by another.
struct Way final : MessageChannel {
    explicit Way(WatchedChannel& end) : to(end) {}
    void next() override { ++to.asked; }
    void send(std::string message) override {
        if (dead) return;
        const auto event = json::parse(message).as_object();
        const auto& type = event.at("type").as_string();
        if (type == "antiphon.heard") return;
        last_event_id = event.at("event_id").as_string();
        after_binary = 0;
        if (type != "antiphon.session") return to.send(std::move(message));
        if (event.at("resumed").as_bool() && !event.at("complete").as_bool()) to.note("something is missing", message);
    }
    void send_binary(std::span<const std::uint8_t> sound) override {
        if (dead) return;
        ++after_binary;
        to.send_binary(sound);
    }
    void close(CloseCode code, std::string_view) override {
        if (code == CloseCode::policy_violation && replaced) closed = true;
        else to.note("closed without a reason", "");
    }
    WatchedChannel& to;
    bool dead = false;
    bool replaced = false;
    bool closed = false;
    std::string last_event_id;
    std::size_t after_binary = 0;
};

/// What every sequence shares: the metrics take their time to make.
struct Shared {
    base::Metrics metrics;
    call::CallMetrics call_metrics{metrics};
    fakes::FakeVoiceDetector voice_detector;
};

class Play {
public:
    Play(std::uint64_t seed, Shared& shared, bool loud) : random_(seed), shared_(shared), loud_(loud) {
        channel_->loud = loud;
        settings_.speculate = events_.chance(0.7);
        session_.instructions = "Answer shortly.";
        session_.partials = events_.chance(0.3);
        if (events_.chance(0.1)) session_.turn_detection->idle_timeout = milliseconds(5000);
        if (events_.chance(0.3)) session_.greeting = "Good day.";
        WireStart wire;
        wire.transcription = events_.chance(0.05);
        plays_sound_ = events_.chance(0.2);
        wire.plays_sound = plays_sound_;
        if (events_.chance(0.1) && !wire.transcription) dialect_ = wire.dialect = protocol::Dialect::beta;
        if (dialect_ == protocol::Dialect::beta) channel_->order.speaks_beta();
        session_at_ = RealtimeSession::make(simulation_.strand(), *registry_.enter(), services_, *connections_,
                                            std::make_shared<call::Agent>(call::Agent{{}, {}, session_, settings_, {}}),
                                            "m", "test", wire);
        resumable_ = events_.chance(0.4);
        if (resumable_) {
            protocol::UpdateSession wish;
            wish.session.kind = wire.transcription ? protocol::SessionKind::transcription : protocol::SessionKind::realtime;
            wish.session.resumable = true;
            wish.dialect = wire.dialect;
            if (session_at_->configure(wish)) fail("the wish to be resumable is refused", "");
        }
        user_ = session_at_->attach(way_);
    }

    /// What went wrong, empty if nothing did.
    std::string run() {
        user_->opened();
        const int length = events_.between(1, 40);
        const double broken = events_.chance(0.5) ? 0.1 : 0.4;
        for (int i = 0; i < length && fault().empty(); ++i) {
            if (events_.chance(0.15)) speak();
            else if (events_.chance(0.03)) binary();
            else one(events_.next({channel_->order.all_items(), channel_->order.calls(), channel_->order.last_response(),
                                   dialect_ == protocol::Dialect::beta},
                                  broken));
            if (events_.chance(0.03)) simulation_.run_for(std::chrono::seconds(events_.between(1, 12)));
            if (events_.chance(0.5)) simulation_.run_for(milliseconds(events_.between(0, 300)));
            if (resumable_ && events_.chance(0.1)) lose_and_come_back();
        }
        const bool abrupt = events_.chance(0.3);
        if (!abrupt && fault().empty()) settle();
        end();
        return fault();
    }

    std::size_t messages() const { return messages_; }
    const EventOrder& order() const { return channel_->order; }
    std::size_t errors() const { return channel_->errors; }
    std::size_t returns() const { return returns_; }
    std::size_t calls() const { return channel_->order.calls().size(); }

private:
    const std::string& fault() const { return channel_->fault; }
    void fail(const std::string& why, std::string_view message) {
        if (channel_->fault.empty()) channel_->fault = why + "\nafter " + std::string(message.substr(0, 600));
    }

    /// A stretch of speech and silence in frames, as a microphone sends it.
    void speak() {
        const int loud = events_.chance(0.2) ? events_.between(30, 90) : events_.between(0, 12);
        const int silent = events_.between(0, 45);
        for (int i = 0; i < loud + silent && fault().empty(); ++i) {
            const auto frame = frame_of(i < loud);
            if (channel_->binary) receive_binary(frame);
            else receive(R"({"type":"input_audio_buffer.append","audio":")" + base::base64_encode(frame) + "\"}");
            simulation_.run_for(milliseconds(20));
        }
    }

    /// 20 ms in the format of the session.
    std::vector<std::uint8_t> frame_of(bool loud) const {
        std::vector<float> samples(static_cast<std::size_t>(protocol::rate_of(channel_->input) / 50));
        for (std::size_t i = 0; loud && i < samples.size(); ++i) samples[i] = i % 16 < 8 ? 0.3F : -0.3F;
        return audio::encode(samples, channel_->input);
    }

    void receive(const std::string& message) {
        if (loud_) std::fprintf(stderr, "%lld < %s\n", base::whole_milliseconds(simulation_.now().time_since_epoch()), message.substr(0, 300).c_str());
        ++messages_;
        user_->received(message);
    }

    void receive_binary(const std::vector<std::uint8_t>& bytes) {
        if (loud_) std::fprintf(stderr, "< %zu bytes\n", bytes.size());
        ++messages_;
        user_->received_binary(bytes);
    }

    /// The link dies, with or without the server's knowledge, and another takes its place. Now and then a first attempt
    /// fails on its way, or the second one dies at once as well.
    void lose_and_come_back() {
        for (bool again = true; again && fault().empty(); again = events_.chance(0.2)) {
            const auto older = way_;
            auto older_user = user_;
            older->dead = true;
            const bool known = events_.chance(0.5);
            simulation_.run_for(milliseconds(events_.between(0, 2000)));
            if (known) std::exchange(older_user, nullptr)->ended(ChannelEnd::vanished);
            simulation_.run_for(milliseconds(events_.between(0, 4000)));
            const ResumeFrom from{older->last_event_id, older->after_binary};
            older->replaced = true;
            if (events_.chance(0.2)) session_at_->take_over(std::make_shared<Way>(*channel_), from)->ended(ChannelEnd::handshake_failed);
            way_ = std::make_shared<Way>(*channel_);
            way_->last_event_id = from.last_event_id;
            way_->after_binary = from.after_binary;
            user_ = session_at_->take_over(way_, from);
            ++openings_;
            ++returns_;
            user_->opened();
            if (!known && !older->closed) fail("the older channel was not closed", "");
            if (older_user && events_.chance(0.5)) older_user->received(R"({"type":"response.create","event_id":"old"})");
            if (older_user) older_user->ended(ChannelEnd::closed_by_server);
            simulation_.run_ready();
        }
    }

    void binary() {
        const auto errors = channel_->errors;
        const bool whole = events_.chance(0.5);
        const bool taken = channel_->binary && (whole || channel_->input != audio::Encoding::pcm16);
        receive_binary(std::vector<std::uint8_t>(whole ? 480 : 479));
        if (channel_->errors != errors + (taken ? 0 : 1)) fail("a binary frame has the wrong answer", "");
    }

    void one(const std::string& message) {
        const auto decoded = protocol::decode(message, dialect_);
        learn_dialect(decoded);
        const auto errors = channel_->errors;
        const auto sent = channel_->sent;
        const bool answering = channel_->order.answering();
        receive(message);
        simulation_.run_ready();
        if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) {
            if (channel_->errors != errors + 1) return fail("a refused event has " + std::to_string(channel_->errors - errors) + " errors", message);
            if (channel_->refused != refusal->event_id) return fail("the error names the event " + channel_->refused, message);
            if (channel_->code != refusal->code) fail("the error's code is " + channel_->code, message);
            return;
        }
        const auto& event = std::get<protocol::ClientEvent>(decoded);
        if (channel_->errors > errors + 1) return fail("an event has more than one error", message);
        if (channel_->errors == errors + 1) {
            if (channel_->refused != event.event_id) fail("the error names the event " + channel_->refused, message);
            return;
        }
        const bool silent = std::holds_alternative<protocol::AppendAudio>(event.request) ||
                            std::holds_alternative<protocol::CreateResponse>(event.request) ||
                            (std::holds_alternative<protocol::CancelResponse>(event.request) && !answering);
        if (plays_sound_ && std::holds_alternative<protocol::ClearOutputAudio>(event.request) && channel_->errors != errors)
            fail("the clearing of sound is refused", message);
        if (!silent && channel_->sent == sent) fail("an event has no answer", message);
    }

    /// The first session tells it, be it taken or not.
    void learn_dialect(const std::variant<protocol::ClientEvent, protocol::Refusal>& decoded) {
        const auto* event = std::get_if<protocol::ClientEvent>(&decoded);
        const auto* update = event == nullptr ? nullptr : std::get_if<protocol::UpdateSession>(&event->request);
        if (update == nullptr || dialect_ != protocol::Dialect::open) return;
        dialect_ = update->dialect;
        if (dialect_ == protocol::Dialect::beta) channel_->order.speaks_beta();
    }

    /// All that was begun ends, and what the history says is what was told.
    void settle() {
        one(dialect_ == protocol::Dialect::beta
                ? R"({"type":"session.update","session":{"turn_detection":null},"event_id":"end"})"
                : R"({"type":"session.update","session":{"type":"realtime","audio":{"input":{"turn_detection":null}}},"event_id":"end"})");
        if (channel_->errors != 0 && channel_->refused == "end") fail("the last update was refused", "all");
        for (int i = 0; i < 30 && (i == 0 || channel_->order.answering()); ++i) simulation_.run_for(std::chrono::seconds(10));
        if (channel_->asked != static_cast<int>(messages_) + openings_)
            fail(std::to_string(messages_) + " messages came, but " + std::to_string(channel_->asked) + " were asked for", "all");
        if (const auto wrong = channel_->order.settled()) fail(*wrong, "all");
        const auto items = channel_->order.conversation();
        for (const std::string& id : items) {
            if (!fault().empty()) return;
            one(json::serialize(json::object{{"type", "conversation.item.retrieve"}, {"item_id", id}, {"event_id", "look"}}));
            if (channel_->last.at("type") != "conversation.item.retrieved") return fail("an item of the history is not there", id);
            const auto& item = channel_->last.at("item").as_object();
            if (item.at("id").as_string() != json::string_view(id)) fail("another item was retrieved", id);
            if (item.at("status") == "in_progress") fail("an item is still in progress", id);
        }
    }

    void end() {
        user_->ended(ChannelEnd::vanished);
        channel_->ended = true;
        user_.reset();
        session_at_.reset();
        simulation_.run_for(std::chrono::minutes(5));
        if (registry_.calls() != 0) fail("the place was not given back", "all");
        if (shared_.call_metrics.calls.Value() != 0) fail("the call was not closed", "all");
        if (language_model_.forgotten != 1) fail("the language model still has the conversation", "all");
        if (simulation_.waiting() != 0) fail("something still goes on", "all");
    }

    std::mt19937_64 random_;
    RandomClientEvents events_{random_};
    Shared& shared_;
    const bool loud_;
    protocol::Dialect dialect_ = protocol::Dialect::open;
    bool plays_sound_ = false;
    fakes::InlineSimulation simulation_{random_};
    ChanceRecognizer recognizer_{events_};
    ChanceLanguageModel language_model_{events_};
    ChanceSynthesizer synthesizer_{events_};
    fakes::InlineSimulation::InlineWorkers recognizer_workers_{simulation_, 4};
    fakes::InlineSimulation::InlineWorkers language_model_workers_{simulation_, 4};
    fakes::InlineSimulation::InlineWorkers synthesizer_workers_{simulation_, 4};
    call::CallEngines engines_{shared_.voice_detector,   recognizer_,           language_model_,
                               synthesizer_,             recognizer_workers_,   language_model_workers_,
                               synthesizer_workers_,     shared_.call_metrics};
    call::CallSettings settings_;
    call::Session session_;
    call::CallRegistry registry_{1};
    std::shared_ptr<Connections> connections_ = Connections::make();
    Services services_{.registry = registry_,
                       .agents = [] { return std::make_shared<const call::Agents>(); },
                       .readiness = [] { return Readiness{}; },
                       .engines = [this] { return &engines_; },
                       .metrics = shared_.metrics};
    std::shared_ptr<WatchedChannel> channel_ = std::make_shared<WatchedChannel>();
    std::shared_ptr<Way> way_ = std::make_shared<Way>(*channel_);
    bool resumable_ = false;
    int openings_ = 1;
    std::size_t returns_ = 0;
    std::shared_ptr<RealtimeSession> session_at_;
    std::shared_ptr<ChannelUser> user_;
    std::size_t messages_ = 0;
};

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* given = std::getenv(name);
    return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

TEST(RealtimeSessionProperty, any_sequence_of_events_is_answered_in_order_and_ends_clean) {
    base::log::set_level(base::log::Level::error);
    Shared shared;
    const std::uint64_t only = number_from("ANTIPHON_PROPERTY_SEED", 0);
    const std::uint64_t first = only == 0 ? number_from("ANTIPHON_PROPERTY_FIRST", 1) : only;
    const std::uint64_t count = only == 0 ? number_from("ANTIPHON_PROPERTY_SEQUENCES", 10'000) : 1;
    std::size_t messages = 0;
    std::size_t responses = 0;
    std::size_t items = 0;
    std::size_t errors = 0;
    std::size_t calls = 0;
    std::size_t returns = 0;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        Play play(seed, shared, only != 0);
        const std::string fault = play.run();
        ASSERT_EQ(fault, "") << "with the seed " << seed;
        messages += play.messages();
        responses += play.order().responses();
        items += play.order().all_items().size();
        errors += play.errors();
        calls += play.calls();
        returns += play.returns();
    }
    base::log::set_level(base::log::Level::info);
    std::printf("%zu messages, %zu responses, %zu items, %zu calls, %zu errors, %zu returns\n", messages, responses, items, calls, errors, returns);
    if (only != 0) return;
    // A generator that makes nothing worth looking at would pass everything.
    EXPECT_GT(messages, count * 20);
    EXPECT_GT(responses, count);
    EXPECT_GT(items, count * 2);
    EXPECT_GT(calls, count / 20);
    EXPECT_GT(returns, count / 4);
    EXPECT_GT(errors, count);
}

}  // namespace
}  // namespace antiphon::edge
