#include "call/agent.hpp"

#include <algorithm>

namespace antiphon::call {
namespace {

constexpr std::size_t kNamesTold = 20;

std::string names_of(const Agents& agents) {
    if (agents.named.empty()) return "this server has none";
    std::string text = "there are: ";
    for (std::size_t i = 0; i < agents.named.size() && i < kNamesTold; ++i)
        text += (i > 0 ? ", " : "") + agents.named[i].name;
    if (agents.named.size() > kNamesTold) text += " and " + std::to_string(agents.named.size() - kNamesTold) + " more";
    return text;
}

}  // namespace

base::Result<void> Agent::check_tools(const std::optional<std::vector<engine::Tool>>& offered) const {
    if (!tools || !offered) return {};
    for (std::size_t i = 0; i < offered->size(); ++i)
        if (const std::string& tool = (*offered)[i].name; std::find(tools->begin(), tools->end(), tool) == tools->end())
            return base::error(base::Errc::unsupported, "the agent " + name + " does not take the tool '" + tool + "'",
                               "tools[" + std::to_string(i) + "].name");
    return {};
}

const Agent* Agents::find(std::string_view name) const {
    const auto found = std::find_if(named.begin(), named.end(), [&](const Agent& a) { return a.name == name; });
    return found == named.end() ? nullptr : &*found;
}

base::Result<std::shared_ptr<const Agent>> choose(const std::shared_ptr<const Agents>& agents, std::string_view agent,
                                                  std::string_view model) {
    const Agent* chosen = agents->find(agent.empty() ? model : agent);
    if (chosen == nullptr && !agent.empty())
        return base::error(base::Errc::not_found, "there is no agent by that name; " + names_of(*agents), "agent");
    if (chosen == nullptr) chosen = &agents->plain;
    return std::shared_ptr<const Agent>(agents, chosen);
}

}  // namespace antiphon::call
