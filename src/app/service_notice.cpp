#include "app/service_notice.hpp"

#include "base/log.hpp"
#include "engine/file_descriptor.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>

namespace antiphon::app {
namespace {

/// None is 0.
int send_to(std::string_view name, std::string_view lines) {
    ::sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name.size() >= sizeof(address.sun_path)) return ENAMETOOLONG;
    name.copy(address.sun_path, name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';  // in the abstract namespace
    const engine::FileDescriptor socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket) return errno;
    const auto length = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + name.size());
    const auto sent = ::sendto(socket.get(), lines.data(), lines.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                               reinterpret_cast<const ::sockaddr*>(&address), length);
    return sent < 0 ? errno : 0;
}

}  // namespace

void notify_service(std::string_view lines) {
    const char* named = std::getenv("NOTIFY_SOCKET");
    if (named == nullptr || (*named != '/' && *named != '@')) return;
    const int failure = send_to(named, lines);
    static std::atomic<bool> told = false;
    if (failure != 0 && !told.exchange(true))
        base::log::warning("service.not_told", {{"socket", named}, {"because", std::strerror(failure)}});
}

void notify_reloading() {
    ::timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    notify_service("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(now.tv_sec * 1'000'000LL + now.tv_nsec / 1'000));
}

}  // namespace antiphon::app
