// What the edge needs from the rest of the server, handed in by app/server.
//
// thread-safe members; outlives the listener and all its sessions.
#pragma once

#include "base/metrics.hpp"
#include "call/agent.hpp"
#include "call/call_engines.hpp"
#include "call/call_registry.hpp"
#include "edge/ice_servers.hpp"
#include "edge/options.hpp"
#include "edge/session_directory.hpp"
#include "engine/embedder.hpp"
#include "store/write_behind.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

class AccessControl;
class ClientSecrets;
class SharedSecrets;
class TlsCertificates;
class WebRtcStack;

/// What GET /ready answers; 200 when `ready`, else 503.
struct Readiness {
    bool ready = false;
    bool whisper_ready = false;
    bool lid_ready = false;
    bool llm_ready = false;
    bool tts_ready = false;
    std::string device = "cpu";  ///< "cpu" or "cuda" (the name ROCm uses for itself as well)
    std::string failure;         ///< a sentence when loading has failed for good
    std::vector<std::string> degraded{};  ///< a sentence for each part that something else stands in for
    std::string session_store{};          ///< "ok" or "degraded"; empty where conversations are kept in memory only
    std::string session_store_failure{};  ///< a sentence when degraded
};

/// What the plain endpoints run on: the calls' engines, and a share of their pools that leaves the calls room.
/// The names are the models', as GET /v1/models lists them.
struct EndpointEngines {
    const call::CallEngines& engines;
    base::Workers& recognizer_workers;
    base::Workers& language_model_workers;
    base::Workers& synthesizer_workers;
    std::string recognizer_name;
    std::string language_model_name;
    std::string synthesizer_name;
    engine::Embedder* embedder = nullptr;  ///< none: no embedder is loaded
    std::string embedder_name{};
};

struct Services {
    call::CallRegistry& registry;
    /// Who answers calls that begin now; never null. Another one after a reload: take it once per request.
    std::function<std::shared_ptr<const call::Agents>()> agents;
    std::function<Readiness()> readiness;
    std::function<const call::CallEngines*()> engines;  ///< null until they are loaded
    base::Metrics& metrics;
    std::string_view call_page{};  ///< the page of GET /call, whole; empty when it was not built in
    std::string_view widget{};     ///< the script of GET /antiphon.js, likewise
    std::function<const EngineOptions*()> engine_options{};  ///< null until the engines are loaded
    std::function<const EndpointEngines*()> endpoint_engines = [] { return nullptr; };  ///< as engines()
    base::Duration longest_recording = std::chrono::minutes(30);  ///< of POST /v1/audio/transcriptions
    std::string_view openapi{};    ///< docs/openapi.yaml
    IceSettings ice{};             ///< of GET /ice
    AccessControl* access = nullptr;          ///< none: everybody is let in, and nobody is limited
    ClientSecrets* client_secrets = nullptr;  ///< none: none are given, and none is asked for
    SharedSecrets* shared_secrets = nullptr;  ///< none: no other process knows those of this one
    std::shared_ptr<const TlsCertificates> tls{};  ///< none: the listener speaks plain HTTP
    /// The calls under way, by their ids; never null.
    std::shared_ptr<SessionDirectory> sessions = SessionDirectory::make();
    WebRtcStack* webrtc = nullptr;  ///< none: there are no calls over WebRTC
    store::WriteBehind* session_store = nullptr;  ///< none: no call is kept beyond its end
};

}  // namespace antiphon::edge
