#include "app/call_command.hpp"
#include "app/check_command.hpp"
#include "app/init_command.hpp"
#include "app/keys_command.hpp"
#include "app/knowledge_command.hpp"
#include "app/models_command.hpp"
#include "app/reload_command.hpp"
#include "app/serve_command.hpp"
#include "app/settings_sources.hpp"

#include <CLI/CLI.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

namespace {

using antiphon::app::CallCommand;
using antiphon::app::CallerTransport;
using antiphon::app::CheckCommand;
using antiphon::app::InitCommand;
using antiphon::app::KeysCommand;
using antiphon::app::KnowledgeCommand;
using antiphon::app::ModelsCommand;
using antiphon::app::ReloadCommand;
using antiphon::app::ServeCommand;

/// Where a command's settings come from besides the environment.
template <typename Command>
void add_settings(CLI::App& app, Command& command, const char* file) {
    app.add_option("--config", command.config, file);
    app.add_option("--set", command.assignments, "One setting, KEY=VALUE; may be given again")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
}

void describe(CLI::App& serve, ServeCommand& command) {
    serve.add_option("--host", command.host, "Address to listen on (default 127.0.0.1)");
    serve.add_option("--port", command.port, "Port to listen on (default 8080); 0 takes any free one");
    add_settings(serve, command, "Settings file, TOML; see antiphon.example.toml");
    serve.add_flag("--tls", command.tls,
                   "Speak https:// and wss://: with server.certificate if that is set, else with a self-signed one");
    serve.add_flag("--open", command.open,
                   "Let everybody in while there are no keys, also on an address that other machines reach");
    serve.add_option("--port-file", command.port_file, "Write the port here once the server listens");
    serve.add_flag("--check-config", command.check_config, "Check the settings and end");
    serve.add_flag("--print-settings", command.print_settings, "Print the settings in force, as TOML, and end");
    serve.add_flag("--print-settings-example", command.print_settings_example, "Print antiphon.example.toml and end");
    serve.add_flag("--print-settings-help", command.print_settings_help, "Print docs/configuration.md and end");
    serve.add_flag("--print-authorization", command.print_authorization, "Print docs/authorization.md and end");
}

void add_key(CLI::App& app, std::string& key) {
    app.add_option("--key", key, "The access key of a server that asks for one (or ANTIPHON_KEY)")->envname("ANTIPHON_KEY");
}

void describe(CLI::App& app, antiphon::edge::TlsTrust& trust) {
    app.add_flag("--insecure", trust.anybody, "Take any certificate of an https:// server, such as a self-signed one");
    app.add_option("--pin", trust.pin, "Take the https:// server with this public key only: sha256//..., as its log says");
}

void describe(CLI::App& call, CallCommand& command) {
    call.add_option("--wav", command.wavs, "Speak this WAV file; may be given again, one turn each")
        ->allow_extra_args(false);
    call.add_option("--text", command.texts, "Type this; may be given again")->allow_extra_args(false);
    call.add_option("--out", command.out, "Write what was said and heard to this WAV file, one channel each");
    call.add_option("--server", command.server, "The server's URL, http:// or https://")->capture_default_str();
    describe(call, command.trust);
    add_key(call, command.key);
    static const std::map<std::string, CallerTransport> kTransports{{"auto", CallerTransport::automatic},
                                                                    {"webrtc", CallerTransport::webrtc},
                                                                    {"websocket", CallerTransport::websocket}};
    call.add_option("--transport", command.transport,
                    "auto (default): WebRTC, and the WebSocket where that does not get through; or webrtc, websocket")
        ->transform(CLI::CheckedTransformer(kTransports))
        ->type_name("NAME");
    call.add_option_function<int>(
            "--fallback-ms", [&](int ms) { command.fallback = antiphon::base::milliseconds(ms); },
            "Without sound over WebRTC for so long, the call goes on over the WebSocket (default 3000)")
        ->check(CLI::Range(100, 60'000));
    call.add_option_function<int>(
            "--silence-ms", [&](int ms) { command.silence = antiphon::base::milliseconds(ms); },
            "Silence that ends a turn (default: the server's setting)")
        ->check(CLI::Range(0, 10'000));
    call.add_flag("--json", command.json, "One JSON object per turn instead of captions");
    call.add_option_function<int>(
            "--timeout", [&](int seconds) { command.timeout = std::chrono::seconds(seconds); },
            "Seconds to connect, and without any sign of an answer (default 30)")
        ->check(CLI::Range(1, 3'600));
}

void describe(CLI::App& check, CheckCommand& command) {
    check.add_option("server", command.server, "The server's URL, http:// or https://")->capture_default_str();
    describe(check, command.trust);
    add_key(check, command.key);
    check.add_flag("--json", command.json, "One JSON object per leg");
    check.add_flag("--ready", command.ready, "Only whether it is ready for calls; makes none");
    check.add_option_function<int>(
             "--timeout", [&](int seconds) { command.timeout = std::chrono::seconds(seconds); },
             "Seconds for each leg (default 5)")
        ->check(CLI::Range(1, 600));
}

void describe(CLI::App& init, InitCommand& command) {
    init.add_option("--output", command.output, "The file to write, - for standard output")->capture_default_str();
    init.add_flag("--force", command.force, "Replace the file that is there; it is kept as FILE.old");
}

void describe(CLI::App& reload, ReloadCommand& command) {
    reload.add_option("--pid-file", command.pid_file, "The server's pid file (default: as the settings say)");
    reload.add_option("--port", command.port, "The server's port (default 8080)");
    add_settings(reload, command, "The server's settings file");
    reload.add_option_function<int>(
              "--timeout", [&](int seconds) { command.timeout = std::chrono::seconds(seconds); },
              "Seconds to wait for the outcome (default 30)")
        ->check(CLI::Range(1, 3'600));
}

/// The models' folder is a setting as well: fetch where the server will look.
ModelsCommand with_directory(ModelsCommand command) {
    if (!command.models_directory.empty()) return command;
    auto environment = antiphon::app::environment_with_dotenv();
    if (!environment) throw std::runtime_error(environment.error().text);
    const auto settings =
        antiphon::app::read_settings({.file = {}, .environment = std::move(*environment), .assignments = {}});
    if (!settings) throw std::runtime_error(settings.error().text);
    command.models_directory = settings->engines.models_dir;
    return command;
}

int run(int argc, char** argv) {
    CLI::App app("Antiphon: a self-hosted voice AI server. Speak at /call and be answered aloud.", "antiphon");
    app.set_version_flag("--version", "antiphon " ANTIPHON_VERSION);
    app.require_subcommand(1);

    ServeCommand serve;
    auto* serve_app = app.add_subcommand("serve", "Run the server");
    describe(*serve_app, serve);
    CallCommand call;
    auto* call_app = app.add_subcommand("call", "Call a server from the terminal: speak WAV files, or type");
    describe(*call_app, call);

    CheckCommand check;
    auto* check_app = app.add_subcommand("check", "Find out which leg of the way to a server fails");
    describe(*check_app, check);

    InitCommand init;
    auto* init_app = app.add_subcommand("init", "Write a .env with secrets of its own, to begin with");
    describe(*init_app, init);

    ReloadCommand reload;
    auto* reload_app = app.add_subcommand("reload", "Have a running server read its settings and agents again");
    describe(*reload_app, reload);

    KeysCommand keys;
    add_keys_command(app, keys);

    ModelsCommand models;
    add_models_command(app, models);

    KnowledgeCommand knowledge;
    add_knowledge_command(app, knowledge);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& end) {
        if (end.get_exit_code() == 0) return app.exit(end);  // --help, --version
        std::cerr << "antiphon: " << end.what() << " (see antiphon --help)\n";
        return 1;
    }
    if (*serve_app) return run_serve_command(serve);
    if (*call_app) return run_call_command(call);
    if (*check_app) return run_check_command(check);
    if (*init_app) return run_init_command(init);
    if (*reload_app) return run_reload_command(reload);
    if (app.got_subcommand("keys")) return run_keys_command(keys);
    if (app.got_subcommand("knowledge")) return run_knowledge_command(knowledge);
    return run_models_command(with_directory(std::move(models)));
}

}  // namespace

int main(int argc, char** argv) {
    // A peer that has gone is told by the write's own result.
    std::signal(SIGPIPE, SIG_IGN);
    // ONNX Runtime's own binaries report to their maker, unless they are told not to before the library's first use.
    ::setenv("ORT_DISABLE_TELEMETRY", "1", 1);
    try {
        return run(argc, argv);
    } catch (const std::exception& fault) {
        std::cerr << "antiphon: " << fault.what() << "\n";
        return 1;
    }
}
