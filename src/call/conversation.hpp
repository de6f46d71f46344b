// The inside of a Call: the three lanes, the history, and the rules of whose turn it is.
//
// strand. One .cpp per part; each names in its first lines what it does. docs/life-of-a-turn.md tells the
// order of things; the scenes in tests/call prove it.
//
// Speculation: at the hint of a pause the utterance is recognized and answered behind a closed gate, as
// `hearing_` with speculative set and `answer_` with its gate closed. If the caller goes on, or the
// history changes, drop_speculation() leaves no trace of either. If the turn ends, the hearing is
// committed and the gate opens.
//
// Every entry from outside (a request, sound, a result of an engine, a timer) ends with settle(), which
// tells whether the agent listens, thinks or speaks, and watches for a caller who says nothing.
#pragma once

#include "base/anchor.hpp"
#include "base/strand.hpp"
#include "call/answer.hpp"
#include "call/call_engines.hpp"
#include "call/call_settings.hpp"
#include "call/hearing.hpp"
#include "call/peer.hpp"
#include "call/response_request.hpp"
#include "call/session.hpp"
#include "listen/language_watch.hpp"
#include "listen/listener.hpp"
#include "speak/speaker.hpp"
#include "think/dialogue.hpp"
#include "think/prompt_window.hpp"
#include "think/retriever.hpp"
#include "think/rolling_summary.hpp"
#include "think/thinker.hpp"
#include "think/token_counter.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::call {

class Conversation final : private listen::Listener::Handler,
                           private think::Thinker::Handler,
                           private think::Retriever::Handler,
                           private speak::Speaker::Handler {
public:
    Conversation(Session session, const CallSettings& settings, const CallEngines& engines,
                 std::shared_ptr<base::Strand> strand, Peer& peer);
    ~Conversation() override;

    void begin(std::vector<think::Item> history, const think::Summary& summary);
    void close();

    // The requests of a client: the contracts stand in call.hpp.
    const Session& session() const { return session_; }
    const std::vector<think::Item>& items() const { return dialogue_.items(); }
    const think::Summary& summary() const { return summary_.summary(); }
    void hear(std::span<const float> samples, int sample_rate);
    void hold_output();
    void resume_output(base::Duration unheard, std::span<const float> again);
    void update_session(const SessionPatch& patch, const std::string& client_event_id);
    void commit_audio(const std::string& client_event_id);
    void clear_audio();
    void create_item(think::Item item, const std::optional<std::string>& previous, const std::string& client_event_id);
    void retrieve_item(const std::string& item_id, const std::string& client_event_id);
    void delete_item(const std::string& item_id, const std::string& client_event_id);
    void truncate_item(const std::string& item_id, std::int64_t audio_end_ms, const std::string& client_event_id);
    void create_response(ResponseRequest request);
    void cancel_response(const std::string& response_id, const std::string& client_event_id);
    void clear_output();

private:
    /// An answer that waits for words, for the caller to end, or for another answer's end.
    struct Wanted {
        base::TurnId turn;
        ResponseRequest request;
        TurnMarks marks;
        std::string language;
        bool by_client = false;      ///< asked for by response.create, not by the end of a turn
        bool after_silence = false;  ///< by a caller who says nothing
    };

    // --- the caller's turns (conversation_hearing.cpp)
    void on_speech(listen::PauseEvent event, listen::Position at) override;
    void on_sound_dropped(base::Duration length) override;
    void speech_started(listen::Position at);
    void speech_paused(listen::Position at);
    void speech_ended(listen::Position at);
    /// The hearing becomes an item of the history, with or without its words.
    void commit(Hearing hearing);
    void drop_speculation();
    /// What was being said belongs to no turn any more.
    void forget_speech();
    base::Time time_of(listen::Position position) const;
    void trim_memory();
    /// Whether the ends of turns are answered without being asked.
    bool answers_turns() const;

    // --- what the caller's sound says (conversation_words.cpp)
    void on_transcript(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy) override;
    void on_listening_wasted(base::Duration busy) override { waste(busy); }
    /// Begins to recognize; a refusal becomes the hearing's transcript.
    void start_hearing(Hearing& hearing);
    /// The words of a committed hearing are there, or will never be: tell them, and answer.
    void words_known(Hearing& hearing);
    void tell_words(const Hearing& hearing);
    /// The content that the hearing's words belong to; null when its item is gone.
    think::Content* content_of(const Hearing& hearing);
    /// A refusal of the item, or nothing.
    base::Result<void> check_sounds(const think::Item& item) const;
    /// Queues the sounds of an item to be recognized, one after the other.
    void hear_item(const think::Item& item, bool of_input);
    void start_next_sound();
    /// Nobody wants these words any more.
    void drop_hearings_of(const std::string& item_id);
    void drop_hearings_of_input();
    void glimpse();
    void drop_glimpse();
    void tell_partial(const std::string& text);

    // --- the language of the call (conversation_language.cpp)
    void language_changed();
    /// In which language to recognize what comes next.
    listen::Expected expected_words() const;
    /// What the recognizer found out about the language of the sound, if it was left to.
    void language_heard(const Hearing& hearing, const engine::Transcript& words);
    /// In which language to answer words in `heard`.
    std::string answer_language(const std::string& heard) const;
    /// The instructions, and in which language to answer if that is not clear without.
    std::string instructed(const std::string& instructions, const std::string& language) const;

    // --- the assistant's turns (conversation_answer.cpp)
    void on_thought_part(base::TurnId turn, const think::ThoughtPart& part) override;
    void on_thought(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy) override;
    void on_thinking_wasted(base::Duration busy) override { waste(busy); }
    void start_wanted_answer();
    /// A new answer, with its gate closed and nothing in it: think_answer() fills it.
    Answer& make_answer(base::TurnId turn, const ResponseRequest& request, const TurnMarks& marks,
                        const std::string& language);
    void think_answer(const ResponseRequest& request, const std::optional<std::string>& pending);
    engine::GenerationRequest generation_for(const ResponseRequest& request) const;
    base::Result<std::vector<engine::Message>> prompt_for(const ResponseRequest& request,
                                                          const engine::GenerationRequest& generation,
                                                          const std::optional<std::string>& pending,
                                                          const std::string& language);
    /// The response's input, with what its references name.
    std::vector<think::Item> resolved(const std::vector<think::Item>& input) const;
    void open_gate();
    /// The voice by this name, or the default if there is none.
    std::string voice(const std::string& name) const;
    void take_words(const std::string& text);
    void take_call_part(std::size_t index, const think::ThoughtPart& part);
    /// Sends what the open gate lets through of words and calls.
    void tell();
    void tell_message();
    void tell_calls();
    void announce_call(AnswerCall& call, int output_index);
    /// What the chunker still holds goes to be spoken: no more words will come.
    void say_rest();
    /// An answer has been announced and is not over.
    bool answering() const { return answer_ && answer_->gate_open; }

    // --- what the documents say to it (conversation_knowledge.cpp)
    void on_passages(base::TurnId turn, std::vector<store::FoundPassage> passages) override;
    /// Begins to look for passages; false when there is nothing to look for: the language model can be asked at once.
    bool begin_to_look_up(const engine::GenerationRequest& generation);
    /// Tokens of the prompt that are kept free for passages.
    std::size_t room_for_passages() const;
    void tell_sources();

    // --- its first words (conversation_greeting.cpp)
    void plan_greeting();
    /// Says the session's greeting, unless the call has begun without it.
    void greet();

    // --- its sound (conversation_speech.cpp)
    void on_sound(base::TurnId turn, std::size_t piece, std::span<const float> samples) override;
    void on_spoken(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy) override;
    void on_speaking_wasted(base::Duration busy) override { waste(busy); }
    void say_pieces(std::vector<std::string> pieces);
    /// Sends the sound that is due, and comes back when the next is.
    void run_pacer();
    void schedule_pacer(base::Time when);
    /// When the sound was sent that the caller's ear hears now.
    base::Time ear_time() const { return strand_->now() - peer_.ear_lag(); }
    /// The words of the pieces that begin to sound at `position`.
    void tell_pieces(std::int64_t position);

    // --- its end (conversation_end.cpp)
    /// The message is over when all of it is thought, spoken, sent, and has been heard.
    void finish_message_if_done();
    void finish_if_done();
    void end_message(think::ItemStatus status, const std::string& text);
    void end_call(AnswerCall& call, think::ItemStatus status);
    /// Ends the answer whose gate is open.
    void end_answer(ResponseStatus status, ResponseEnd end, const std::optional<ItemTruncated>& truncated = {});
    /// Stops it where it was heard.
    void interrupt(ResponseEnd why);
    /// And what a client asked to follow it.
    void interrupt_all(ResponseEnd why);
    /// An accepted response.create that never came to an answer.
    void cancel_wanted(ResponseEnd why);

    // --- a caller who says nothing, and what the agent does (conversation_quiet.cpp)
    void settle();
    void tell_state();
    AgentState state() const;
    void watch_silence();
    bool quiet() const;
    void silence_is_over(base::Time deadline);

    // --- the summary beside the call (conversation_summary.cpp)
    /// How many tokens a prompt may have before an answer of so many.
    std::size_t prompt_room(int max_tokens) const;
    /// What stands for the oldest items of a prompt; null: nothing may.
    const think::RollingSummary* usable_summary();
    void note_changes();
    /// Tells what the window has left out of a prompt without a summary of it.
    void note_cut(std::size_t left_out_before);
    void restore_summary(const think::Summary& summary);
    void look_after_context();
    bool nothing_else_to_do() const;
    /// Whether there is something to fold.
    bool summarize();
    void read_prompt();
    bool start_beside(engine::GenerationRequest request, std::optional<think::Folding> folding);
    void stop_beside();
    void end_beside(const base::Result<engine::Generation>& end, base::Duration busy);
    void summary_failed(const base::Error& why, base::Duration busy);
    /// Nothing of it is begun before the pause is over.
    void wait_beside(base::milliseconds pause);

    // --- requests (conversation_requests.cpp, conversation_items.cpp)
    void recall(std::vector<think::Item> history, const think::Summary& summary);
    /// Whether the input's references and calls are there.
    base::Result<void> check_input(const ResponseRequest& request) const;
    /// Whether the item is part of the answer that is under way and not over yet.
    bool being_made(const std::string& item_id) const;

    // --- all of them
    void fail(base::Error error, const std::string& client_event_id);
    void waste(base::Duration busy);
    base::TurnId next_turn() { return turn_ = base::next(turn_); }
    void log_turn(base::TurnId turn, const TurnMeasured& measured) const;
    /// Points the listener at what the session says.
    base::Result<void> configure_listener(const Session& session);

    Session session_;
    const CallSettings settings_;
    const CallEngines engines_;
    const std::shared_ptr<base::Strand> strand_;
    Peer& peer_;
    const engine::ConversationId conversation_id_;

    think::Dialogue dialogue_;
    think::TokenCounter tokens_;
    think::PromptWindow window_;
    think::RollingSummary summary_;
    listen::Listener listener_;
    listen::LanguageWatch language_watch_;
    think::Thinker thinker_;
    think::Retriever retriever_;
    speak::Speaker speaker_;

    base::TurnId turn_{};
    bool closed_ = false;
    bool voice_heard_ = false;            ///< sound of an answer was sent: the session's voice stays

    listen::Position uncommitted_ = 0;    ///< sound from here on belongs to no item yet
    listen::Position utterance_from_ = 0; ///< where the turn that is being spoken begins, padding included
    std::string language_;                ///< of the last words that were understood
    std::string speech_item_;             ///< the id promised with SpeechStarted; empty: nobody speaks
    bool drop_told_ = false;              ///< RequestFailed for dropped sound went out, once
    bool interrupting_ = false;           ///< speech began to be heard while an answer sounded

    std::optional<Hearing> hearing_;      ///< the speculative one
    std::deque<Hearing> hearings_;        ///< committed ones whose words are not known yet
    std::optional<Glimpse> glimpse_;      ///< a partial that is being recognized
    base::Time next_glimpse_{};
    std::string partial_;                 ///< the last one told of the speech that is going on
    std::unique_ptr<Answer> answer_;
    std::optional<Wanted> wanted_;

    /// The sound of the last answers, for truncations that come late.
    struct Spoken {
        std::string item_id;
        speak::PlayoutLedger ledger;
        int rate;
    };
    std::deque<Spoken> spoken_;

    std::optional<AgentState> told_state_;
    bool may_speak_up_ = false;                  ///< a turn has ended since the assistant last did so by itself
    std::optional<base::Time> silence_deadline_; ///< when the caller has said nothing for too long
    listen::Position silence_from_ = 0;

    /// What the language model does while nobody waits for it.
    struct Beside {
        base::TurnId turn{};                    ///< no caller's turn: only names the work
        std::optional<think::Folding> folding;  ///< none: it reads the next prompt
        std::string text;
    };
    Beside beside_;
    base::Time beside_from_{};            ///< not before
    std::uint64_t context_seen_ = 0;      ///< Dialogue::changes()
    bool context_changed_ = false;        ///< since it was found that nothing is to be folded
    bool prompt_unread_ = false;          ///< the next prompt begins with a summary that the model has not read
    bool cut_told_ = false;
    int summary_failures_ = 0;            ///< in a row

    bool output_held_ = false;            ///< nobody can hear the answer now
    bool pacer_scheduled_ = false;
    base::Time pacer_due_{};
    base::Anchor<Conversation> anchor_;
};

}  // namespace antiphon::call
