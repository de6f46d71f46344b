// Downloads from the upstream hub, or a mirror with the same addresses:
// <endpoint>/<repository>/resolve/<revision>/<path>.
//
// strand. An interrupted download goes on where it stopped (HTTP ranges). A hub that does not answer is not
// asked again by the same object, so that only the first file of a set waits for it.
#pragma once

#include "engine/model_source.hpp"

#include <chrono>
#include <string>

namespace antiphon::engine {

class HubModelSource final : public ModelSource {
public:
    struct Options {
        std::string endpoint = default_endpoint();
        std::chrono::seconds connect_within{5};
        std::chrono::seconds stalled_after{15};  ///< without a kilobyte per second
    };

    /// The environment's HF_ENDPOINT, or the hub's own address.
    static std::string default_endpoint();

    HubModelSource() : HubModelSource(Options{default_endpoint()}) {}
    explicit HubModelSource(Options options);

    base::Result<void> fetch(const Source& source, const std::filesystem::path& part, const SourceProgress& progress,
                             std::stop_token stop) override;

private:
    const Options options_;
    std::string unreachable_;  ///< why, once it did not answer
};

}  // namespace antiphon::engine
