// How `antiphon reload` finds the running server, and hears from it how the reload went.
//
// The server holds a lock on its pid file for as long as it lives. The kernel knows who holds it, so a file
// that was left behind, or whose number now belongs to another program, is never mistaken for a server. What
// became of a reload is left in a file beside it, PATH.reload.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "engine/file_descriptor.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace antiphon::app {

/// antiphon/serve-PORT.pid in XDG_RUNTIME_DIR, else in XDG_CACHE_HOME, else in ~/.cache.
std::filesystem::path default_pid_file(std::uint16_t port);

struct ReloadOutcome {
    base::Time began{};  ///< by the machine's steady clock, which all its processes share
    bool done = false;
    std::string text;  ///< for people, perhaps of several lines
};

/// The server's side. strand: one owner, one per process and path (the lock is the process's).
class PidFile {
public:
    /// Makes the folder if need be, locks the file and writes the process's number. Fails with
    ///   conflict     a running server holds it
    ///   unavailable  the file cannot be written
    static base::Result<std::unique_ptr<PidFile>> take(const std::filesystem::path& path);

    /// Removes the file and the outcome.
    ~PidFile();
    PidFile(const PidFile&) = delete;
    PidFile& operator=(const PidFile&) = delete;

    /// Leaves the outcome for who waits for it, whole or not at all.
    base::Result<void> tell(const ReloadOutcome& outcome) const;

private:
    PidFile(std::filesystem::path path, engine::FileDescriptor file);

    const std::filesystem::path path_;
    const engine::FileDescriptor file_;
};

/// A server that runs, as seen from another process. strand: one owner.
class RunningServer {
public:
    /// Fails with
    ///   not_found    there is no such file, or no process holds it: no server is running
    ///   unavailable  the file cannot be read, or names another process than the one that holds it
    static base::Result<RunningServer> find(const std::filesystem::path& path);

    ::pid_t pid() const { return pid_; }

    /// Sends the signal to that very process, or fails with `unavailable`.
    base::Result<void> signal(int number) const;
    bool ended() const;

    /// The last outcome that it left, if any.
    std::optional<ReloadOutcome> outcome() const;

private:
    RunningServer(std::filesystem::path path, ::pid_t pid, engine::FileDescriptor process)
        : path_(std::move(path)), pid_(pid), process_(std::move(process)) {}

    std::filesystem::path path_;
    ::pid_t pid_;
    engine::FileDescriptor process_;  ///< a pidfd: stays that process's when its number is given away
};

}  // namespace antiphon::app
