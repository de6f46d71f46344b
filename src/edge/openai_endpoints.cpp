#include "edge/openai_endpoints.hpp"

#include "edge/answers.hpp"
#include "edge/openai_chat.hpp"
#include "edge/openai_client_secrets.hpp"
#include "edge/openai_embeddings.hpp"
#include "edge/openai_speech.hpp"
#include "edge/openai_transcription.hpp"

#include <utility>

namespace antiphon::edge {

namespace json = boost::json;

void serve_work(WorkRequest request, const Services& services, std::shared_ptr<Responder> responder) {
    if (request.endpoint == Endpoint::client_secrets) return make_client_secret(request, services, std::move(responder));
    const EndpointEngines* engines = services.endpoint_engines();
    if (engines == nullptr) return responder->reply(not_ready_reply(services));
    switch (request.endpoint) {
        case Endpoint::transcriptions: return serve_transcription(std::move(request), services, *engines, std::move(responder));
        case Endpoint::speech: return serve_speech(request, services, *engines, std::move(responder));
        case Endpoint::chat_completions: return serve_chat(request, services, *engines, std::move(responder));
        case Endpoint::embeddings: return serve_embeddings(request, services, *engines, std::move(responder));
        default: break;
    }
    responder->reply(error_reply(404, "not_found", "there is nothing at this path"));
}

std::variant<json::object, Reply> json_body(const WorkRequest& request) {
    boost::system::error_code failure;
    auto document = json::parse(request.body, failure);
    if (failure) return error_reply(400, "invalid_json", "the body is not valid JSON: " + failure.message());
    if (!document.is_object()) return error_reply(400, "invalid_type", "the body must be a JSON object");
    return std::move(document.get_object());
}

Reply fault_reply(const protocol::Fault& fault) {
    return error_reply(400, fault.code, fault.error.text, {}, fault.error.param);
}

}  // namespace antiphon::edge
