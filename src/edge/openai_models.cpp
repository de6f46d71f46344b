#include "edge/openai_models.hpp"

#include "protocol/fields.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

struct Listed {
    std::string name;
    std::optional<ModelUse> use;  ///< none: the conversation's name, which serves every use
};

std::vector<Listed> listed(const Services& services) {
    std::vector<Listed> models{{services.agents()->plain.session.model, std::nullopt}};
    const auto add = [&](const std::string& name, ModelUse use) {
        const bool there = std::any_of(models.begin(), models.end(), [&](const Listed& one) { return one.name == name; });
        if (!name.empty() && !there) models.push_back({name, use});
    };
    if (const auto* engines = services.endpoint_engines()) {
        add(engines->language_model_name, ModelUse::chat);
        add(engines->recognizer_name, ModelUse::transcription);
        add(engines->synthesizer_name, ModelUse::speech);
        if (engines->embedder != nullptr) add(engines->embedder_name, ModelUse::embedding);
    }
    return models;
}

json::object model_object(const std::string& name) {
    return {{"id", name}, {"object", "model"}, {"created", 0}, {"owned_by", "antiphon"}};
}

bool one_of_openais(std::string_view name, ModelUse use) {
    const auto begins = [&](std::initializer_list<std::string_view> beginnings) {
        return std::any_of(beginnings.begin(), beginnings.end(), [&](auto beginning) { return name.starts_with(beginning); });
    };
    switch (use) {
        case ModelUse::transcription: return begins({"whisper-", "gpt-"});
        case ModelUse::speech: return begins({"tts-", "gpt-"});
        case ModelUse::chat: return begins({"gpt-", "chatgpt-"});
        case ModelUse::embedding: return begins({"text-embedding-"});
    }
    return false;
}

}  // namespace

Reply models_reply(const Services& services) {
    json::array data;
    for (const Listed& model : listed(services)) data.push_back(model_object(model.name));
    return {200, "application/json", json::serialize(json::object{{"object", "list"}, {"data", std::move(data)}})};
}

Reply model_reply(std::string_view name, const Services& services) {
    for (const Listed& model : listed(services))
        if (model.name == name) return {200, "application/json", json::serialize(model_object(model.name))};
    return model_not_found_reply(name);
}

bool model_serves(std::string_view name, ModelUse use, const Services& services) {
    if (one_of_openais(name, use)) return true;
    for (const Listed& model : listed(services))
        if (model.name == name) return model.use.value_or(use) == use;
    return false;
}

Reply model_not_found_reply(std::string_view name) {
    return error_reply(404, "model_not_found",
                       "there is no model " + protocol::quoted(name) + " for this here; GET /v1/models lists what there is", {},
                       "model");
}

}  // namespace antiphon::edge
