#include "edge/openai_client_secrets.hpp"

#include "base/ids.hpp"
#include "edge/answers.hpp"
#include "edge/client_secrets.hpp"
#include "edge/event_map.hpp"
#include "protocol/encode.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

namespace antiphon::edge {

namespace json = boost::json;

namespace {

constexpr std::int64_t kShortest = 10;  // seconds, both as OpenAI's
constexpr std::int64_t kLongest = 7'200;

std::int64_t unix_now() {
    using namespace std::chrono;
    return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

/// How long the client wants the secret to live, in seconds; none: as long as it can.
std::optional<std::int64_t> read_life(const protocol::Fields& fields) {
    if (!fields.has("expires_after") || fields.is_null("expires_after")) return std::nullopt;
    const auto* object = fields.object("expires_after");
    if (object == nullptr) return std::nullopt;
    const protocol::Fields inner(*object, "expires_after", fields.fault());
    inner.word("anchor", {"created_at"});
    const auto life = inner.integer("seconds", kShortest, kLongest);
    inner.allow_only({"anchor", "seconds"});
    return life;
}

constexpr std::size_t kLongestOrigin = 256;

/// As a browser writes it: a scheme, a host and perhaps a port, or "null" for pages that are none of any host's.
bool is_origin(std::string_view text) {
    if (text == "null") return true;
    const auto scheme_end = text.find("://");
    if (text.size() > kLongestOrigin || scheme_end == 0 || scheme_end == std::string_view::npos) return false;
    const auto host = text.substr(scheme_end + 3);
    return !host.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) { return c > 0x20 && c < 0x7F; }) &&
           host.find_first_of("/?#@\\") == std::string_view::npos;
}

/// Whose pages may call with the secret: as the body says, else the page's own that asks.
std::string read_origin(const protocol::Fields& fields, const std::string& asking) {
    if (!fields.has("antiphon") || fields.is_null("antiphon")) return asking;
    const auto* object = fields.object("antiphon");
    if (object == nullptr) return {};
    const protocol::Fields inner(*object, "antiphon", fields.fault());
    inner.allow_only({"origin"});
    const auto origin = inner.text("origin");
    if (!origin) return asking;
    if (!is_origin(*origin)) inner.fail("origin", "invalid_value", "must be an origin such as https://shop.example");
    return *origin;
}

/// The session is read as session.update reads it.
std::variant<protocol::UpdateSession, Reply> read_session(const json::object& body) {
    const json::value* given = body.if_contains("session");
    json::object message{{"type", "session.update"}};
    if (given == nullptr || given->is_null())
        message["session"] = json::object{{"type", "realtime"}};
    else
        message["session"] = *given;
    auto decoded = protocol::decode(json::serialize(message), protocol::Dialect::ga);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded))
        return error_reply(400, refusal->code, refusal->error.text, {}, refusal->error.param);
    return std::get<protocol::UpdateSession>(std::get<protocol::ClientEvent>(std::move(decoded)).request);
}

/// The session that a call of this agent begins with after the update, as the wire shows it.
std::variant<json::value, Reply> session_of(const call::Agent& agent, const std::string& model,
                                            const protocol::UpdateSession& update) {
    WireContext context;
    context.session = agent.session;
    context.session.id = base::random_id("sess_");
    if (!model.empty()) context.session.model = model;
    const auto patch = to_patch(update.session, context, agent.session.turn_detection.value_or(call::TurnDetection{}));
    if (!patch) return failure_reply(patch.error());
    if (const auto allowed = agent.check_tools(patch->tools); !allowed) {
        base::Error failure = allowed.error();
        failure.param.insert(0, "session.");
        return failure_reply(failure);
    }
    call::apply(*patch, context.session);
    apply(update.session, context.wire);
    const auto events = to_wire(call::SessionCreated{context.session}, context);
    return json::parse(protocol::encode(events.front(), "")).as_object().at("session");
}

}  // namespace

Reply client_secret_reply(const WorkRequest& request, const Services& services) {
    if (services.client_secrets == nullptr) return error_reply(404, "not_found", "this server gives no client secrets");
    auto read = request.body.empty() ? std::variant<json::object, Reply>(json::object()) : json_body(request);
    if (const auto* refusal = std::get_if<Reply>(&read)) return *refusal;
    const json::object& body = std::get<json::object>(read);
    std::optional<protocol::Fault> fault;
    const protocol::Fields fields(body, "", fault);
    const auto wanted = read_life(fields);
    std::string origin = read_origin(fields, request.origin);
    fields.allow_only({"expires_after", "session", "antiphon"});
    if (fault) return fault_reply(*fault);
    auto update = read_session(body);
    if (const auto* refusal = std::get_if<Reply>(&update)) return *refusal;

    PreparedCall call;
    call.origin = std::move(origin);
    call.key = request.key;
    call.update = std::get<protocol::UpdateSession>(std::move(update));
    if (const auto named = request.target.query.find("agent"); named != request.target.query.end())
        call.agent = named->second;
    call.model = call.update.session.model.value_or("");
    const auto agent = call::choose(services.agents(), call.agent, call.model);
    if (!agent) return no_agent_reply(agent.error());
    auto session = session_of(**agent, call.model, call.update);
    if (const auto* refusal = std::get_if<Reply>(&session)) return *refusal;

    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(services.client_secrets->longest()).count();
    const std::int64_t life = std::min<std::int64_t>(wanted.value_or(longest), longest);
    auto secret = services.client_secrets->make(std::move(call), base::Clock::now(), std::chrono::seconds(life));
    if (!secret) return overloaded_reply(secret.error());
    const json::object answer{
        {"value", *secret}, {"expires_at", unix_now() + life}, {"session", std::get<json::value>(std::move(session))}};
    return {200, "application/json", json::serialize(answer), {{"Cache-Control", "no-store"}}};
}

base::Result<CallWanted> prepared_call(const Asker& asker, const Target& target, const Services& services) {
    CallWanted wanted{target, std::nullopt};
    const std::string_view secret = presented(kSecretPrefix, asker);
    if (secret.empty() || services.client_secrets == nullptr) return wanted;
    auto prepared = services.client_secrets->take(secret, asker.origin, base::Clock::now());
    if (!prepared) return prepared.error();
    if (!prepared->agent.empty()) wanted.target.query["agent"] = prepared->agent;
    if (!prepared->model.empty()) wanted.target.query["model"] = prepared->model;
    wanted.update = std::move(prepared->update);
    return wanted;
}

Reply refused_secret_reply(const base::Error& error) {
    if (error.code == base::Errc::conflict) return error_reply(403, "origin_not_allowed", error.text);
    return error_reply(401, "invalid_client_secret", error.text, {{"WWW-Authenticate", "Bearer"}});
}

}  // namespace antiphon::edge
