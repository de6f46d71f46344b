#include "app/serve_command.hpp"

#include "app/server.hpp"
#include "app/settings_sources.hpp"
#include "app/settings_text.hpp"
#include "base/log.hpp"
#include "edge/authorization_page.hpp"

#include <fstream>
#include <iostream>
#include <utility>

namespace antiphon::app {
namespace {

int fail(const base::Error& failure) {
    std::cerr << "antiphon: " << failure.text << "\n";
    return 1;
}

base::Result<Settings> settings_of(const ServeCommand& command) {
    auto environment = environment_with_dotenv();
    if (!environment) return environment.error();
    SettingSources sources{
        .file = command.config, .environment = std::move(*environment), .assignments = command.assignments};
    if (command.host) sources.assignments.push_back("server.host=" + *command.host);
    if (command.port) sources.assignments.push_back("server.port=" + std::to_string(*command.port));
    if (command.open) sources.assignments.push_back("access.open=true");
    if (command.tls) {
        // Which of the two it is depends on what else is set, wherever that stands.
        sources.assignments.push_back("server.tls=files");
        if (auto with_files = read_settings(sources)) return with_files;
        else if (with_files.error().param != "server.certificate") return with_files.error();
        sources.assignments.back() = "server.tls=self_signed";
    }
    return read_settings(sources);
}

/// Whole or not at all, for whoever waits for the file.
base::Result<void> write_port(const std::filesystem::path& file, std::uint16_t port) {
    auto part = file;
    part += ".part";
    std::ofstream out(part);
    out << port << '\n';
    out.close();
    std::error_code failure;
    if (out) std::filesystem::rename(part, file, failure);
    if (out && !failure) return {};
    return base::error(base::Errc::unavailable, "the port file " + file.string() + " cannot be written");
}

}  // namespace

int run_serve_command(const ServeCommand& command) {
    if (command.print_settings_help) {
        std::cout << settings_page();
        return 0;
    }
    if (command.print_settings_example) {
        std::cout << to_toml(Settings(), true);
        return 0;
    }
    if (command.print_authorization) {
        std::cout << edge::authorization_page();
        return 0;
    }
    const auto settings = settings_of(command);
    if (!settings) return fail(settings.error());
    if (command.print_settings) {
        std::cout << to_toml(*settings, false);
        return 0;
    }
    if (command.check_config) {
        std::cout << "the settings are in order\n";
        for (const AgentSettings& one : settings->agents)
            std::cout << "agent " << one.agent.name << " (" << one.place << ")\n";
        return 0;
    }
    base::log::set_level(settings->log_level);

    auto server = Server::open(*settings, [&] { return settings_of(command); });
    if (!server) return fail(server.error());
    if (command.port_file)
        if (auto written = write_port(*command.port_file, (*server)->port()); !written) return fail(written.error());
    const auto ended = (*server)->run();
    server->reset();
    if (!ended) return fail(ended.error());
    base::log::info("server.stopped");
    return 0;
}

}  // namespace antiphon::app
