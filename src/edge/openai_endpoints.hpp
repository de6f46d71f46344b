// OpenAI's plain endpoints: what a POST asks for, handed to the one that does it.
//
// thread-safe, as the services are. Each endpoint reads its request at once, on the caller's thread, and refuses
// by responder->reply(); the work runs on the workers of its engine, whose threads answer.
#pragma once

#include "edge/reply.hpp"
#include "edge/responder.hpp"
#include "edge/routes.hpp"
#include "edge/services.hpp"
#include "protocol/fields.hpp"

#include <boost/json.hpp>

#include <memory>
#include <string>
#include <variant>

namespace antiphon::edge {

struct WorkRequest {
    Endpoint endpoint;
    Target target;
    std::string content_type;
    std::string body;
    std::string origin{};  ///< the header
    std::string key{};     ///< the name of the access key that was shown; empty: none was needed
};

/// Answers a POST of the routes that take work; `services` must outlive the responder. 503 `not_ready` while the
/// engines are not loaded.
void serve_work(WorkRequest request, const Services& services, std::shared_ptr<Responder> responder);

/// The request's body as a JSON object of no more than 32 levels, or 400 `invalid_json`.
std::variant<boost::json::object, Reply> json_body(const WorkRequest& request);

/// 400 with the fault's code and param.
Reply fault_reply(const protocol::Fault& fault);

}  // namespace antiphon::edge
