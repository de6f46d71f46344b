#include "app/settings.hpp"

namespace antiphon::app {

Settings::Settings() {
    webrtc.public_address = "auto";
    session.model = "antiphon";
    session.instructions =
        "You are a friendly assistant in a phone call. Answer in one or two short sentences of plain spoken "
        "language, without lists, markup or emoji.";
}

call::Agents agents_of(const Settings& settings) {
    call::Agents agents;
    agents.plain.session = settings.session;
    agents.plain.settings = settings.call;
    for (const AgentSettings& one : settings.agents) agents.named.push_back(one.agent);
    return agents;
}

}  // namespace antiphon::app
