// Brings the bytes of one model file from one kind of place.
//
// strand: one fetch at a time, on a thread that may block for minutes. The store (model_store.hpp) chooses
// the source, checks the result's size and hash, and puts it in its place; a source only fills a file.
#pragma once

#include "base/result.hpp"
#include "engine/catalog.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>

namespace antiphon::engine {

/// What a fetch is at.
enum class FetchStep {
    waiting,      ///< another process fetches into the same directory
    checking,     ///< hashing a file that is already there
    downloading,  ///< bytes come in
    unpacking,    ///< out of a wheel
    converting,   ///< into the form that the engine reads
    verifying,    ///< hashing what came
    installed,    ///< the file is in its place
    kept,         ///< the file was there and is right
    replacing,    ///< the file was there and is damaged
    failed,       ///< a source did not give it; there may be another
};

/// How far a source is: the step, and of how many bytes (0: not known) how many are done.
using SourceProgress = std::function<void(FetchStep step, std::uint64_t done, std::uint64_t total)>;

class ModelSource {
public:
    virtual ~ModelSource() = default;

    /// Makes `part` the file that `source` describes. What lies there already came from an earlier fetch of
    /// the same source that did not finish; the source goes on from it or begins again. Fails with
    ///   not_found    the place exists and has no such file
    ///   unavailable  the place cannot be reached, or gave up half way; `part` may be gone on with later
    ///   invalid      it has something else under that name; `part` is of no use
    ///   cancelled    `stop` was requested; as for unavailable
    virtual base::Result<void> fetch(const Source& source, const std::filesystem::path& part,
                                     const SourceProgress& progress, std::stop_token stop) = 0;

    /// A model is done: whatever was kept for its other files may go.
    virtual void finish_model() {}
};

}  // namespace antiphon::engine
