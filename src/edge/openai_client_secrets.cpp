#include "edge/openai_client_secrets.hpp"

#include "base/ids.hpp"
#include "edge/answers.hpp"
#include "edge/client_secrets.hpp"
#include "edge/event_map.hpp"
#include "edge/shared_secrets.hpp"
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

/// The session that is asked for, as it is read again when the call begins.
std::string session_in(const json::object& body) {
    const json::value* given = body.if_contains("session");
    if (given == nullptr || given->is_null()) return R"({"type":"realtime"})";
    return json::serialize(*given);
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

struct SecretWanted {
    PreparedCall call;
    std::int64_t life = 0;  ///< seconds
    json::value session;    ///< as the call will find it
};

std::variant<SecretWanted, Reply> read_request(const WorkRequest& request, const Services& services) {
    auto read = request.body.empty() ? std::variant<json::object, Reply>(json::object()) : json_body(request);
    if (auto* refusal = std::get_if<Reply>(&read)) return std::move(*refusal);
    const json::object& body = std::get<json::object>(read);
    std::optional<protocol::Fault> fault;
    const protocol::Fields fields(body, "", fault);
    const auto life = read_life(fields);
    std::string origin = read_origin(fields, request.origin);
    fields.allow_only({"expires_after", "session", "antiphon"});
    if (fault) return fault_reply(*fault);

    SecretWanted wanted;
    wanted.call.session = session_in(body);
    wanted.call.binding = {std::move(origin), request.key};
    const auto update = read_session(wanted.call.session);
    if (const auto* refusal = std::get_if<protocol::Refusal>(&update))
        return error_reply(400, refusal->code, refusal->error.text, {}, refusal->error.param);
    const auto& change = std::get<protocol::UpdateSession>(update);
    if (const auto named = request.target.query.find("agent"); named != request.target.query.end())
        wanted.call.agent = named->second;
    wanted.call.model = change.session.model.value_or("");
    const auto agent = call::choose(services.agents(), wanted.call.agent, wanted.call.model);
    if (!agent) return no_agent_reply(agent.error());
    auto session = session_of(**agent, wanted.call.model, change);
    if (auto* refusal = std::get_if<Reply>(&session)) return std::move(*refusal);
    wanted.session = std::get<json::value>(std::move(session));
    const auto longest = std::chrono::duration_cast<std::chrono::seconds>(services.client_secrets->longest()).count();
    wanted.life = std::min<std::int64_t>(life.value_or(longest), longest);
    return wanted;
}

}  // namespace

std::variant<protocol::UpdateSession, protocol::Refusal> read_session(const std::string& session) {
    auto decoded = protocol::decode(R"({"type":"session.update","session":)" + session + "}", protocol::Dialect::ga);
    if (auto* refusal = std::get_if<protocol::Refusal>(&decoded)) return std::move(*refusal);
    return std::get<protocol::UpdateSession>(std::get<protocol::ClientEvent>(std::move(decoded)).request);
}

void make_client_secret(const WorkRequest& request, const Services& services, std::shared_ptr<Responder> responder) {
    if (services.client_secrets == nullptr)
        return responder->reply(error_reply(404, "not_found", "this server gives no client secrets"));
    auto read = read_request(request, services);
    if (auto* refusal = std::get_if<Reply>(&read)) return responder->reply(std::move(*refusal));
    SecretWanted& wanted = std::get<SecretWanted>(read);
    auto answer = [responder, session = std::move(wanted.session), expires = unix_now() + wanted.life](
                      const base::Result<std::string>& secret) {
        if (!secret) return responder->reply(overloaded_reply(secret.error()));
        const json::object body{{"value", *secret}, {"expires_at", expires}, {"session", session}};
        responder->reply({200, "application/json", json::serialize(body), {{"Cache-Control", "no-store"}}});
    };
    const std::chrono::seconds life(wanted.life);
    if (services.shared_secrets != nullptr) return services.shared_secrets->make(std::move(wanted.call), life, std::move(answer));
    answer(services.client_secrets->make(std::move(wanted.call), base::Clock::now(), life));
}

}  // namespace antiphon::edge
