// The running server: listener, engines, threads, and their orderly end.
//
// One object from open() to the end of run(), both on the main thread. docs/closing.md says in which
// order its parts go.
#pragma once

#include "app/engines.hpp"
#include "app/pid_file.hpp"
#include "app/settings.hpp"
#include "base/io_loops.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "call/call_registry.hpp"
#include "edge/access_control.hpp"
#include "edge/client_secrets.hpp"
#include "edge/http_listener.hpp"
#include "edge/line_metrics.hpp"
#include "edge/services.hpp"
#include "edge/shared_secrets.hpp"
#include "edge/tls_certificates.hpp"
#include "edge/webrtc_stack.hpp"
#include "store/write_behind.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::app {

class Server {
public:
    /// Gives the settings as their sources say now.
    using ReadAgain = std::function<base::Result<Settings>()>;

    /// Chooses the models, binds the port, and begins to load. From here on /health answers, and /ready
    /// says 503 until the engines are there. Fails with
    ///   unavailable  the port is taken, the address is not ours, or a model file is missing
    ///   not_found    a model that the catalog does not know
    ///   unsupported  a device that this machine does not have
    ///   conflict     the pid file is a running server's
    ///   invalid      keys that cannot be read, or everybody would be let in and nobody has said that they should
    /// With SIGHUP `read_again` is asked, on the main thread: what can change while running does so for the
    /// calls to come, all of it at once or nothing; the log and the pid file's outcome say what happened.
    static base::Result<std::unique_ptr<Server>> open(const Settings& settings, ReadAgain read_again = {});

    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const;

    /// Serves until SIGINT or SIGTERM, or the SIGHUP of a terminal that was closed, which end it in order: no
    /// further calls, those under way are ended, all threads joined. A second SIGINT or SIGTERM ends the process
    /// at once, with exit code 128 + the signal. Fails when an engine could not be loaded.
    base::Result<void> run();

private:
    Server(const Settings& settings, ReadAgain read_again);

    base::Result<void> start(ModelChoice models, Machine machine);
    edge::Readiness readiness() const;
    void take_loaded(const base::Result<void>& loaded);
    void wait_for_signal();
    void wait_for_hangup();
    base::Result<void> take_pid_file();
    base::Result<void> open_access();
    /// Gives what is to be said of it; nothing is changed when it fails.
    base::Result<std::string> change_access(const Settings& settings);
    base::Result<void> open_metrics();
    base::Result<void> open_tls();
    base::Result<void> open_webrtc();
    void open_session_store();
    void reload();
    base::Result<std::string> read_again();
    std::shared_ptr<const call::Agents> agents() const;
    /// Says in the log what of the agents the engines cannot do; they fall back on what they can.
    void look_at_agents();
    void stop(const std::string& why);
    void run_io(boost::asio::io_context& loop);

    const Settings settings_;
    const ReadAgain read_again_;
    const base::Time began_;
    base::Metrics metrics_;
    edge::LineMetrics line_metrics_{metrics_};
    call::CallRegistry registry_;
    edge::ClientSecrets client_secrets_;
    std::atomic<bool> stopping_ = false;
    base::Result<void> outcome_;

    // The main thread's own loop: signals, the end of loading, the end of the io threads.
    boost::asio::io_context control_;
    boost::asio::signal_set signals_;
    const bool ends_with_terminal_;  ///< known before SIGHUP is taken over
    boost::asio::signal_set hangups_;
    bool reload_wanted_ = false;  ///< main thread only, as is in_force_
    Settings in_force_;           ///< with what reloads have changed
    std::unique_ptr<PidFile> pid_file_;
    std::unique_ptr<edge::AccessControl> access_;
    std::shared_ptr<edge::TlsCertificates> tls_;  ///< none: plain HTTP
    boost::asio::steady_timer deadline_;

    mutable std::mutex agents_mutex_;
    std::shared_ptr<const call::Agents> agents_;

    // From here in the order of need: sessions, which live in io_, use the services and the engines.
    std::unique_ptr<Engines> engines_;
    std::unique_ptr<edge::SharedSecrets> shared_secrets_;  ///< none: there is no Redis
    std::unique_ptr<store::WriteBehind> session_store_;
    std::optional<edge::Services> services_;
    std::optional<edge::Services> metrics_services_;
    std::unique_ptr<edge::WebRtcStack> webrtc_;  ///< none: switched off
    base::IoLoops io_;
    std::unique_ptr<edge::HttpListener> listener_;
    std::unique_ptr<edge::HttpListener> metrics_listener_;  ///< none: not wanted
    std::vector<std::jthread> io_threads_;
    std::size_t io_running_ = 0;  ///< main thread only
};

}  // namespace antiphon::app
