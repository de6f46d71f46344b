#include "app/server.hpp"

#include "app/settings_sources.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <utility>

namespace antiphon::embedded {
std::string_view call_page() noexcept;  // cmake/call_page.cmake
std::string_view openapi() noexcept;    // docs/openapi.yaml
}

namespace antiphon::app {
namespace {

constexpr int kFatalSignalExit = 128;

/// The device that the settings ask for, if the machine has it.
base::Result<void> check_device(const EngineSettings& settings, const Machine& machine) {
    if (settings.device != "gpu" || machine.gpu) return {};
    return base::error(base::Errc::unsupported,
                       "models.device is gpu, but this build found none: build with ANTIPHON_GPU=hip or cuda on a "
                       "machine that has one, or set it to auto",
                       "models.device");
}

}  // namespace

Server::Server(const Settings& settings)
    : settings_(settings),
      began_(base::Clock::now()),
      registry_(settings.max_calls),
      signals_(control_),
      deadline_(control_),
      io_(settings.io_threads) {}

Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::open(const Settings& settings) {
    const Machine machine = this_machine();
    if (auto there = check_device(settings.engines, machine); !there) return there.error();
    auto models =
        choose_models(settings.engines, settings.session.input_language, machine, engine::Catalog::embedded());
    if (!models) return models.error();
    std::unique_ptr<Server> server(new Server(settings));
    if (auto started = server->start(std::move(*models), machine); !started) return started.error();
    return server;
}

base::Result<void> Server::start(ModelChoice models, Machine machine) {
    services_.emplace(edge::Services{.registry = registry_,
                                     .call_settings = settings_.call,
                                     .default_session = settings_.session,
                                     .readiness = [this] { return readiness(); },
                                     .engines = [this] { return engines_->engines(); },
                                     .metrics = metrics_,
                                     .call_page = embedded::call_page(),
                                     .endpoint_engines = [this] { return engines_->endpoint_engines(); },
                                     .longest_recording = settings_.edge.max_recording,
                                     .openapi = embedded::openapi()});
    // Nothing is accepted before run(): the io_context has no threads yet.
    auto listener = edge::HttpListener::open(io_, settings_.edge, *services_);
    if (!listener) return listener.error();
    listener_ = std::move(*listener);
    base::log::info("server.listening", {{"host", settings_.edge.host}, {"port", port()}});
    base::log::info("models.chosen", {{"set", models.set},
                                      {"because", models.why},
                                      {"device", machine.gpu && settings_.engines.device != "cpu" ? "gpu" : "cpu"},
                                      {"change", "with models.set, or ANTIPHON_MODELS_SET"}});
    for (const std::string& key : settings_without_effect(settings_))
        base::log::warning("settings.no_effect",
                           {{"key", key}, {"because", "this build does not use such a server yet"}});
    engines_ = std::make_unique<Engines>(
        Engines::Loading{settings_.engines, std::move(models), machine, settings_.session.instructions}, metrics_,
        [this](base::Result<void> loaded) {
            boost::asio::post(control_, [this, loaded = std::move(loaded)] { take_loaded(loaded); });
        });
    return {};
}

std::uint16_t Server::port() const { return listener_->port(); }

edge::Readiness Server::readiness() const {
    edge::Readiness readiness = engines_->readiness();
    if (stopping_) {
        readiness.ready = false;
        readiness.failure = "the server is shutting down";
    }
    return readiness;
}

base::Result<void> Server::run() {
    for (const int signal : {SIGINT, SIGTERM}) signals_.add(signal);
    wait_for_signal();
    io_running_ = static_cast<std::size_t>(settings_.io_threads);
    for (std::size_t i = 0; i < io_running_; ++i) {
        io_threads_.emplace_back([this] { run_io(); });
        pthread_setname_np(io_threads_.back().native_handle(), "io");
    }
    control_.run();
    signals_.clear();  // from here on a second signal does what the system does with it: ends the process
    for (auto& thread : io_threads_) thread.join();
    base::log::info("server.io_ended", {});

    // What the calls left running ends before the io_context that it posts to.
    engines_->close_workers();
    base::log::info("server.workers_ended", {});
    return outcome_;
}

void Server::run_io() {
    for (;;) {
        try {
            io_.run();
            break;
        } catch (const std::exception& fault) {
            // One session's fault is not the others': it was dropped with its handler.
            base::log::error("server.fault", {{"what", fault.what()}});
        }
    }
    boost::asio::post(control_, [this] {
        if (--io_running_ == 0) control_.stop();
    });
}

void Server::take_loaded(const base::Result<void>& loaded) {
    if (stopping_) return;
    if (loaded) {
        base::log::info("server.ready", {{"port", port()}, {"seconds", base::seconds(base::Clock::now() - began_)}});
        return;
    }
    outcome_ = loaded;
    stop("an engine could not be loaded");
}

void Server::wait_for_signal() {
    signals_.async_wait([this](const boost::system::error_code& failure, int signal) {
        if (failure) return;
        const std::string_view name = signal == SIGINT ? "SIGINT" : "SIGTERM";
        if (stopping_) {
            base::log::warning("server.killed", {{"signal", name}});
            std::_Exit(kFatalSignalExit + signal);
        }
        wait_for_signal();
        stop(std::string(name));
    });
}

void Server::stop(const std::string& why) {
    stopping_ = true;
    base::log::info("server.stopping", {{"because", why}, {"calls", registry_.calls()}});
    registry_.close();
    listener_->close();
    deadline_.expires_after(settings_.shutdown);
    deadline_.async_wait([this](const boost::system::error_code& failure) {
        if (failure) return;
        base::log::warning("server.cut_short",
                           {{"calls", registry_.calls()}, {"after_ms", settings_.shutdown.count()}});
        io_.stop();
    });
}

}  // namespace antiphon::app
