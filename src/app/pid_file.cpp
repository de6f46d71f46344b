#include "app/pid_file.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>
extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 does not say itself that these are C
}

#include <array>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

namespace antiphon::app {
namespace {

using engine::FileDescriptor;
using engine::system_text;

constexpr mode_t kMode = 0644;

std::filesystem::path outcome_file(std::filesystem::path path) { return path += ".reload"; }

base::Error unavailable(std::string text) { return base::error(base::Errc::unavailable, std::move(text)); }

struct ::flock whole_file(short type) {
    struct ::flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

/// Who holds the file's lock; 0 if nobody does.
base::Result<::pid_t> holder(const FileDescriptor& file, const std::filesystem::path& path) {
    struct ::flock lock = whole_file(F_WRLCK);
    if (::fcntl(file.get(), F_GETLK, &lock) != 0) return unavailable(system_text("cannot ask who holds", path));
    return lock.l_type == F_UNLCK ? 0 : lock.l_pid;
}

/// The number in the file; 0 if it holds none.
::pid_t written_pid(const FileDescriptor& file) {
    std::array<char, 32> text{};
    const ::ssize_t count = ::pread(file.get(), text.data(), text.size(), 0);
    ::pid_t pid = 0;
    if (count > 0) std::from_chars(text.data(), text.data() + count, pid);
    return pid;
}

}  // namespace

std::filesystem::path default_pid_file(std::uint16_t port) {
    const std::string name = "serve-" + std::to_string(port) + ".pid";
    for (const char* variable : {"XDG_RUNTIME_DIR", "XDG_CACHE_HOME"})
        if (const char* folder = std::getenv(variable); folder != nullptr && *folder != '\0')
            return std::filesystem::path(folder) / "antiphon" / name;
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home == nullptr || *home == '\0' ? "." : home) / ".cache" / "antiphon" / name;
}

// ---- the server's side

PidFile::PidFile(std::filesystem::path path, FileDescriptor file) : path_(std::move(path)), file_(std::move(file)) {}

base::Result<std::unique_ptr<PidFile>> PidFile::take(const std::filesystem::path& path) {
    std::error_code failure;
    if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), failure);
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kMode));
    if (!file) return unavailable(system_text("the pid file cannot be written: cannot open", path));
    struct ::stat what {};
    if (::fstat(file.get(), &what) != 0 || !S_ISREG(what.st_mode))
        return unavailable("the pid file cannot be written: " + path.string() + " is no regular file");
    struct ::flock lock = whole_file(F_WRLCK);
    if (::fcntl(file.get(), F_SETLK, &lock) != 0) {
        const auto other = holder(file, path);
        return base::error(base::Errc::conflict, "the pid file " + path.string() + " belongs to a server that runs" +
                                                     (other && *other > 0 ? " (process " + std::to_string(*other) + ")"
                                                                          : "") +
                                                     "; give each its own server.pid_file");
    }
    std::filesystem::remove(outcome_file(path), failure);
    const std::string number = std::to_string(::getpid()) + "\n";
    if (::ftruncate(file.get(), 0) != 0 || !file.write(number.data(), number.size()))
        return unavailable(system_text("the pid file cannot be written:", path));
    return std::unique_ptr<PidFile>(new PidFile(path, std::move(file)));
}

PidFile::~PidFile() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);  // while it is still locked: never another server's
    std::filesystem::remove(outcome_file(path_), ignored);
}

base::Result<void> PidFile::tell(const ReloadOutcome& outcome) const {
    const auto file = outcome_file(path_);
    auto part = file;
    part += ".part";
    std::ofstream out(part);
    out << outcome.began.time_since_epoch().count() << '\n'
        << (outcome.done ? "done" : "failed") << '\n'
        << outcome.text;
    out.close();
    std::error_code failure;
    if (out) std::filesystem::rename(part, file, failure);
    if (out && !failure) return {};
    return unavailable("the outcome of the reload cannot be written to " + file.string());
}

// ---- from another process

base::Result<RunningServer> RunningServer::find(const std::filesystem::path& path) {
    const auto none = [&](const std::string& why) {
        return base::error(base::Errc::not_found, "no server is running: " + why);
    };
    FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file && errno == ENOENT) return none("there is no pid file " + path.string());
    if (!file) return unavailable(system_text("the pid file cannot be read: cannot open", path));
    const auto first = holder(file, path);
    if (!first) return first.error();
    if (*first == 0) return none("the pid file " + path.string() + " was left behind by one that has ended");
    if (*first != written_pid(file))
        return unavailable("the pid file " + path.string() + " is held by process " + std::to_string(*first) +
                           ", which did not write it; nothing was signalled");
    FileDescriptor process(::pidfd_open(*first, 0));
    // Between the two answers the server may have ended and its number been given away.
    const auto second = holder(file, path);
    if (!process || !second || *second != *first) return none("it has just ended");
    return RunningServer(path, *first, std::move(process));
}

base::Result<void> RunningServer::signal(int number) const {
    if (::pidfd_send_signal(process_.get(), number, nullptr, 0) == 0) return {};
    return unavailable(system_text(("the process " + std::to_string(pid_) + " of").c_str(), path_) +
                       ": it cannot be signalled");
}

bool RunningServer::ended() const {
    ::pollfd process{process_.get(), POLLIN, 0};
    return ::poll(&process, 1, 0) > 0;
}

std::optional<ReloadOutcome> RunningServer::outcome() const {
    std::ifstream in(outcome_file(path_));
    base::Clock::rep began = 0;
    std::string word;
    if (!(in >> began >> word) || in.get() != '\n') return std::nullopt;
    std::ostringstream text;
    text << in.rdbuf();
    return ReloadOutcome{base::Time(base::Clock::duration(began)), word == "done", std::move(text).str()};
}

}  // namespace antiphon::app
