// One conversation with one caller: hears, thinks and speaks, and knows whose turn it is.
//
// strand. Every method is called on the call's strand, and every event reaches the Peer from there. The
// engines are shared with all other calls and run on their pools; a Call never blocks. docs/life-of-a-turn.md
// follows one turn through it.
#pragma once

#include "base/ids.hpp"
#include "base/strand.hpp"
#include "call/call_engines.hpp"
#include "call/call_settings.hpp"
#include "call/peer.hpp"
#include "call/response_request.hpp"
#include "call/session.hpp"
#include "think/rolling_summary.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace antiphon::call {

class Conversation;

class Call : public std::enable_shared_from_this<Call> {
public:
    /// Begins the call and sends SessionCreated. `engines`, `peer` and what they refer to must outlive
    /// close(); the strand is shared with the edge. `history`: the items of a conversation that goes on, all of them
    /// over; they are told as if they came now, and a caller's last words that have no answer get one. `summary`: what stood
    /// for the oldest of them.
    static std::shared_ptr<Call> open(Session session, const CallSettings& settings, const CallEngines& engines,
                                      std::shared_ptr<base::Strand> strand, Peer& peer,
                                      std::vector<think::Item> history = {}, const think::Summary& summary = {});
    ~Call();
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;

    /// Ends the call: all its work is stopped, and the peer hears nothing more. Safe to call twice.
    void close();

    const Session& session() const;
    /// The conversation so far, in order.
    const std::vector<think::Item>& items() const;
    /// What stands for the oldest items in the prompts.
    const think::Summary& summary() const;

    /// The caller's next sound at the session's input rate. Sound that cannot be held is dropped, oldest
    /// first, and said once in a RequestFailed.
    void hear(std::span<const float> samples);
    /// The same at another rate (8000 to 192000): of a media line. The rate may change from one call to the next.
    void hear(std::span<const float> samples, int sample_rate);

    /// Nobody hears the answer: its sound is kept back, and the caller's silence does not count, until resume_output().
    /// All other work goes on.
    void hold_output();
    /// Goes on from the exact sample. `unheard`: how much of the answer's sound that was sent before is only heard from
    /// now on, because the peer sends it again. `again`: the last of what was sent, at the session's output rate, which
    /// the call is to send once more. Peer::longest_lead() is asked anew.
    void resume_output(base::Duration unheard, std::span<const float> again = {});

    /// The requests of a client. What cannot be done is answered with a RequestFailed that carries
    /// `client_event_id`, and changes nothing.
    void update_session(const SessionPatch& patch, const std::string& client_event_id);
    void commit_audio(const std::string& client_event_id);
    void clear_audio();
    /// `previous`: none: at the end; "root": at the start; else the id of the item before it.
    void create_item(think::Item item, const std::optional<std::string>& previous, const std::string& client_event_id);
    void retrieve_item(const std::string& item_id, const std::string& client_event_id);
    void delete_item(const std::string& item_id, const std::string& client_event_id);
    void truncate_item(const std::string& item_id, std::int64_t audio_end_ms, const std::string& client_event_id);
    void create_response(ResponseRequest request);
    /// `response_id` may be empty: whichever is under way, and the one that waits behind it.
    void cancel_response(const std::string& response_id, const std::string& client_event_id);
    /// Stops the answer's sound: an answer that sounds is cancelled where it was heard. Always answered with
    /// OutputSoundCleared, never refused.
    void clear_output(const std::string& client_event_id);

private:
    explicit Call(std::unique_ptr<Conversation> conversation);

    std::unique_ptr<Conversation> conversation_;
};

}  // namespace antiphon::call
