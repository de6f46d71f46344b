#include "app/agent_settings.hpp"

#include "app/settings_table.hpp"
#include "app/toml_file.hpp"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <optional>
#include <sstream>
#include <utility>

namespace antiphon::app {
namespace {

constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxInstructions = 32'768;
constexpr std::size_t kMaxGreeting = 2'000;
constexpr std::size_t kMaxDescription = 500;
constexpr std::size_t kMaxVoice = 256;
constexpr std::size_t kMaxTools = 128;
constexpr std::int64_t kMaxOutputTokens = 4'096;
/// "file" is a setting of the section; "antiphon" is the model's name of calls without an agent.
constexpr std::string_view kReserved[] = {"file", "antiphon"};

/// An agent while it is read: the settings as they would be if all calls were its own.
struct Draft {
    Settings settings;
    std::string description;
    std::optional<std::vector<std::string>> tools;
};

/// A key of an agent's table. A failure's sentence begins with the key.
struct AgentKey {
    std::string name;
    Kind kind;
    std::function<base::Result<void>(Draft&, const Value&)> store;
};

base::Error invalid(std::string text) { return base::error(base::Errc::invalid, std::move(text)); }

base::Result<void> check_length(const std::string& key, std::string_view text, std::size_t limit) {
    if (text.size() <= limit) return {};
    return invalid(key + " has " + std::to_string(text.size()) + " bytes; it may have at most " +
                   std::to_string(limit));
}

/// The key does what the setting does for all calls.
AgentKey as_setting(const std::string& name, const std::string& setting_key, std::size_t limit = 0) {
    const Setting* setting = find_setting(setting_key);
    return {name, setting->kind, [=](Draft& draft, const Value& value) -> base::Result<void> {
                if (const auto* text = std::get_if<std::string>(&value); text != nullptr && limit > 0)
                    if (auto checked = check_length(name, *text, limit); !checked) return checked;
                auto stored = setting->store(draft.settings, value);
                if (stored) return stored;
                base::Error failure = stored.error();
                failure.text.replace(0, setting->key.size(), name);
                return failure;
            }};
}

template <typename Place>
AgentKey short_text(const std::string& name, std::size_t limit, Place place) {
    return {name, Kind::text, [=](Draft& draft, const Value& value) -> base::Result<void> {
                const auto& text = std::get<std::string>(value);
                if (auto checked = check_length(name, text, limit); !checked) return checked;
                place(draft) = text;
                return {};
            }};
}

bool is_word(std::string_view text, std::string_view more) {
    return !text.empty() && text.size() <= kMaxName && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               more.find(c) != std::string_view::npos;
    });
}

base::Result<void> store_tools(Draft& draft, const Value& value) {
    const auto& names = std::get<std::vector<std::string>>(value);
    if (names.size() > kMaxTools) return invalid("tools may name at most " + std::to_string(kMaxTools) + " tools");
    for (const std::string& name : names)
        if (!is_word(name, "_-")) return invalid("tools: a tool's name has 1 to 64 letters, digits, - or _");
    draft.tools = names;
    return {};
}

base::Result<void> store_max_output_tokens(Draft& draft, const Value& value) {
    const std::int64_t tokens = std::get<std::int64_t>(value);
    if (tokens < 1 || tokens > kMaxOutputTokens)
        return invalid("max_output_tokens is " + std::to_string(tokens) + "; it must be from 1 to " +
                       std::to_string(kMaxOutputTokens));
    draft.settings.session.max_output_tokens = static_cast<int>(tokens);
    return {};
}

const std::vector<AgentKey>& keys() {
    static const std::vector<AgentKey> all = [] {
        std::vector<AgentKey> made{
            short_text("description", kMaxDescription, [](Draft& d) -> auto& { return d.description; }),
            as_setting("instructions", "session.instructions", kMaxInstructions),
            as_setting("greeting", "session.greeting", kMaxGreeting),
            short_text("voice", kMaxVoice, [](Draft& d) -> auto& { return d.settings.session.voice; }),
            as_setting("language", "session.language", kMaxName),
            as_setting("speed", "session.speed"),
            as_setting("knowledge", "knowledge.collection", kMaxName),
            {"tools", Kind::list, store_tools},
            {"max_output_tokens", Kind::whole, store_max_output_tokens},
            as_setting("temperature", "language_model.temperature")};
        for (const Setting& setting : settings_table())
            if (setting.key.starts_with("turn.")) made.push_back(as_setting(setting.key, setting.key));
        return made;
    }();
    return all;
}

base::Result<void> store_key(Draft& draft, const std::string& name, const toml::node& node) {
    const auto found =
        std::find_if(keys().begin(), keys().end(), [&](const AgentKey& key) { return key.name == name; });
    if (found == keys().end()) {
        const auto known = agent_keys();
        return invalid(name + " is no key of an agent; did you mean " + std::string(nearest(name, known)) + "?");
    }
    const auto value = to_value(node);
    const bool fits = value && (found->kind == Kind::yes_no   ? std::holds_alternative<bool>(*value)
                                : found->kind == Kind::whole  ? std::holds_alternative<std::int64_t>(*value)
                                : found->kind == Kind::text   ? std::holds_alternative<std::string>(*value)
                                : found->kind == Kind::list   ? std::holds_alternative<std::vector<std::string>>(*value)
                                                              : true);
    if (!fits) return invalid(name + " must be " + std::string(words_for(found->kind)));
    return found->store(draft, *value);
}

base::Result<void> store_keys(Draft& draft, const toml::table& table, const std::string& prefix,
                              const std::string& agent, const std::string& file) {
    for (const auto& [key, node] : table) {
        const std::string name = prefix + std::string(key.str());
        base::Result<void> stored;
        const toml::table* inner = node.as_table();
        if (name == "turn" && inner != nullptr) {
            if (auto done = store_keys(draft, *inner, "turn.", agent, file); !done) return done;
            continue;
        }
        if (name == "turn") stored = invalid("turn must be a table");
        else stored = store_key(draft, name, node);
        if (!stored) {
            base::Error failure = stored.error();
            failure.text = "agents." + agent + "." + failure.text;
            return at(place_of(file, key), failure);
        }
    }
    return {};
}

base::Result<void> check_name(const std::string& name) {
    if (name.empty()) return invalid("an agent's name is empty");
    const auto reserved = std::find(std::begin(kReserved), std::end(kReserved), name);
    if (reserved != std::end(kReserved)) return invalid("no agent can have the name " + name + ": it is reserved");
    if (is_word(name, "-_.") && name.front() != '-' && name.front() != '_' && name.front() != '.') return {};
    return invalid("an agent's name has 1 to 64 letters (a to z, A to Z), digits, -, _ or ., and begins with a letter "
                   "or digit");
}

base::Result<AgentSettings> read_agent(const Settings& basis, const std::string& name, const toml::table& table,
                                       const std::string& place, const std::string& file) {
    Draft draft{basis, {}, {}};
    if (auto stored = store_keys(draft, table, "", name, file); !stored) return stored.error();
    AgentSettings made;
    made.place = place;
    std::ostringstream written;
    written << table;
    made.written = std::move(written).str();
    made.agent.name = name;
    made.agent.description = std::move(draft.description);
    made.agent.tools = std::move(draft.tools);
    made.agent.settings = draft.settings.call;
    made.agent.session = std::move(draft.settings.session);
    made.agent.session.agent = name;
    made.agent.session.model = name;
    made.agent.session.turn_detection = draft.settings.turn;
    return made;
}

base::Result<void> add_agents(std::vector<AgentSettings>& agents, const Settings& basis, const toml::table& tables,
                              const std::string& file) {
    for (const auto& [key, node] : tables) {
        const std::string name(key.str());
        const std::string place = place_of(file, key);
        if (auto good = check_name(name); !good) return at(place, good.error());
        const toml::table* table = node.as_table();
        if (table == nullptr) return at(place, invalid("agents." + name + " must be a table"));
        const auto same =
            std::find_if(agents.begin(), agents.end(), [&](const auto& a) { return a.agent.name == name; });
        if (same != agents.end())
            return at(place, invalid("there is already an agent " + name + ", at " + same->place));
        auto made = read_agent(basis, name, *table, place, file);
        if (!made) return made.error();
        agents.push_back(std::move(*made));
    }
    return {};
}

base::Result<void> add_file(std::vector<AgentSettings>& agents, const Settings& basis,
                            const std::filesystem::path& file) {
    const auto table = read_toml(file, "the file of agents");
    if (!table) return table.error();
    for (const auto& [key, node] : *table) {
        if (key.str() == "agents" && node.is_table()) continue;
        return at(place_of(file.string(), key),
                  invalid("a file of agents holds only tables [agents.NAME], not " + std::string(key.str())));
    }
    const toml::table* section = (*table)["agents"].as_table();
    return section == nullptr ? base::Result<void>() : add_agents(agents, basis, *section, file.string());
}

/// The files that agents.file names, in the order of their names; hidden ones are an editor's.
base::Result<std::vector<std::filesystem::path>> files_of(const std::filesystem::path& named) {
    std::error_code failure;
    if (!std::filesystem::is_directory(named, failure)) return std::vector{named};
    std::vector<std::filesystem::path> files;
    auto entry = std::filesystem::directory_iterator(named, failure);
    for (; !failure && entry != std::filesystem::directory_iterator(); entry.increment(failure)) {
        const auto& path = entry->path();
        if (path.extension() == ".toml" && !path.filename().string().starts_with('.')) files.push_back(path);
    }
    if (failure)
        return base::error(base::Errc::unavailable,
                           "the folder of agents " + named.string() + " cannot be read: " + failure.message());
    std::sort(files.begin(), files.end());
    return files;
}

}  // namespace

toml::table take_agents(toml::table& section) {
    toml::table agents;
    for (auto entry = section.begin(); entry != section.end();) {
        if (entry->second.is_table()) {
            agents.insert(entry->first, std::move(*entry->second.as_table()));
            entry = section.erase(entry);
        } else {
            ++entry;
        }
    }
    return agents;
}

base::Result<void> read_agents(Settings& settings, const toml::table& tables, const std::string& file) {
    Settings basis = settings;
    basis.agents.clear();
    basis.session.knowledge.clear();  // one agent's documents are no other's: each names its own
    std::vector<AgentSettings> agents;
    if (auto added = add_agents(agents, basis, tables, file); !added) return added;
    if (!settings.agents_file.empty()) {
        const auto files = files_of(settings.agents_file);
        if (!files) return files.error();
        for (const auto& one : *files)
            if (auto added = add_file(agents, basis, one); !added) return added;
    }
    std::sort(agents.begin(), agents.end(), [](const auto& a, const auto& b) { return a.agent.name < b.agent.name; });
    settings.agents = std::move(agents);
    return {};
}

std::vector<std::string> agent_keys() {
    std::vector<std::string> names;
    for (const AgentKey& key : keys()) names.push_back(key.name);
    return names;
}

}  // namespace antiphon::app
