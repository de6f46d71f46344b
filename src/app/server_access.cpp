// Who is let into the server, and the listener for metrics alone.

#include "app/access_rules.hpp"
#include "app/server.hpp"
#include "base/log.hpp"

#include <utility>

namespace antiphon::app {

base::Result<void> Server::open_access() {
    auto rules = access_rules_of(settings_.access);
    if (!rules) return rules.error();
    if (auto meant = check_exposure(settings_, *rules); !meant) return meant.error();
    if (rules->keys_needed) {
        base::log::info("access.keys", {{"keys", rules->keys.size()}});
        if (rules->keys.size() == 0) base::log::warning("access.no_key", {{"means", "nobody is let in"}, {"change", "with antiphon keys add NAME"}});
        if (settings_.access.open) base::log::info("access.open_not_needed", {{"because", "there are keys, and they are asked for"}});
    } else if (settings_.access.open) {
        base::log::warning("access.open", {{"host", settings_.edge.host},
                                           {"means", "everybody who reaches this address can call, and use the models, without a key"},
                                           {"change", "with antiphon keys add NAME"}});
    }
    access_ = std::make_unique<edge::AccessControl>(std::move(*rules));
    return {};
}

base::Result<std::string> Server::change_access(const Settings& settings) {
    auto rules = access_rules_of(settings.access);
    if (!rules) return rules.error();
    // A server with keys stays one until it is started anew: a file that was lost opens nothing.
    rules->keys_needed = rules->keys_needed || access_->rules()->keys_needed;
    const bool needed = rules->keys_needed;
    const auto count = rules->keys.size();
    access_->change(std::move(*rules));
    base::log::info("access.changed", {{"keys", count}, {"needed", needed ? "yes" : "no"}});
    return needed ? "access keys: " + std::to_string(count) + "\n" : std::string();
}

base::Result<void> Server::open_metrics() {
    if (settings_.metrics_port == 0) return {};
    metrics_services_.emplace(*services_);
    metrics_services_->access = nullptr;
    metrics_services_->tls.reset();
    edge::EdgeSettings edge = settings_.edge;
    edge.host = settings_.metrics_host;
    edge.port = settings_.metrics_port;
    edge.metrics_only = true;
    edge.allowed_origins.clear();
    auto listener = edge::HttpListener::open(io_, edge, *metrics_services_);
    if (!listener) return listener.error();
    metrics_listener_ = std::move(*listener);
    base::log::info("server.metrics", {{"host", edge.host}, {"port", metrics_listener_->port()}});
    return {};
}

}  // namespace antiphon::app
