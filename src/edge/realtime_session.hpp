// One call over the Realtime API: the client's events go to the Call, the call's events to the client.
//
// strand, but for what is said to be thread-safe. Knows no sockets: it talks through message channels, which come and
// go, and through a media line when the sound does not travel in messages. A call outlives its channel when the client
// asked for it (docs/decisions/0014-resume.md).
#pragma once

#include "audio/resampler.hpp"
#include "base/ids.hpp"
#include "base/strand.hpp"
#include "call/call.hpp"
#include "call/call_registry.hpp"
#include "call/peer.hpp"
#include "edge/call_recorder.hpp"
#include "edge/connections.hpp"
#include "edge/event_map.hpp"
#include "edge/handshake.hpp"
#include "edge/media_line.hpp"
#include "edge/message_channel.hpp"
#include "edge/replay_log.hpp"
#include "edge/resume_from.hpp"
#include "edge/services.hpp"
#include "edge/session_metrics.hpp"
#include "edge/stored_call.hpp"
#include "edge/unsaved.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

/// A call that another process has left in the session store, and who may go on with it.
struct ReturningCall {
    std::string call_id;
    std::string token;  ///< as the client has presented it
    std::string owner;  ///< under this name it was claimed
    StoredCall stored;
};

/// In which positions in the caller's sound are counted, whatever rate it comes in.
inline constexpr std::int64_t kTakenRate = 48000;

class RealtimeSession final : public Connection,
                              public std::enable_shared_from_this<RealtimeSession>,
                              private call::Peer {
public:
    static constexpr std::size_t kMaxObservers = 4;

    /// `agent` answers; `model` as the client named it, empty for the agent's own; `client` is its address, for
    /// the log; `wire` is what was agreed upon when the client came.
    /// The call begins with the first channel that opens (or see attach_media); its place is given back with its end.
    /// Until then a channel, a line, or whoever else holds the session keeps it. `services` must outlive the session,
    /// and the engines must be loaded. thread-safe.
    static std::shared_ptr<RealtimeSession> make(std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                 const Services& services, Connections& connections,
                                                 std::shared_ptr<const call::Agent> agent, std::string model,
                                                 std::string client, WireStart wire = {});
    /// The same for a call that goes on: it begins with the client that takes it over, with its history and no greeting.
    static std::shared_ptr<RealtimeSession> make(std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                 const Services& services, Connections& connections,
                                                 std::shared_ptr<const call::Agent> agent, std::string client,
                                                 ReturningCall returning);
    ~RealtimeSession() override;

    /// "rtc_...": under this name the session stands in services.sessions until it ends. thread-safe.
    const std::string& call_id() const { return call_id_; }

    /// The strand on which the call lives. thread-safe.
    const std::shared_ptr<base::Strand>& strand() const { return strand_; }

    /// Changes the session before the call begins, as the first session.update would: of the session that came with an
    /// offer. Answers what is wrong with it; nothing is changed then. Before anything is attached; any thread.
    std::optional<protocol::Refusal> configure(const protocol::UpdateSession& request);

    /// What a client needs to take the call over, empty while it is not resumable. thread-safe.
    std::string resume_token() const;
    /// Whether the call is resumable and this is its token; compared in constant time. thread-safe.
    bool is_resume_token(std::string_view token) const;

    /// The user of the client's own channel; from its opening on it takes the place of one before.
    std::shared_ptr<ChannelUser> attach(std::shared_ptr<MessageChannel> channel);
    /// The same for a client that comes back: what it has missed is sent first. An earlier channel is closed with 1008,
    /// and an earlier media line is closed. With a `line` the sound goes over that one from the channel's opening on,
    /// also what was not heard of it; without one it goes in messages. A way back that has not opened yet is closed for
    /// the next one.
    std::shared_ptr<ChannelUser> take_over(std::shared_ptr<MessageChannel> channel, ResumeFrom from,
                                           std::shared_ptr<MediaLine> line = nullptr);
    /// The user of a further channel, which gets all events but the sound. `place` is of admit_observer().
    std::shared_ptr<ChannelUser> observe(std::shared_ptr<MessageChannel> channel, call::CallPlace place);
    /// A place for one more observer; `overloaded` when there are kMaxObservers. thread-safe.
    base::Result<call::CallPlace> admit_observer() { return observers_admitted_.enter(); }

    /// The sound of both directions goes over this line from now on. `alone`: the client offered no channel, and the
    /// call begins with the line's first sound.
    void attach_media(std::shared_ptr<MediaLine> line, bool alone = false);
    /// The user of this line, to be held by nobody but the line. What the line says counts while it is the call's.
    std::shared_ptr<MediaUser> user_of(const MediaLine& line);

    /// Ends the call in order: channels are closed with 1000. thread-safe; safe to call twice and at any time.
    void hang_up();

    /// Ends the call as shut_down() does, as soon as neither side is in the middle of something. thread-safe.
    void drain() override;

    /// Writes what the call has into the session store, if it is kept there, closes the call, and then its channels with
    /// 1012. thread-safe.
    void shut_down() override;

private:
    class Channel;
    class Line;
    friend class Channel;
    friend class Line;

    RealtimeSession(std::shared_ptr<base::Strand> strand, call::CallPlace place, const Services& services,
                    std::shared_ptr<const call::Agent> agent, std::string model, std::string client, WireStart wire,
                    std::string call_id);

    /// A client's sound that is being heard.
    struct Waiting {
        std::shared_ptr<MessageChannel> from;  ///< none: what a line has brought before the call began
        std::vector<float> samples;
        int rate;
        std::size_t at;
    };

    // --- channels, lines, and the call's life (realtime_session.cpp)
    /// A client that connects has a place, and is a call under way.
    void count();
    void opened(Channel& channel);
    void ended(Channel& channel, ChannelEnd end);
    void come_back(const ResumeFrom& from, const std::shared_ptr<MediaLine>& line);
    void open_call();
    /// Whether sound gets to the caller now.
    bool reachable() const;
    /// After anything that may have changed that.
    void look_at_reach(std::string_view what);
    /// Likewise: what the sound travels over, for the metrics.
    void look_at_transport();
    /// Each second, while somebody is waited for or wants a sign of life.
    void tick();
    void start_ticking();
    void keep_replay_log(bool wanted, bool whole);
    protocol::SessionKept kept() const;
    std::int64_t caller_sound_ms() const;
    /// Less what waits to be heard.
    std::int64_t heard_sound_ms() const;
    void go_on_from(ReturningCall returning);
    /// A resumable call is written to the session store, another is not.
    void keep_record();
    void close_call();
    void finish(std::string_view reason);
    void leave_if_quiet();
    void leave();
    void left(bool saved);

    // --- media lines (realtime_session_lines.cpp)
    /// A piece of the answer's sound that the caller has not heard, at the session's output rate.
    struct Unheard {
        call::ResponsePart part;
        std::vector<float> samples;
    };
    void heard(const MediaLine& line, std::span<const float> samples);
    /// What was said before the channel was open.
    void hear_early();
    void line_silent(const MediaLine& line, bool silent);
    void line_ended(const MediaLine& line);
    void take_line(std::shared_ptr<MediaLine> line);
    /// The line is no more, or not for this call: what it has brought and taken is remembered.
    void drop_line();
    void send_over_line(const call::ResponsePart& part, std::span<const float> samples);
    Unheard unheard(const call::ResponsePart& part, std::span<const std::uint8_t> sound) const;
    /// All of it, to be sent over the line.
    std::vector<Unheard> sound_of(const std::vector<LoggedMessage>& messages) const;
    /// Lets the caller hear it over the line, in its order, and then what the call goes on with.
    void sound_again(std::vector<Unheard> sounds);
    /// The next 20 ms of what belongs to answers that are over; the call's own comes after that.
    void sound_on();
    /// The line on which it was to be heard again is gone: it stands in the log as given to that line and not received.
    void log_what_is_to_sound();

    // --- what is said on either side (realtime_session_events.cpp)
    void send(const call::CallEvent& event) override;
    void send_audio(const call::ResponsePart& part, std::span<const float> samples) override;
    /// Over a WebSocket nothing is to be done: the client holds the sound and drops it on speech_started.
    void clear_audio() override;
    void summary_changed() override {
        if (recorder_) recorder_->look_at_summary();
    }
    base::Duration ear_lag() const override;
    base::milliseconds longest_lead() const override;

    void received(const std::shared_ptr<MessageChannel>& from, std::string_view message);
    void received_binary(const std::shared_ptr<MessageChannel>& from, std::span<const std::uint8_t> bytes);
    /// What a client that comes back is told to have been taken.
    void note_taken(const protocol::ClientEvent& event);
    void perform(const protocol::ClientEvent& event);
    void perform(const protocol::UpdateSession& request, const std::string& event_id);
    void perform(const protocol::CreateItem& request, const std::string& event_id);
    void perform(const protocol::CreateResponse& request, const std::string& event_id);
    /// Refused where the client plays the sound.
    void clear_output(const std::string& event_id);
    /// Queues the sound of one message to be heard piece by piece, so that a minute of it does not hold up other calls;
    /// the next message of `from` is asked for when it is done.
    void hear(const std::shared_ptr<MessageChannel>& from, std::vector<float> samples);
    void hear_next();
    void refuse(const protocol::Refusal& refusal);
    void refuse(const base::Error& error, const std::string& event_id);
    /// Whether the agent does not take one of these tools, which the client is then told.
    bool refuse_tools(const std::optional<std::vector<engine::Tool>>& offered, std::string_view where,
                      const std::string& event_id);
    /// To the client and the observers; an answer that concerns one of them only, to that one.
    void tell(const protocol::ServerEvent& event, base::Duration sound = {}, const call::ResponsePart& part = {});
    /// Which response sounds.
    void note_sounding(const call::CallEvent& event);
    std::string message_of(const protocol::ServerEvent& event);
    /// Whether it is one of the call's channels, or still is.
    bool knows(const std::shared_ptr<MessageChannel>& channel) const;
    /// The caller's sound in a message of asking_.
    void take_sound(std::span<const std::uint8_t> bytes, const std::string& event_id);

    const std::shared_ptr<base::Strand> strand_;
    call::CallPlace place_;
    std::shared_ptr<void> counted_;           ///< among the calls under way, until the Call counts itself
    const Services& services_;
    const SessionMetrics metrics_{services_.metrics};
    Transport transport_ = Transport::none;   ///< as counted
    const std::shared_ptr<const call::Agent> agent_;
    const std::string call_id_;
    const std::string client_;
    base::IdSeries event_ids_{"event_"};
    call::Session start_;                     ///< the session as it will begin
    WireContext context_;
    std::optional<protocol::WireSettings> changed_;  ///< what they become if the call takes the update
    std::shared_ptr<call::Call> call_;        ///< from the first channel's opening to the end
    bool over_ = false;
    base::Time opened_at_{};
    std::size_t turns_answered_ = 0;  ///< those whose answer came to an end, for the log

    std::shared_ptr<MessageChannel> main_;    ///< the client's own: none before it opens and after its end
    std::shared_ptr<MessageChannel> asking_;  ///< whose event is being performed
    call::CallRegistry observers_admitted_{kMaxObservers};
    std::vector<std::shared_ptr<MessageChannel>> observers_;

    std::shared_ptr<MediaLine> media_;
    bool media_opens_ = false;                ///< the call begins with the line's first sound
    bool line_flows_ = false;                 ///< it has brought sound
    bool line_silent_ = false;
    std::int64_t line_sent_ = 0;              ///< samples given to all the call's lines
    std::int64_t line_base_ = 0;              ///< of these, to earlier ones
    std::int64_t line_received_ = 0;          ///< up to where the client has received them, of a line that is gone
    base::Duration line_heard_base_{};        ///< of the caller's sound, what the line brought before it was the call's
    std::weak_ptr<MessageChannel> coming_;    ///< of a client that comes back, until it has opened
    std::string sounding_;                    ///< the response that sounds, for the call
    std::deque<Unheard> again_;               ///< of answers that are over
    Unheard then_;                            ///< of the one that sounds, after that
    bool sounding_on_ = false;
    base::Time sound_due_{};
    std::optional<audio::Resampler> to_line_; ///< for an output rate that is not the line's
    int to_line_rate_ = 0;

    std::deque<Waiting> waiting_;
    std::vector<float> early_;                ///< of the line, until the call begins
    std::int64_t taken_ = 0;                  ///< of the caller's sound, at kTakenRate; without the line's
    std::string last_client_event_;
    Unsaved unsaved_;

    std::unique_ptr<ReplayLog> log_;          ///< of a resumable call
    mutable std::mutex token_mutex_;
    std::string token_;                       ///< empty: not resumable
    std::shared_ptr<CallRecorder> recorder_;  ///< of a resumable call, while it lives
    std::string owner_ = base::random_id("");
    bool returning_ = false;                  ///< it was begun in another process
    std::vector<think::Item> history_;        ///< until the call begins
    think::Summary summary_;  ///< likewise
    std::optional<base::Time> lost_since_;    ///< since when the client is waited for
    bool ticking_ = false;
    bool listening_ = false;                  ///< nothing was asked that is not answered
    bool draining_ = false;
    std::optional<base::Time> leaving_since_; ///< nothing of the client is taken any more
    bool left_ = false;

    ConnectionEntry entry_;
    DirectoryEntry listed_;
};

}  // namespace antiphon::edge
