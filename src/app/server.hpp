// The running server: listener, engines, threads, and their orderly end.
//
// One object from open() to the end of run(), both on the main thread. docs/closing.md says in which
// order its parts go.
#pragma once

#include "app/engines.hpp"
#include "app/settings.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "call/call_registry.hpp"
#include "edge/http_listener.hpp"
#include "edge/services.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::app {

class Server {
public:
    /// Chooses the models, binds the port, and begins to load. From here on /health answers, and /ready
    /// says 503 until the engines are there. Fails with
    ///   unavailable  the port is taken, the address is not ours, or a model file is missing
    ///   not_found    a model that the catalog does not know
    ///   unsupported  a device that this machine does not have
    static base::Result<std::unique_ptr<Server>> open(const Settings& settings);

    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    std::uint16_t port() const;

    /// Serves until SIGINT or SIGTERM, which end it in order: no further calls, those under way are ended,
    /// all threads joined. A second signal ends the process at once, with exit code 128 + the signal.
    /// Fails when an engine could not be loaded.
    base::Result<void> run();

private:
    explicit Server(const Settings& settings);

    base::Result<void> start(ModelChoice models, Machine machine);
    edge::Readiness readiness() const;
    void take_loaded(const base::Result<void>& loaded);
    void wait_for_signal();
    void stop(const std::string& why);
    void run_io();

    const Settings settings_;
    const base::Time began_;
    base::Metrics metrics_;
    call::CallRegistry registry_;
    std::atomic<bool> stopping_ = false;
    base::Result<void> outcome_;

    // The main thread's own loop: signals, the end of loading, the end of the io threads.
    boost::asio::io_context control_;
    boost::asio::signal_set signals_;
    boost::asio::steady_timer deadline_;

    // From here in the order of need: sessions, which live in io_, use the services and the engines.
    std::unique_ptr<Engines> engines_;
    std::optional<edge::Services> services_;
    boost::asio::io_context io_;
    std::unique_ptr<edge::HttpListener> listener_;
    std::vector<std::jthread> io_threads_;
    std::size_t io_running_ = 0;  ///< main thread only
};

}  // namespace antiphon::app
