#include "edge/openai_chat.hpp"

#include "edge/openai_chat_answer.hpp"
#include "edge/openai_chat_request.hpp"
#include "edge/openai_models.hpp"

#include <optional>
#include <utility>

namespace antiphon::edge {

void serve_chat(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                std::shared_ptr<Responder> responder) {
    const auto body = json_body(request);
    if (const auto* refusal = std::get_if<Reply>(&body)) return responder->reply(*refusal);
    engine::LanguageModel& model = engines.engines.language_model;
    std::optional<protocol::Fault> fault;
    auto wanted = read_chat_request(std::get<boost::json::object>(body), model.context_tokens(), fault);
    if (fault) return responder->reply(fault_reply(*fault));
    if (!model_serves(wanted->model, ModelUse::chat, services))
        return responder->reply(model_not_found_reply(wanted->model));
    const auto answer = std::make_shared<ChatAnswer>(std::move(*wanted), responder);
    const auto taken = engines.language_model_workers.submit([answer, &model] { answer->run(model); });
    if (!taken) responder->reply(failure_reply(taken.error()));
}

}  // namespace antiphon::edge
