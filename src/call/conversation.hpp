// The inside of a Call: the three lanes, the history, and the rules of whose turn it is.
//
// strand. One .cpp per part: conversation_hearing (the caller's turns), conversation_answer (the
// assistant's), conversation_requests (what clients ask for). docs/life-of-a-turn.md tells the order of
// things; the scenes in tests/call prove it.
//
// Speculation: at the hint of a pause the utterance is recognized and answered behind a closed gate, as
// `hearing_` with speculative set and `answer_` with its gate closed. If the caller goes on, or the
// history changes, drop_speculation() leaves no trace of either. If the turn ends, the hearing is
// committed and the gate opens.
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
#include "listen/listener.hpp"
#include "speak/speaker.hpp"
#include "think/dialogue.hpp"
#include "think/thinker.hpp"

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
                           private speak::Speaker::Handler {
public:
    Conversation(Session session, const CallSettings& settings, const CallEngines& engines,
                 std::shared_ptr<base::Strand> strand, Peer& peer);
    ~Conversation() override;

    void begin();
    void close();

    // The requests of a client: the contracts stand in call.hpp.
    const Session& session() const { return session_; }
    void hear(std::span<const float> samples);
    void update_session(const SessionPatch& patch, const std::string& client_event_id);
    void commit_audio(const std::string& client_event_id);
    void clear_audio();
    void create_item(think::Item item, const std::optional<std::string>& previous, const std::string& client_event_id);
    void retrieve_item(const std::string& item_id, const std::string& client_event_id);
    void delete_item(const std::string& item_id, const std::string& client_event_id);
    void truncate_item(const std::string& item_id, std::int64_t audio_end_ms, const std::string& client_event_id);
    void create_response(ResponseRequest request);
    void cancel_response(const std::string& response_id, const std::string& client_event_id);

private:
    // --- the caller's turns (conversation_hearing.cpp)
    void on_speech(listen::PauseEvent event, listen::Position at) override;
    void on_transcript(base::TurnId turn, base::Result<engine::Transcript> transcript, base::Duration busy) override;
    void on_listening_wasted(base::Duration busy) override { waste(busy); }
    void on_sound_dropped(base::Duration length) override;

    void speech_started(listen::Position at);
    void speech_paused(listen::Position at);
    void speech_ended(listen::Position at);
    /// Begins to recognize; a refusal becomes the hearing's transcript.
    void start_hearing(Hearing& hearing);
    /// The hearing becomes an item of the history, with or without its words.
    void commit(Hearing hearing);
    /// The words of a committed hearing are there, or will never be: tell them, and answer.
    void words_known(Hearing& hearing);
    void drop_speculation();
    base::Time time_of(listen::Position position) const;
    void trim_memory();

    // --- the assistant's turns (conversation_answer.cpp)
    void on_text(base::TurnId turn, const std::string& text) override;
    void on_thought(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy) override;
    void on_thinking_wasted(base::Duration busy) override { waste(busy); }
    void on_sound(base::TurnId turn, std::size_t piece, std::span<const float> samples) override;
    void on_spoken(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy) override;
    void on_speaking_wasted(base::Duration busy) override { waste(busy); }

    // --- its first words (conversation_greeting.cpp)
    void plan_greeting();
    /// Says the session's greeting, unless the call has begun without it.
    void greet();

    /// A new answer, with its gate closed and nothing in it.
    Answer& make_answer(base::TurnId turn, const ResponseRequest& request, const TurnMarks& marks,
                        const std::string& language);
    void start_answer(base::TurnId turn, const ResponseRequest& request, const std::optional<std::string>& pending,
                      const TurnMarks& marks, const std::string& language);
    void open_gate();
    /// The session's voice, or the default if there is none by that name.
    std::string voice() const;
    void say_pieces(std::vector<std::string> pieces);
    void tell_text();
    /// Sends the sound that is due, and comes back when the next is.
    void run_pacer();
    void schedule_pacer(base::Time when);
    /// The answer is over when all of it is thought, spoken, sent, and has been heard.
    void finish_if_done();
    /// Ends the answer whose gate is open; `text` is what stays of it in the history.
    void end_answer(ResponseStatus status, ResponseEnd end, const std::string& text);
    /// Stops it where it was heard.
    void interrupt(ResponseEnd why);
    /// An answer has been announced and is not over.
    bool answering() const { return answer_ && answer_->gate_open; }

    // --- both
    void start_wanted_answer();
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
    listen::Listener listener_;
    think::Thinker thinker_;
    speak::Speaker speaker_;

    base::TurnId turn_{};
    bool closed_ = false;

    listen::Position uncommitted_ = 0;    ///< sound from here on belongs to no item yet
    listen::Position utterance_from_ = 0; ///< where the turn that is being spoken begins, padding included
    std::string speech_item_;             ///< the id promised with SpeechStarted; empty: nobody speaks
    bool drop_told_ = false;              ///< RequestFailed for dropped sound went out, once
    bool interrupting_ = false;           ///< speech began to be heard while an answer sounded

    std::optional<Hearing> hearing_;      ///< the speculative one
    std::deque<Hearing> hearings_;        ///< committed ones whose words are not known yet
    std::unique_ptr<Answer> answer_;
    /// An answer that waits for words, for the caller to end, or for another answer's end.
    struct Wanted {
        base::TurnId turn;
        ResponseRequest request;
        TurnMarks marks;
        std::string language;
        bool by_client = false;  ///< asked for by response.create, not by the end of a turn
    };
    std::optional<Wanted> wanted_;

    /// The sound of the last answers, for truncations that come late.
    struct Spoken {
        std::string item_id;
        speak::PlayoutLedger ledger;
        int rate;
    };
    std::deque<Spoken> spoken_;

    bool pacer_scheduled_ = false;
    base::Time pacer_due_{};
    base::Anchor<Conversation> anchor_;
};

}  // namespace antiphon::call
