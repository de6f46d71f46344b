// POST /v1/audio/speech: the calls' voice for any text, sent while it is made.
//
// thread-safe. The text is cut into sentences, made speakable (speak/text_for_speech), and spoken piece by piece:
// one piece is one job on the workers, and the next begins when the client has read most of what was sent.
#pragma once

#include "edge/openai_endpoints.hpp"

#include <memory>

namespace antiphon::edge {

void serve_speech(const WorkRequest& request, const Services& services, const EndpointEngines& engines,
                  std::shared_ptr<Responder> responder);

}  // namespace antiphon::edge
