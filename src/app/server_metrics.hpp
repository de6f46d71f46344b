// What is looked at, rather than counted, each time somebody asks for the metrics: the process, whether the server is
// ready, what stands in for what.
//
// thread-safe.
#pragma once

#include "base/metrics.hpp"
#include "call/call_registry.hpp"
#include "edge/services.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace antiphon::app {

struct LanguageModelState {
    std::string name;
    bool usable = true;
};

/// Asked from the threads of the listener.
struct ServerState {
    const call::CallRegistry& registry;
    std::function<edge::Readiness()> readiness;
    /// In the order of preference; empty until they are loaded.
    std::function<std::vector<LanguageModelState>()> language_models;
    /// Of the certificate in force; none without TLS.
    std::function<std::optional<std::chrono::system_clock::time_point>()> certificate_expires;
};

/// Makes these metrics; what `state` refers to must outlive the last text().
void watch_server(base::Metrics& metrics, ServerState state);

}  // namespace antiphon::app
