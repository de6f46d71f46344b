#include "app/server.hpp"

#include "app/engine_warm_up.hpp"
#include "app/reload.hpp"
#include "app/self_signed.hpp"
#include "app/server_metrics.hpp"
#include "app/service_notice.hpp"
#include "app/settings_sources.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "edge/http_date.hpp"
#include "edge/session_metrics.hpp"
#include "edge/stun_client.hpp"
#include "store/memory_store.hpp"
#include "store/redis_notes.hpp"
#include "store/redis_store.hpp"

#include <boost/asio/post.hpp>

#include <fcntl.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string_view>
#include <tuple>
#include <utility>

namespace antiphon::embedded {
std::string_view call_page() noexcept;  // cmake/call_page.cmake, as is the next
std::string_view widget() noexcept;
std::string_view openapi() noexcept;    // docs/openapi.yaml
}

namespace antiphon::app {
namespace {

constexpr int kFatalSignalExit = 128;
constexpr std::size_t kMostClientSecrets = 1'000;
/// For what the last calls left to be written, at the server's end.
constexpr base::milliseconds kLastWrites{2'000};

bool has_terminal() {
    return bool(engine::FileDescriptor(::open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY)));
}

/// Whether the server was started in a terminal, and not by nohup.
bool belongs_to_terminal() {
    struct ::sigaction before {};
    return ::sigaction(SIGHUP, nullptr, &before) == 0 && before.sa_handler != SIG_IGN && has_terminal();
}

/// The device that the settings ask for, if the machine has it.
base::Result<void> check_device(const EngineSettings& settings, const Machine& machine) {
    if (settings.device != "gpu" || machine.gpu) return {};
    return base::error(base::Errc::unsupported,
                       "models.device is gpu, but this build found none: build with ANTIPHON_GPU=hip or cuda on a "
                       "machine that has one, or set it to auto",
                       "models.device");
}

}  // namespace

Server::Server(const Settings& settings, ReadAgain read_again)
    : settings_(settings),
      read_again_(std::move(read_again)),
      began_(base::Clock::now()),
      registry_(settings.max_calls),
      client_secrets_(kMostClientSecrets, settings.client_secret_lifetime),
      signals_(control_),
      ends_with_terminal_(belongs_to_terminal()),
      hangups_(control_, SIGHUP),
      in_force_(settings),
      deadline_(control_),
      agents_(std::make_shared<const call::Agents>(agents_of(settings))),
      io_(static_cast<std::size_t>(settings.io_threads)) {}

Server::~Server() = default;

base::Result<std::unique_ptr<Server>> Server::open(const Settings& settings, ReadAgain read_again) {
    const Machine machine = this_machine();
    if (auto there = check_device(settings.engines, machine); !there) return there.error();
    auto models =
        choose_models(settings.engines, settings.session.input_language, machine, engine::Catalog::embedded(),
                      thinks_here(settings.engines, settings.backends.ollama_base_url));
    if (!models) return models.error();
    std::unique_ptr<Server> server(new Server(settings, std::move(read_again)));
    if (auto opened = server->open_access(); !opened) return opened.error();
    if (auto started = server->start(std::move(*models), machine); !started) return started.error();
    return server;
}

base::Result<void> Server::start(ModelChoice models, Machine machine) {
    if (auto opened = open_webrtc(); !opened) return opened;
    if (auto opened = open_tls(); !opened) return opened;
    open_session_store();
    services_.emplace(edge::Services{.registry = registry_,
                                     .agents = [this] { return agents(); },
                                     .readiness = [this] { return readiness(); },
                                     .engines = [this] { return engines_->engines(); },
                                     .metrics = metrics_,
                                     .call_page = embedded::call_page(),
                                     .widget = embedded::widget(),
                                     .engine_options = [this] { return engines_->options(); },
                                     .endpoint_engines = [this] { return engines_->endpoint_engines(); },
                                     .longest_recording = settings_.edge.max_recording,
                                     .openapi = embedded::openapi(),
                                     .ice = settings_.ice,
                                     .access = access_.get(),
                                     .client_secrets = &client_secrets_,
                                     .shared_secrets = shared_secrets_.get(),
                                     .tls = tls_,
                                     .webrtc = webrtc_.get(),
                                     .session_store = session_store_.get()});
    // Nothing is accepted before run(): the loops have no threads yet.
    auto listener = edge::HttpListener::open(io_, settings_.edge, *services_);
    if (!listener) return listener.error();
    listener_ = std::move(*listener);
    if (auto opened = open_metrics(); !opened) return opened;
    if (auto taken = take_pid_file(); !taken) return taken;
    base::log::info("models.chosen", {{"set", models.set},
                                      {"because", models.why},
                                      {"device", machine.gpu && settings_.engines.device != "cpu" ? "gpu" : "cpu"},
                                      {"change", "with models.set, or ANTIPHON_MODELS_SET"}});
    if (!models.no_embedder.empty()) base::log::info("embeddings.off", {{"because", models.no_embedder}});
    base::log::info("server.listening", {{"host", settings_.edge.host}, {"port", port()}, {"tls", settings_.tls.mode}});
    engines_ = std::make_unique<Engines>(
        Engines::Loading{settings_.engines, std::move(models), machine, settings_.session.instructions,
                         settings_.backends.ollama_base_url},
        metrics_,
        [this](base::Result<void> loaded) {
            boost::asio::post(control_, [this, loaded = std::move(loaded)] { take_loaded(loaded); });
        });
    edge::SessionMetrics(metrics_).announce();
    watch_server(metrics_, {registry_, [this] { return readiness(); }, [this] { return engines_->language_models(); },
                            [this]() -> std::optional<std::chrono::system_clock::time_point> {
                                if (!tls_) return std::nullopt;
                                return tls_->facts().expires;
                            }});
    return {};
}

void Server::open_session_store() {
    const SessionStoreSettings& wanted = settings_.session_store;
    std::unique_ptr<store::SessionStore> store = std::make_unique<store::MemoryStore>(wanted.lifetime);
    if (!wanted.host.empty() || !wanted.socket.empty()) {
        const store::RedisAddress address{wanted.host, wanted.port, wanted.socket, wanted.user, wanted.password, wanted.timeout};
        base::log::info("session_store.redis", {{"at", address.in_words()}, {"lifetime_s", wanted.lifetime.count()}});
        store = std::make_unique<store::RedisStore>(address, wanted.lifetime);
        shared_secrets_ = std::make_unique<edge::SharedSecrets>(client_secrets_, std::make_unique<store::RedisNotes>(address),
                                                                kMostClientSecrets);
    }
    store::WriteBehindSettings bounds;
    bounds.max_bytes = wanted.max_waiting;
    session_store_ = std::make_unique<store::WriteBehind>(std::move(store), bounds, metrics_);
}

base::Result<void> Server::open_webrtc() {
    if (!settings_.webrtc.enabled) return {};
    edge::WebRtcSettings wanted = settings_.webrtc;
    auto address = edge::resolve_public_address(wanted.public_address, settings_.ice.stun_urls);
    if (!address && address.error().code == base::Errc::invalid) return address.error();
    if (!address) base::log::warning("webrtc.no_public_address", {{"because", address.error().text}});
    wanted.public_address = address ? *address : "";
    auto opened = edge::WebRtcStack::open(wanted, &line_metrics_);
    if (!opened) return opened.error();
    webrtc_ = std::move(*opened);
    base::log::info("webrtc.open", {{"ports", wanted.ports}, {"public_address", wanted.public_address}});
    return {};
}

base::Result<void> Server::open_tls() {
    const TlsSettings& wanted = settings_.tls;
    if (wanted.mode == "off") return {};
    CertificateFiles files{wanted.certificate, wanted.private_key};
    if (wanted.mode == "self_signed") {
        auto kept = keep_self_signed(default_tls_folder(), names_of_this_machine(settings_.edge.host), std::chrono::system_clock::now());
        if (!kept) return kept.error();
        files = std::move(*kept);
    }
    if (tls_) {
        if (auto again = tls_->read_again(); !again) return again;
    } else {
        auto opened = edge::TlsCertificates::open(files.certificate, files.private_key);
        if (!opened) return opened.error();
        tls_ = std::move(*opened);
    }
    const edge::CertificateFacts facts = tls_->facts();
    base::log::info("tls.certificate", {{"file", files.certificate.string()},
                                        {"fingerprint", facts.fingerprint},
                                        {"pin", facts.pin},
                                        {"expires", edge::http_date(facts.expires)}});
    if (facts.expires < std::chrono::system_clock::now()) base::log::warning("tls.expired", {{"file", files.certificate.string()}});
    return {};
}

std::uint16_t Server::port() const { return listener_->port(); }

edge::Readiness Server::readiness() const {
    edge::Readiness readiness = engines_->readiness();
    if (session_store_->durable()) {
        const store::StoreState state = session_store_->state();
        readiness.session_store = state.ok ? "ok" : "degraded";
        readiness.session_store_failure = state.reason;
    }
    if (stopping_) {
        readiness.ready = false;
        readiness.failure = "the server is shutting down";
    }
    return readiness;
}

base::Result<void> Server::run() {
    for (const int signal : {SIGINT, SIGTERM}) signals_.add(signal);
    wait_for_signal();
    wait_for_hangup();
    notify_service("STATUS=loading the models");
    io_running_ = io_.count();
    for (std::size_t i = 0; i < io_.count(); ++i) {
        io_threads_.emplace_back([this, &loop = io_.at(i)] { run_io(loop); });
        pthread_setname_np(io_threads_.back().native_handle(), "io");
    }
    control_.run();
    signals_.clear();  // from here on a second signal does what the system does with it: ends the process
    for (auto& thread : io_threads_) thread.join();
    base::log::debug("server.io_ended", {});
    if (webrtc_) webrtc_->close();
    if (shared_secrets_) shared_secrets_->close();
    session_store_->close(kLastWrites);

    // What the calls left running ends before the loops that it posts to.
    engines_->close_workers();
    base::log::debug("server.workers_ended", {});
    return outcome_;
}

void Server::run_io(boost::asio::io_context& loop) {
    for (;;) {
        try {
            loop.run();
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
        notify_service("READY=1\nSTATUS=ready");
        base::log::info("server.ready", {{"port", port()},
                                         {"milliseconds", base::whole_milliseconds(base::Clock::now() - began_)}});
        look_at_agents();
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

base::Result<void> Server::take_pid_file() {
    const bool named = !settings_.pid_file.empty();
    if (!named && settings_.edge.port == 0) return {};
    auto taken = PidFile::take(named ? std::filesystem::path(settings_.pid_file) : default_pid_file(port()));
    if (taken) {
        pid_file_ = std::move(*taken);
        return {};
    }
    if (named) return taken.error();
    base::log::warning("server.no_pid_file", {{"because", taken.error().text}, {"change", "with server.pid_file"}});
    return {};
}

std::shared_ptr<const call::Agents> Server::agents() const {
    const std::scoped_lock lock(agents_mutex_);
    return agents_;
}

void Server::wait_for_hangup() {
    hangups_.async_wait([this](const boost::system::error_code& failure, int) {
        if (failure) return;
        wait_for_hangup();
        if (ends_with_terminal_ && !has_terminal()) {
            if (!stopping_) stop("its terminal was closed");
            return;
        }
        // Many signals at once are one wish.
        if (std::exchange(reload_wanted_, true)) return;
        boost::asio::post(control_, [this] { reload(); });
    });
}

void Server::reload() {
    reload_wanted_ = false;
    notify_reloading();
    ReloadOutcome outcome{base::Clock::now(), false, {}};
    auto text = read_again();
    outcome.done = bool(text);
    outcome.text = text ? *text : text.error().text;
    // Also to a server that is still loading, or has begun to end, this says where it stands.
    if (!stopping_ && engines_->engines() != nullptr) notify_service("READY=1\nSTATUS=ready");
    if (!text) base::log::error("reload.refused", {{"because", outcome.text}, {"in_force", "what was"}});
    if (!pid_file_) return;
    if (auto told = pid_file_->tell(outcome); !told)
        base::log::warning("reload.not_told", {{"because", told.error().text}});
}

base::Result<std::string> Server::read_again() {
    if (stopping_) return base::error(base::Errc::unavailable, "the server is shutting down");
    if (!read_again_) return base::error(base::Errc::unsupported, "this server has nothing to read its settings from");
    const auto read = read_again_();
    if (!read) return read.error();
    // A certificate that was renewed is taken for the connections to come; a broken one is refused with all the rest.
    if (auto opened = open_tls(); !opened) return opened.error();
    Reload reload = plan_reload(in_force_, *read);
    const auto access = change_access(reload.settings);
    if (!access) return access.error();
    auto agents = std::make_shared<const call::Agents>(agents_of(reload.settings));
    {
        const std::scoped_lock lock(agents_mutex_);
        agents_.swap(agents);
    }
    base::log::set_level(reload.settings.log_level);
    base::log::info("reload.done", {{"agents", reload.settings.agents.size()},
                                    {"changed", joined(reload.changed)},
                                    {"agents_added", joined(reload.agents_added)},
                                    {"agents_changed", joined(reload.agents_changed)},
                                    {"agents_gone", joined(reload.agents_gone)}});
    if (!reload.needs_restart.empty())
        base::log::warning("reload.needs_restart", {{"keys", joined(reload.needs_restart)}});
    in_force_ = reload.settings;
    if (engines_->engines() != nullptr) look_at_agents();
    return in_words(reload) + *access;
}

void Server::look_at_agents() {
    const call::CallEngines& engines = *engines_->engines();
    const auto voices = engines.synthesizer.voices();
    for (const call::Agent& agent : agents()->named) {
        const auto& [voice, language] = std::tie(agent.session.voice, agent.session.input_language);
        if (!voice.empty() && std::find(voices.begin(), voices.end(), voice) == voices.end())
            base::log::warning("agent.no_such_voice", {{"agent", agent.name}, {"voice", voice}});
        if (!language.empty() && !knows_language(engines.recognizer, language))
            base::log::warning("agent.no_such_language", {{"agent", agent.name}, {"language", language}});
    }
}

void Server::stop(const std::string& why) {
    stopping_ = true;
    notify_service("STOPPING=1\nSTATUS=ending: " + why);
    base::log::info("server.stopping", {{"because", why}, {"calls", registry_.calls()}});
    registry_.close();
    listener_->drain(settings_.drain);
    if (metrics_listener_) metrics_listener_->drain(settings_.drain);
    deadline_.expires_after(settings_.drain + settings_.shutdown);
    deadline_.async_wait([this](const boost::system::error_code& failure) {
        if (failure) return;
        base::log::warning("server.cut_short",
                           {{"calls", registry_.calls()},
                            {"after_ms", (settings_.drain + settings_.shutdown).count()}});
        io_.stop();
    });
}

}  // namespace antiphon::app
