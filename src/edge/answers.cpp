#include "edge/answers.hpp"

#include "base/ids.hpp"
#include "edge/openai_models.hpp"
#include "edge/options.hpp"
#include "edge/static_files.hpp"

#include <boost/json.hpp>

#include <chrono>
#include <cstdint>
#include <string>

namespace antiphon::edge {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxModelName = 256;
constexpr auto kJson = "application/json";

std::int64_t now_in_seconds() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

Reply ready_reply(const Readiness& readiness) {
    json::object body{{"ready", readiness.ready},
                      {"whisper_ready", readiness.whisper_ready},
                      {"lid_ready", readiness.lid_ready},
                      {"llm_ready", readiness.llm_ready},
                      {"tts_ready", readiness.tts_ready},
                      {"device", readiness.device}};
    if (!readiness.session_store.empty()) body["session_store"] = readiness.session_store;
    if (!readiness.session_store_failure.empty()) body["session_store_failure"] = readiness.session_store_failure;
    if (!readiness.failure.empty()) body["failure"] = readiness.failure;
    if (!readiness.degraded.empty()) body["degraded"] = json::array(readiness.degraded.begin(), readiness.degraded.end());
    return {readiness.ready ? 200 : 503, kJson, json::serialize(body), {{"Cache-Control", "no-store"}}};
}

}  // namespace

Reply answer(const Route& route, const Target& target, const Services& services) {
    switch (route.endpoint) {
        case Endpoint::home: return {302, "text/plain", "The call page is at /call\n", {{"Location", "/call"}}};
        case Endpoint::call_page: return call_page_reply(services.call_page);
        case Endpoint::ready: return ready_reply(services.readiness());
        case Endpoint::health: return {200, kJson, R"({"status":"ok"})"};
        case Endpoint::metrics: return {200, "text/plain; version=0.0.4; charset=utf-8", services.metrics.text()};
        case Endpoint::options: return options_reply(services);
        case Endpoint::ice: return ice_reply(services.ice, now_in_seconds(), base::random_id(""));
        case Endpoint::widget: return widget_reply(services.widget);
        case Endpoint::openapi: return {200, "application/yaml", std::string(services.openapi)};
        case Endpoint::models: return models_reply(services);
        case Endpoint::model: return model_reply(model_name(target.path), services);
        case Endpoint::client_secrets:
        case Endpoint::transcriptions:
        case Endpoint::speech:
        case Endpoint::chat_completions:
        case Endpoint::embeddings:  // serve_work()
        case Endpoint::realtime_calls:
        case Endpoint::realtime_call:  // webrtc_calls.hpp
        case Endpoint::realtime: break;
    }
    return error_reply(426, "upgrade_required", "this is the WebSocket of the Realtime API: connect with a WebSocket client",
                       {{"Upgrade", "websocket"}});
}

base::Result<std::shared_ptr<const call::Agent>> agent_of(const Target& target, const Services& services) {
    const auto named = [&](const char* what) {
        const auto found = target.query.find(what);
        return found == target.query.end() ? std::string() : found->second;
    };
    return call::choose(services.agents(), named("agent"), named("model"));
}

Reply call_obstacle(const Target& target, const Services& services) {
    if (const auto model = target.query.find("model"); model != target.query.end() && model->second.size() > kMaxModelName)
        return error_reply(400, "invalid_value", "the model's name is longer than 256 bytes");
    if (services.engines() != nullptr) return {};
    return not_ready_reply(services);
}

Reply no_call_reply() {
    return error_reply(404, "call_not_found", "there is no such call (any more), or it cannot be taken over with this token");
}

Reply not_ready_reply(const Services& services) {
    const Readiness readiness = services.readiness();
    if (!readiness.failure.empty()) return error_reply(503, "not_ready", "the engines cannot be loaded: " + readiness.failure);
    return error_reply(503, "not_ready", "the engines are still being loaded; ask /ready", {{"Retry-After", "2"}});
}

Reply no_agent_reply(const base::Error& error) { return error_reply(404, "agent_not_found", error.text); }

Reply overloaded_reply(const base::Error& error) {
    return error_reply(503, "overloaded", error.text, {{"Retry-After", "5"}});
}

}  // namespace antiphon::edge
