// How many large bodies may be in memory at the same time.
//
// thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace antiphon::edge {

class UploadPlaces : public std::enable_shared_from_this<UploadPlaces> {
public:
    static std::shared_ptr<UploadPlaces> make(std::size_t places) {
        return std::shared_ptr<UploadPlaces>(new UploadPlaces(places));
    }

    /// Given back when the last copy goes; null when all are taken.
    std::shared_ptr<void> enter() {
        if (taken_.fetch_add(1) >= places_) {
            --taken_;
            return nullptr;
        }
        return {static_cast<void*>(this), [places = shared_from_this()](void*) { --places->taken_; }};
    }

private:
    explicit UploadPlaces(std::size_t places) : places_(places) {}

    const std::size_t places_;
    std::atomic<std::size_t> taken_ = 0;
};

}  // namespace antiphon::edge
