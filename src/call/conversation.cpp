// The beginning and the end of a conversation.

#include "call/conversation.hpp"

#include "base/log.hpp"
#include "engine/language_tag.hpp"

#include <algorithm>
#include <atomic>

namespace antiphon::call {
namespace {

engine::ConversationId new_conversation() {
    static std::atomic<std::uint64_t> last{0};
    return engine::ConversationId{++last};
}

listen::LanguageVoteSettings vote_settings(const CallSettings& settings, const CallEngines& engines) {
    listen::LanguageVoteSettings vote;
    const auto wanted = [&](const std::string& code) {
        return settings.languages.empty() ||
               std::any_of(settings.languages.begin(), settings.languages.end(),
                           [&](const std::string& tag) { return engine::primary_language(tag) == code; });
    };
    for (const auto& language : engines.languages)
        if (wanted(language.code)) vote.allowed.push_back(language.code);
    return vote;
}

}  // namespace

Conversation::Conversation(Session session, const CallSettings& settings, const CallEngines& engines,
                           std::shared_ptr<base::Strand> strand, Peer& peer)
    : session_(std::move(session)),
      settings_(settings),
      engines_(engines),
      strand_(std::move(strand)),
      peer_(peer),
      conversation_id_(new_conversation()),
      window_(engines.language_model),
      listener_(settings.listen, strand_, engines.voice_detector, engines.recognizer, engines.recognizer_workers, *this),
      language_watch_(vote_settings(settings, engines), strand_, engines.language_detector, engines.language_workers,
                      [this](auto from, auto to) { return listener_.sound(from, to); }, [this] { language_changed(); }),
      thinker_(strand_, engines.language_model, engines.language_model_workers, *this),
      speaker_(settings.speak, strand_, engines.synthesizer, engines.synthesizer_workers, *this),
      anchor_(this) {
    language_watch_.fix(session_.input_language);
    engines_.metrics.calls.Increment();
    engines_.metrics.calls_total.Increment();
}

Conversation::~Conversation() { close(); }

void Conversation::begin(std::vector<think::Item> history) {
    // The default session's rates are checked with the settings; others come by session.update.
    if (auto done = configure_listener(session_); !done) fail(done.error(), {});
    peer_.send(SessionCreated{session_});
    recall(std::move(history));
    plan_greeting();
    settle();
}

void Conversation::close() {
    if (closed_) return;
    closed_ = true;
    anchor_.drop();
    listener_.close();
    language_watch_.close();
    thinker_.close();
    speaker_.close();
    engines_.metrics.calls.Decrement();
    // A generation that was just stopped may still hold the conversation for one token: the language
    // model's workers forget it after that one has returned, for they are asked last.
    engine::LanguageModel& model = engines_.language_model;
    const engine::ConversationId id = conversation_id_;
    if (!engines_.language_model_workers.submit([&model, id] { model.forget(id); })) model.forget(id);
}

void Conversation::hear(std::span<const float> samples, int sample_rate) {
    if (closed_) return;
    const bool sounding = answering() && answer_->sounding && !answer_->pacer.played_out(ear_time());
    listener_.push(samples, sample_rate, sounding);
    trim_memory();
    glimpse();
    if (!hearing_) language_watch_.listen(listener_.position());
    settle();
}

void Conversation::fail(base::Error error, const std::string& client_event_id) {
    peer_.send(RequestFailed{std::move(error), client_event_id});
}

void Conversation::waste(base::Duration busy) { engines_.metrics.wasted_seconds.Increment(base::seconds(busy)); }

base::Result<void> Conversation::configure_listener(const Session& session) {
    std::optional<listen::PauseSettings> turns;
    if (session.turn_detection)
        turns = listen::PauseSettings{session.turn_detection->threshold, settings_.listen.pause_hint,
                                      end_silence(*session.turn_detection)};
    return listener_.configure(session.input_rate, turns);
}

void Conversation::log_turn(base::TurnId turn, const TurnMeasured& measured) const {
    const auto milliseconds = [](const std::optional<double>& seconds) {
        return seconds ? std::to_string(static_cast<long long>(*seconds * 1000.0)) : std::string("-");
    };
    base::log::info("turn.answered", {{"call", session_.id},
                                      {"turn", base::number(turn)},
                                      {"speculated", measured.speculated ? "yes" : "no"},
                                      {"turn_end_ms", milliseconds(measured.turn_end)},
                                      {"transcript_ms", milliseconds(measured.transcript)},
                                      {"first_token_ms", milliseconds(measured.first_token)},
                                      {"first_clause_ms", milliseconds(measured.first_clause)},
                                      {"first_sound_ms", milliseconds(measured.first_sound)},
                                      {"first_audio_ms", milliseconds(measured.first_audio)}});
}

}  // namespace antiphon::call
