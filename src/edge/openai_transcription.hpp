// POST /v1/audio/transcriptions: the words of a recording of any usual kind and length.
//
// thread-safe. Decoding and recognition are one job on the recognizer's workers; it stops when the client goes.
#pragma once

#include "edge/openai_endpoints.hpp"

#include <memory>

namespace antiphon::edge {

void serve_transcription(WorkRequest request, const Services& services, const EndpointEngines& engines,
                         std::shared_ptr<Responder> responder);

}  // namespace antiphon::edge
