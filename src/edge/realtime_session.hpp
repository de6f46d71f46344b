// One call over the Realtime API: the client's events go to the Call, the call's events to the client.
//
// strand, but for shut_down(). Knows no sockets: it talks through a MessageChannel.
#pragma once

#include "base/strand.hpp"
#include "call/call.hpp"
#include "call/call_registry.hpp"
#include "call/peer.hpp"
#include "edge/connections.hpp"
#include "edge/event_map.hpp"
#include "edge/handshake.hpp"
#include "edge/message_channel.hpp"
#include "edge/services.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

class RealtimeSession final : public ChannelUser,
                              public Connection,
                              public std::enable_shared_from_this<RealtimeSession>,
                              private call::Peer {
public:
    /// `agent` answers; `model` as the client named it, empty for the agent's own; `client` is its address, for
    /// the log; `wire` is what was agreed upon when the channel was opened.
    /// The call begins with opened() and ends with ended(); its place is given back then. `services`
    /// must outlive the session, and the engines must be loaded.
    static std::shared_ptr<RealtimeSession> make(std::shared_ptr<MessageChannel> channel,
                                                 std::shared_ptr<base::Strand> strand, call::CallPlace place,
                                                 const Services& services, Connections& connections,
                                                 std::shared_ptr<const call::Agent> agent, std::string model,
                                                 std::string client, WireStart wire = {});
    ~RealtimeSession() override;

    /// Changes the session before the call begins, as the first session.update would: of the session that a client
    /// secret was made for. Answers what is wrong with it; nothing is changed then. Before opened().
    std::optional<protocol::Refusal> configure(const protocol::UpdateSession& request);

    void opened() override;
    void received(std::string_view message) override;
    void received_binary(std::span<const std::uint8_t> bytes) override;
    void ended(ChannelEnd end) override;

    /// Closes the call and then the channel with 1012. thread-safe.
    void shut_down() override;

private:
    RealtimeSession(std::shared_ptr<MessageChannel> channel, std::shared_ptr<base::Strand> strand, call::CallPlace place,
                    const Services& services, std::shared_ptr<const call::Agent> agent, std::string model,
                    std::string client, WireStart wire);

    void send(const call::CallEvent& event) override;
    void send_audio(const call::ResponsePart& part, std::span<const float> samples) override;
    /// Nothing is to be done: over a WebSocket the client holds the sound and drops it on speech_started.
    void clear_audio() override {}

    void perform(const protocol::ClientEvent& event);
    void perform(const protocol::UpdateSession& request, const std::string& event_id);
    void perform(const protocol::CreateItem& request, const std::string& event_id);
    void perform(const protocol::CreateResponse& request, const std::string& event_id);
    /// Refused where the client plays the sound.
    void clear_output(const std::string& event_id);
    /// Hears the sound piece by piece, so that a minute of it in one message does not hold up other calls; the
    /// next message is asked for when it is done.
    void hear(std::vector<float> samples, std::size_t from);
    void refuse(const protocol::Refusal& refusal);
    void refuse(const base::Error& error, const std::string& event_id);
    /// Whether the agent does not take one of these tools, which the client is then told.
    bool refuse_tools(const std::optional<std::vector<engine::Tool>>& offered, std::string_view where,
                      const std::string& event_id);
    void tell(const protocol::ServerEvent& event);
    void close_call();
    void next();

    std::shared_ptr<MessageChannel> channel_;  ///< none after the end
    const std::shared_ptr<base::Strand> strand_;
    call::CallPlace place_;
    const Services& services_;
    const std::shared_ptr<const call::Agent> agent_;
    const std::string client_;
    call::Session start_;       ///< the session as it will begin
    WireContext context_;
    std::optional<protocol::WireSettings> changed_;  ///< what they become if the call takes the update
    std::shared_ptr<call::Call> call_;  ///< from opened() to the end
    base::Time opened_at_{};
    ConnectionEntry entry_;
};

}  // namespace antiphon::edge
