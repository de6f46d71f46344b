#include "app/settings_sources.hpp"

#include "app/access_rules.hpp"
#include "app/agent_settings.hpp"
#include "app/settings_table.hpp"
#include "app/toml_file.hpp"
#include "base/placeholder.hpp"

#include <unistd.h>

#include <algorithm>
#include <utility>

namespace antiphon::app {
namespace {

constexpr std::string_view kPrefix = "ANTIPHON_";

// Variables of ours that are no settings of the server: ANTIPHON_CONFIG names the file, ANTIPHON_KEY is what callers
// show, the others are read by the scripts and tests.
constexpr std::string_view kOtherVariables[] = {"ANTIPHON_CONFIG", "ANTIPHON_CACHE_DIR", "ANTIPHON_NATIVE",
                                                "ANTIPHON_GPU",    "ANTIPHON_BINARY",    "ANTIPHON_SCREENSHOTS",
                                                "ANTIPHON_KEY"};
constexpr std::string_view kTestPrefix = "ANTIPHON_TEST_";

base::Error unknown(const std::string& key) {
    std::vector<std::string> keys;
    for (const Setting& setting : settings_table()) keys.push_back(setting.key);
    return base::error(base::Errc::invalid,
                       "unknown setting " + key + "; did you mean " + std::string(nearest(key, keys)) + "?", key);
}

// ---- TOML

bool is_section(const std::string& key) {
    const auto table = settings_table();
    return std::any_of(table.begin(), table.end(), [&](const Setting& s) { return s.key.starts_with(key + "."); });
}

base::Result<void> store_table(Settings& settings, const toml::table& table, const std::string& prefix,
                               const std::string& file) {
    for (const auto& [name, node] : table) {
        const std::string key = prefix + std::string(name.str());
        const std::string origin = place_of(file, name);
        const Setting* setting = find_setting(key);
        if (setting == nullptr) {
            const auto* inner = node.as_table();
            if (inner == nullptr || (inner->empty() && !is_section(key))) return at(origin, unknown(key));
            if (auto stored = store_table(settings, *inner, key + ".", file); !stored) return stored;
            continue;
        }
        const auto value = to_value(node);
        if (!value)
            return at(origin,
                      base::error(base::Errc::invalid, key + " must be " + std::string(words_for(setting->kind)), key));
        if (auto stored = setting->store(settings, *value); !stored) return at(origin, stored.error());
    }
    return {};
}

/// Stores what the file says, and gives its table [agents], which is read when all else is known.
base::Result<toml::table> store_file(Settings& settings, const std::filesystem::path& file) {
    auto table = read_toml(file, "the settings file");
    if (!table) return table.error();
    toml::table agents;
    if (toml::table* section = (*table)["agents"].as_table()) agents = take_agents(*section);
    if (auto stored = store_table(settings, *table, "", file.string()); !stored) return stored.error();
    return agents;
}

// ---- Environment

const EnvironmentVariable* find_variable(const std::vector<EnvironmentVariable>& variables, std::string_view name) {
    const auto found = std::find_if(variables.rbegin(), variables.rend(),
                                    [&](const EnvironmentVariable& v) { return v.name == name && !v.value.empty(); });
    return found == variables.rend() ? nullptr : &*found;
}

base::Result<void> store_text(Settings& settings, const Setting& setting, std::string_view text,
                              const std::string& origin) {
    const auto value = parse_value(setting, text);
    if (!value) return at(origin, value.error());
    if (auto stored = setting.store(settings, *value); !stored) return at(origin, stored.error());
    return {};
}

base::Result<void> store_environment(Settings& settings, const std::vector<EnvironmentVariable>& variables) {
    std::vector<std::string> names;
    for (const Setting& setting : settings_table()) {
        names.push_back(setting.environment_name());
        const EnvironmentVariable* variable = find_variable(variables, names.back());
        if (variable == nullptr && !setting.guide_name.empty()) variable = find_variable(variables, setting.guide_name);
        if (variable == nullptr) continue;
        const auto origin = variable->origin + ": " + variable->name;
        if (auto stored = store_text(settings, setting, variable->value, origin); !stored) return stored;
    }
    for (const EnvironmentVariable& variable : variables) {
        if (!variable.name.starts_with(kPrefix) || variable.name.starts_with(kTestPrefix)) continue;
        if (std::find(names.begin(), names.end(), variable.name) != names.end()) continue;
        const auto& others = kOtherVariables;
        if (std::find(std::begin(others), std::end(others), variable.name) != std::end(others)) continue;
        return base::error(base::Errc::invalid, variable.origin + ": unknown setting " + variable.name +
                                                    "; did you mean " + std::string(nearest(variable.name, names)) +
                                                    "?");
    }
    return {};
}

// ---- Command line

base::Result<void> store_assignment(Settings& settings, const std::string& assignment) {
    const std::string origin = "command line";
    const auto equals = assignment.find('=');
    if (equals == std::string::npos)
        return base::error(base::Errc::invalid, origin + ": \"" + assignment + "\" is not KEY=VALUE");
    const std::string key = assignment.substr(0, equals);
    const Setting* setting = find_setting(key);
    if (setting == nullptr) return at(origin, unknown(key));
    return store_text(settings, *setting, std::string_view(assignment).substr(equals + 1), origin);
}

base::Result<void> check(const TlsSettings& tls) {
    const auto refuse = [](const char* key, std::string why) {
        return base::error(base::Errc::invalid, std::string(key) + ": " + std::move(why), key);
    };
    const bool files = tls.mode == "files";
    if (files && tls.certificate.empty()) return refuse("server.certificate", "server.tls is files, which needs a certificate's file");
    if (files && tls.private_key.empty()) return refuse("server.private_key", "server.tls is files, which needs a private key's file");
    if (files || (tls.certificate.empty() && tls.private_key.empty())) return {};
    return refuse("server.tls", "it is " + tls.mode + ", but a certificate or a private key is given; set it to files");
}

/// A server that is to think or embed needs an address.
base::Result<void> check_model_servers(const Settings& settings) {
    const EngineSettings& engines = settings.engines;
    const auto missing = [](const std::string& key, const std::string& address) {
        return base::error(base::Errc::invalid, key + ", but " + address + " is not set", address);
    };
    if (settings.backends.ollama_base_url.empty()) {
        if (engines.language_model_backend == "ollama") return missing("language_model.backend is ollama", "ollama.base_url");
        if (engines.embedder_backend == "ollama") return missing("embedder.backend is ollama", "ollama.base_url");
    }
    if (engines.language_model_backend == "openai" && engines.openai_base_url.empty())
        return missing("language_model.backend is openai", "openai.base_url");
    return {};
}

/// A secret that everybody can read in an example is none.
base::Result<void> check_secrets(const Settings& settings) {
    for (const Setting& setting : settings_table()) {
        if (!setting.secret || !base::is_placeholder(std::get<std::string>(setting.load(settings)))) continue;
        const std::string names = setting.environment_name() + (setting.guide_name.empty() ? "" : " or " + setting.guide_name);
        return base::error(base::Errc::invalid,
                           setting.key + " (" + names + " in the environment or .env) is a placeholder; put a secret in its " +
                               "place: `antiphon init` writes a .env with new ones, `openssl rand -hex 32` prints one",
                           setting.key);
    }
    return {};
}

}  // namespace

std::vector<EnvironmentVariable> process_environment() {
    std::vector<EnvironmentVariable> variables;
    for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
        const std::string_view line = *entry;
        const auto equals = line.find('=');
        if (equals == std::string_view::npos) continue;
        variables.push_back({std::string(line.substr(0, equals)), std::string(line.substr(equals + 1)), "environment"});
    }
    return variables;
}

base::Result<Settings> read_settings(const SettingSources& sources) {
    Settings settings;
    auto file = sources.file;
    if (!file)
        if (const auto* variable = find_variable(sources.environment, "ANTIPHON_CONFIG")) file = variable->value;
    toml::table agents;
    if (file) {
        auto stored = store_file(settings, *file);
        if (!stored) return stored.error();
        agents = std::move(*stored);
    }
    if (auto stored = store_environment(settings, sources.environment); !stored) return stored.error();
    for (const std::string& assignment : sources.assignments)
        if (auto stored = store_assignment(settings, assignment); !stored) return stored.error();

    if (auto servers = check_model_servers(settings); !servers) return servers.error();
    if (auto tls = check(settings.tls); !tls) return tls.error();
    if (auto ice = edge::check(settings.ice); !ice) return ice.error();
    if (auto secrets = check_secrets(settings); !secrets) return secrets.error();
    if (auto access = check(settings.access); !access) return access.error();
    if (!settings.session_store.user.empty() && settings.session_store.password.empty())
        return base::error(base::Errc::invalid, "redis.user needs redis.password (REDIS_PASSWORD) beside it", "redis.password");
    settings.session.turn_detection = settings.turn;
    if (auto read = read_agents(settings, agents, file ? file->string() : std::string()); !read) return read.error();
    return settings;
}

}  // namespace antiphon::app
