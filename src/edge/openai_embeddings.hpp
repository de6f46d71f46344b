// POST /v1/embeddings: vectors of texts, when an embedder is loaded; 404 `model_not_found` when none is.
//
// thread-safe. The work runs on the language model's workers.
#pragma once

#include "edge/openai_endpoints.hpp"

#include <memory>

namespace antiphon::edge {

void serve_embeddings(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                      std::shared_ptr<Responder> responder);

}  // namespace antiphon::edge
