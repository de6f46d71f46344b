// How the terminal caller's call travels: over WebRTC, or over a WebSocket, and from the one to the other without
// losing anything of it.
//
// strand: one owner, on whose thread all of this runs. A call begins over WebRTC and goes on over the WebSocket, by
// itself and for good, when no sound flows in time or the line dies (caller_watch.hpp); a WebSocket that is lost is
// opened anew. Both need a server that keeps calls (session.antiphon.resumable): the call is the same then, what was
// missed of it comes, and what the server has not heard is said again. Otherwise the loss ends the call.
#pragma once

#include "app/caller_address.hpp"
#include "app/caller_connection.hpp"
#include "app/caller_event.hpp"
#include "app/caller_line.hpp"
#include "app/caller_microphone.hpp"
#include "app/caller_peer.hpp"
#include "app/caller_positions.hpp"
#include "app/caller_watch.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/tls_relay.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::app {

enum class CallerTransport {
    automatic,
    webrtc,     ///< nothing else: the call ends with the line
    websocket,  ///< nothing else
};

struct CallerWaysSettings {
    CallerAddress address;
    edge::TlsTrust trust;
    std::string key;  ///< shown to the server; empty: none
    CallerTransport transport = CallerTransport::automatic;
    base::milliseconds fallback{3000};          ///< for sound to flow over WebRTC
    std::optional<base::milliseconds> silence;  ///< of the session
    bool speaks = true;                         ///< over a WebSocket, too; else only events are sent there
    std::chrono::seconds timeout{30};           ///< to connect
};

struct CallerWayReport {
    bool webrtc = false;         ///< it began over WebRTC
    bool websocket = false;      ///< it is, or ended, over the WebSocket
    std::string remote_address;  ///< of the line; empty: none came about
    CallerLineFigures line;
    int falls = 0;    ///< from WebRTC to the WebSocket
    int returns = 0;  ///< to a WebSocket after another one was lost
};

class CallerWays {
public:
    /// Told what a person should know, in one sentence.
    using Say = std::function<void(const std::string&)>;
    /// Whether the person wants the call to end.
    using Stopped = std::function<bool()>;

    /// `microphone` is what the call says, and outlives it.
    CallerWays(CallerWaysSettings settings, const CallerMicrophone& microphone, Say say, Stopped stopped);
    /// Hangs up, in order; takes at most a few seconds.
    ~CallerWays();
    CallerWays(const CallerWays&) = delete;
    CallerWays& operator=(const CallerWays&) = delete;

    /// Begins the call. Fails with `unavailable` when the server cannot be reached or refuses.
    base::Result<void> open();

    /// The session is as it is wanted, or was asked for with the call itself: the caller may speak.
    bool ready() const { return ready_; }

    /// Sends an event, over whichever way there is; none is lost on the change to another.
    void tell(const std::string& event);

    struct Came {
        CallerEvent event;
        base::Time arrived;
    };
    /// The next event, none when there is none by `until`. Fails when the call is lost, or the server sends nonsense.
    base::Result<std::optional<Came>> receive(base::Time until);

    /// 20 ms have passed, and the microphone has that much more. Gives what the line says in that time; none while the
    /// answer's sound comes in events.
    std::optional<std::vector<float>> beat(base::Time now);

    /// How often the call has come back another way.
    int changes() const { return falls_ + returns_; }
    CallerWayReport report() const;

private:
    base::Result<bool> open_webrtc();
    base::Result<void> open_websocket();
    void hang_up() const;

    base::Result<std::optional<CallerConnection::Message>> next_message(base::Time until);
    base::Result<std::optional<CallerConnection::Message>> next_of_line(base::Time until);
    base::Result<CallerEvent> take(const CallerConnection::Message& message);
    base::Result<void> come_back(const base::Error& why);
    void take_kept(const SessionIsKept& kept);
    void take_packets();
    void say_rest();

    const CallerWaysSettings settings_;
    const CallerMicrophone& microphone_;
    const Say say_;
    const Stopped stopped_;

    std::unique_ptr<CallerPeer> peer_;  ///< from the beginning until the call has come back another way
    std::unique_ptr<CallerLine> line_;
    std::optional<CallerWatch> watch_;
    bool over_line_ = false;
    std::unique_ptr<CallerConnection> connection_;
    bool ready_ = false;

    std::optional<SessionIsKept> kept_;  ///< how to take the call over; none: the server does not keep it
    std::string last_event_id_;
    base::Time last_sign_{};
    bool resuming_ = false;  ///< connected anew, but not told yet what the server has heard
    struct Told {
        std::string id;
        std::string event;
    };
    std::deque<Told> told_;
    int tellings_ = 0;
    CallerPositions positions_{CallerMicrophone::kRate};
    std::size_t beaten_ = 0;  ///< samples of the microphone that were to be sent by the last beat
    std::size_t said_ = 0;    ///< and that were, over the WebSocket

    bool began_over_webrtc_ = false;
    std::string remote_address_;
    CallerLineFigures line_figures_;
    int falls_ = 0;
    int returns_ = 0;
};

}  // namespace antiphon::app
