#include "edge/options.hpp"

#include "edge/answers.hpp"
#include "edge/services.hpp"

#include <boost/json.hpp>

namespace antiphon::edge {

namespace json = boost::json;

Reply options_reply(const Services& services) {
    const EngineOptions* engines = services.engine_options ? services.engine_options() : nullptr;
    if (engines == nullptr) return not_ready_reply(services);
    json::array languages;
    for (const auto& language : engines->languages)
        languages.push_back(json::object{{"code", language.code}, {"name", language.name}});
    json::array voices;
    for (const auto& voice : engines->voices)
        voices.push_back(json::object{{"id", voice.id}, {"language", voice.language}});
    json::array agents;
    for (const auto& agent : services.agents()->named)
        agents.push_back(json::object{{"name", agent.name}, {"description", agent.description}});
    json::array models;
    for (const auto& model : engines->models) models.emplace_back(model);
    const json::object body{{"languages", std::move(languages)},
                            {"voices", std::move(voices)},
                            {"agents", std::move(agents)},
                            {"models", std::move(models)},
                            {"default_voice", engines->default_voice},
                            {"partials", true}};
    return {200, "application/json", json::serialize(body), {{"Cache-Control", "no-store"}}};
}

}  // namespace antiphon::edge
