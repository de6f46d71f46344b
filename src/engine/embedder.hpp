// Turns texts into vectors whose nearness is nearness of meaning.
//
// An Embedder is a loaded model, shared by all. It blocks: run it on a WorkerPool. Backends live one
// folder below (llama/).
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::engine {

struct Embeddings {
    std::vector<std::vector<float>> vectors;  ///< one for each text, in their order, of length dimensions()
    std::size_t tokens = 0;                   ///< of all texts together, as the model counts
};

class Embedder {
public:
    virtual ~Embedder() = default;

    /// Each vector has the Euclidean length 1, so the dot product of two is their cosine; the same text gives
    /// the same vector whatever stands beside it (to 1e-3). Safe to call from several threads. Fails with
    ///   cancelled  `stop` was requested; looked at before each text
    ///   invalid    no texts, an empty one, one that is no UTF-8 or longer than context_tokens() (`param` is its
    ///              place, for example "input[3]"): all are looked at before the first is computed
    ///   engine     the backend failed; the object stays usable
    virtual base::Result<Embeddings> embed(const std::vector<std::string>& texts, std::stop_token stop) = 0;

    /// Numbers in a vector, constant.
    virtual std::size_t dimensions() const noexcept = 0;

    /// Tokens that one text can have.
    virtual std::size_t context_tokens() const noexcept = 0;
};

}  // namespace antiphon::engine
