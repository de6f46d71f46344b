#include "app/reload.hpp"

#include "app/settings_table.hpp"

#include <algorithm>

namespace antiphon::app {
namespace {

const AgentSettings* find(const std::vector<AgentSettings>& agents, const std::string& name) {
    const auto found = std::find_if(agents.begin(), agents.end(), [&](const auto& a) { return a.agent.name == name; });
    return found == agents.end() ? nullptr : &*found;
}

}  // namespace

Reload plan_reload(const Settings& in_force, const Settings& read) {
    Reload reload;
    reload.settings = in_force;
    for (const Setting& setting : settings_table()) {
        const Value value = setting.load(read);
        if (value == setting.load(in_force)) continue;
        if (!setting.reloads) {
            reload.needs_restart.push_back(setting.key);
        } else if (setting.store(reload.settings, value)) {  // it was in bounds when it was read
            reload.changed.push_back(setting.key);
        }
    }
    reload.settings.session.turn_detection = reload.settings.turn;
    reload.settings.agents = read.agents;
    for (const AgentSettings& now : read.agents) {
        const AgentSettings* before = find(in_force.agents, now.agent.name);
        if (before == nullptr) reload.agents_added.push_back(now.agent.name);
        else if (before->written != now.written) reload.agents_changed.push_back(now.agent.name);
    }
    for (const AgentSettings& before : in_force.agents)
        if (find(read.agents, before.agent.name) == nullptr) reload.agents_gone.push_back(before.agent.name);
    return reload;
}

std::string in_words(const Reload& reload) {
    std::string text = "reloaded; calls that begin now find " + std::to_string(reload.settings.agents.size()) +
                       (reload.settings.agents.size() == 1 ? " agent\n" : " agents\n");
    const auto line = [&](const char* what, const std::vector<std::string>& names) {
        if (!names.empty()) text += std::string(what) + ": " + joined(names) + "\n";
    };
    line("changed", reload.changed);
    line("agents added", reload.agents_added);
    line("agents changed", reload.agents_changed);
    line("agents gone", reload.agents_gone);
    line("not before the server is started anew", reload.needs_restart);
    return text;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text.empty() ? "-" : text;
}

}  // namespace antiphon::app
