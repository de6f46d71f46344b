#include "edge/ice_servers.hpp"

#include "base/base64.hpp"
#include "base/placeholder.hpp"
#include "edge/hmac_sha1.hpp"
#include "edge/ice_url.hpp"

#include <boost/json.hpp>

#include <span>

namespace antiphon::edge {

namespace json = boost::json;

namespace {

constexpr std::size_t kShortestSecret = 16;

/// The relay of the deployment guide, with the name and password that its operator publishes for everybody.
constexpr std::string_view kPublicRelays[] = {"turn:openrelay.metered.ca:80", "turn:openrelay.metered.ca:443",
                                              "turn:openrelay.metered.ca:443?transport=tcp"};
constexpr std::string_view kPublicName = "openrelayproject";

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

base::Error refuse(std::string key, const std::string& why) {
    return base::error(base::Errc::invalid, key + ": " + why, key);
}

base::Result<void> check_urls(const std::vector<std::string>& urls, bool relays, const char* key) {
    for (const std::string& text : urls) {
        const auto url = parse_ice_url(text);
        if (!url) return refuse(key, url.error().text);
        if (url->relays != relays)
            return refuse(key, "\"" + text + "\" belongs to " + (relays ? "ice.stun_urls" : "ice.turn_urls"));
    }
    return {};
}

json::array in_json(const auto& urls) {
    json::array all;
    for (const auto& url : urls) all.emplace_back(std::string_view(url));
    return all;
}

}  // namespace

std::string turn_password(std::string_view secret, std::string_view username) {
    return base::base64_encode(hmac_sha1(bytes_of(secret), bytes_of(username)));
}

TurnCredential turn_credential(std::string_view secret, std::int64_t expires, std::string_view name) {
    std::string username = std::to_string(expires) + ":" + std::string(name);
    std::string password = turn_password(secret, username);
    return {std::move(username), std::move(password)};
}

base::Result<void> check(const IceSettings& settings) {
    if (auto stun = check_urls(settings.stun_urls, false, "ice.stun_urls"); !stun) return stun;
    if (auto turn = check_urls(settings.turn_urls, true, "ice.turn_urls"); !turn) return turn;
    if (settings.turn_urls.empty()) return {};
    const std::string how = "; make one with: openssl rand -hex 32";
    if (settings.turn_secret.empty())
        return refuse("ice.turn_secret",
                      "ice.turn_urls names TURN servers, which need the secret that they share with us" + how);
    if (settings.turn_secret.size() < kShortestSecret)
        return refuse("ice.turn_secret", "it is shorter than 16 characters and could be guessed" + how);
    if (base::is_placeholder(settings.turn_secret))
        return refuse("ice.turn_secret", "it looks like a placeholder that was to be replaced" + how);
    return {};
}

Reply ice_reply(const IceSettings& settings, std::int64_t now, std::string_view name) {
    json::array servers;
    if (!settings.stun_urls.empty()) servers.push_back(json::object{{"urls", in_json(settings.stun_urls)}});
    json::value lifetime;
    if (!settings.turn_urls.empty()) {
        const auto seconds = static_cast<std::int64_t>(settings.turn_lifetime.count());
        const TurnCredential credential = turn_credential(settings.turn_secret, now + seconds, name);
        servers.push_back(json::object{{"urls", in_json(settings.turn_urls)},
                                       {"username", credential.username},
                                       {"credential", credential.password}});
        lifetime = seconds;
    }
    if (settings.public_relay)
        servers.push_back(
            json::object{{"urls", in_json(kPublicRelays)}, {"username", kPublicName}, {"credential", kPublicName}});
    const json::object body{{"iceServers", std::move(servers)}, {"ttl", std::move(lifetime)}};
    return {200, "application/json", json::serialize(body), {{"Cache-Control", "no-store"}}};
}

}  // namespace antiphon::edge
