// POST /v1/chat/completions: the calls' language model for clients that type.
//
// thread-safe. The answer goes out whole, or as server-sent events with `stream`. Nothing is kept of a request.
#pragma once

#include "edge/openai_endpoints.hpp"

#include <memory>

namespace antiphon::edge {

void serve_chat(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                std::shared_ptr<Responder> responder);

}  // namespace antiphon::edge
