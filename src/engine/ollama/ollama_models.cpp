#include "engine/ollama/ollama_models.hpp"

#include <boost/json.hpp>

#include <charconv>
#include <string_view>
#include <utility>

namespace antiphon::engine::ollama {
namespace {

namespace json = boost::json;

constexpr base::milliseconds kListWithin{10'000};

/// "llama3.2" is "llama3.2:latest"; a name may have a registry with a port before its last slash.
std::string with_tag(std::string_view name) {
    const auto last = name.substr(name.find_last_of('/') + 1);
    return std::string(name) + (last.find(':') == std::string_view::npos ? ":latest" : "");
}

}  // namespace

base::Result<void> check_model(RemoteServer& server, const std::string& model, std::stop_token stop) {
    const auto body = server.fetch({"/api/tags"}, kListWithin, std::move(stop));
    if (!body) return body.error();
    boost::system::error_code failure;
    const json::value list = json::parse(*body, failure);
    const json::object* object = failure ? nullptr : list.if_object();
    const json::value* models = object != nullptr ? object->if_contains("models") : nullptr;
    // Without any model some versions answer null.
    if (models == nullptr || !(models->is_array() || models->is_null()))
        return base::error(base::Errc::engine, server.name() + " does not answer /api/tags as Ollama does");
    if (models->is_array())
        for (const json::value& one : models->get_array()) {
            const json::object* entry = one.if_object();
            const json::value* name = entry != nullptr ? entry->if_contains("name") : nullptr;
            if (name != nullptr && name->is_string() && with_tag(name->get_string()) == with_tag(model)) return {};
        }
    return base::error(base::Errc::not_found, server.name() + " has no model " + model + "; get it with `ollama pull " +
                                                  model + "`, or with `docker compose exec ollama ollama pull " +
                                                  model + "` where it runs in a container");
}

json::value keep_alive_value(const std::string& keep_alive) {
    long long seconds = 0;
    const char* end = keep_alive.data() + keep_alive.size();
    const auto [rest, failure] = std::from_chars(keep_alive.data(), end, seconds);
    if (failure == std::errc{} && rest == end) return seconds;
    return json::string(keep_alive);
}

}  // namespace antiphon::engine::ollama
