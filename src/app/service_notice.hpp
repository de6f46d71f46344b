// What the server tells the service manager that has started it (systemd with Type=notify), by the protocol of
// sd_notify(3): a datagram of lines NAME=VALUE to the socket that NOTIFY_SOCKET names.
//
// thread-safe, as long as nobody changes the environment. Where there is no such socket, nothing is said; a message
// that cannot be sent is dropped, and the log says so once.
#pragma once

#include <string_view>

namespace antiphon::app {

/// "READY=1", "STOPPING=1", "STATUS=..."; several lines are one message.
void notify_service(std::string_view lines);

/// RELOADING=1 with the time that systemd compares; READY=1 is to follow.
void notify_reloading();

}  // namespace antiphon::app
