#include "app/caller_ice.hpp"

#include <boost/json.hpp>

#include <utility>

namespace antiphon::app {
namespace {

namespace json = boost::json;

std::string text_of(const json::object& entry, std::string_view key) {
    const auto* value = entry.if_contains(key);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace

std::optional<std::vector<IceServer>> read_ice_servers(std::string_view body) {
    boost::system::error_code no_json;
    const json::value ice = json::parse({body.data(), body.size()}, no_json);
    const auto* fields = no_json ? nullptr : ice.if_object();
    const auto* entries = fields == nullptr ? nullptr : fields->if_contains("iceServers");
    if (entries == nullptr || !entries->is_array()) return std::nullopt;
    std::vector<IceServer> servers;
    for (const auto& entry : entries->get_array()) {
        const auto* object = entry.if_object();
        const auto* urls = object == nullptr ? nullptr : object->if_contains("urls");
        if (urls == nullptr || !urls->is_array()) continue;
        for (const auto& one : urls->get_array()) {
            if (!one.is_string()) continue;
            std::string name(one.get_string());
            const auto url = edge::parse_ice_url(name);
            if (!url) continue;
            servers.push_back({std::move(name), *url, text_of(*object, "username"), text_of(*object, "credential")});
        }
    }
    return servers;
}

}  // namespace antiphon::app
