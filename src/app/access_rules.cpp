#include "app/access_rules.hpp"

#include "app/keys_file.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <utility>

namespace antiphon::app {
namespace {

using boost::asio::ip::tcp;

base::Result<std::vector<edge::AccessKey>> keys_of(const std::vector<std::string>& hashes) {
    std::vector<edge::AccessKey> keys;
    for (const std::string& text : hashes) {
        const auto refuse = [&](const std::string& why) {
            return base::error(base::Errc::invalid, "access.key_hashes has \"" + text + "\": " + why, "access.key_hashes");
        };
        const auto equals = text.find('=');
        const std::string name = text.substr(0, equals);
        const auto hash = equals == std::string::npos ? std::nullopt : edge::hash_from_hex(std::string_view(text).substr(equals + 1));
        if (!hash || !is_key_name(name)) return refuse("it must be NAME=SHA256, with 64 hexadecimal digits");
        if (std::any_of(keys.begin(), keys.end(), [&](const auto& one) { return one.name == name; }))
            return refuse("there are two of that name");
        keys.push_back({name, *hash});
    }
    return keys;
}

base::Result<std::vector<edge::AddressRange>> ranges_of(const std::vector<std::string>& texts) {
    std::vector<edge::AddressRange> ranges;
    for (const std::string& text : texts) {
        auto range = edge::AddressRange::parse(text);
        if (!range)
            return base::error(base::Errc::invalid, "access.trusted_proxies: " + range.error().text, "access.trusted_proxies");
        ranges.push_back(std::move(*range));
    }
    return ranges;
}

/// A name that cannot be resolved is reached by nobody; the listener says so.
bool others_reach(const std::string& host) {
    boost::asio::io_context io;
    boost::system::error_code failure;
    const auto found = tcp::resolver(io).resolve(host, "0", tcp::resolver::passive | tcp::resolver::numeric_service, failure);
    return !failure && std::any_of(found.begin(), found.end(),
                                   [](const auto& one) { return !one.endpoint().address().is_loopback(); });
}

}  // namespace

std::filesystem::path keys_file_of(const AccessSettings& settings) {
    return settings.keys_file.empty() ? default_keys_file() : std::filesystem::path(settings.keys_file);
}

base::Result<void> check(const AccessSettings& settings) {
    if (auto keys = keys_of(settings.key_hashes); !keys) return keys.error();
    if (auto ranges = ranges_of(settings.trusted_proxies); !ranges) return ranges.error();
    return {};
}

base::Result<edge::AccessRules> access_rules_of(const AccessSettings& settings) {
    auto keys = keys_of(settings.key_hashes);
    if (!keys) return keys.error();
    auto proxies = ranges_of(settings.trusted_proxies);
    if (!proxies) return proxies.error();
    edge::AccessRules rules;
    rules.keys_needed = !keys->empty();
    if (const auto file = keys_file_of(settings); !file.empty()) {
        const auto kept = read_keys_file(file);
        const bool absent = !kept && kept.error().code == base::Errc::not_found && settings.keys_file.empty();
        if (!kept && !absent) return kept.error();
        rules.keys_needed = rules.keys_needed || !absent;
        if (kept)
            for (const KeptKey& one : *kept) {
                if (std::any_of(keys->begin(), keys->end(), [&](const auto& other) { return other.name == one.key.name; }))
                    return base::error(base::Errc::invalid, "the key " + one.key.name + " stands in " + file.string() +
                                                                " and in access.key_hashes", "access.key_hashes");
                keys->push_back(one.key);
            }
    }
    rules.keys = edge::AccessKeys(std::move(*keys));
    rules.trusted_proxies = std::move(*proxies);
    rules.calls = settings.calls;
    rules.messages = settings.messages;
    return rules;
}

base::Result<void> check_exposure(const Settings& settings, const edge::AccessRules& rules) {
    if (rules.keys_needed || settings.access.open || !others_reach(settings.edge.host)) return {};
    return base::error(base::Errc::invalid,
                       "server.host is " + settings.edge.host + ", which other machines reach, and there is no access key: "
                       "make one with `antiphon keys add NAME`, or let everybody in with --open (access.open = true)",
                       "access.open");
}

}  // namespace antiphon::app
