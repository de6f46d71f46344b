// Small values that every process of one store may read for a short while, and that one of them may take.
//
// thread-safe, and blocking: asked on a worker. What a note says is not looked at here: it is bytes of any value.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <optional>
#include <string>

namespace antiphon::store {

class Notes {
public:
    virtual ~Notes() = default;

    // Each fails with `unavailable`: nobody knows then whether it was done.

    /// Keeps `value` under `name` for that long, in place of what was there.
    virtual base::Result<void> keep(const std::string& name, const std::string& value, base::milliseconds life) = 0;

    /// None when nothing is kept under that name, or no longer.
    virtual base::Result<std::optional<std::string>> read(const std::string& name) = 0;

    /// Whether it was there. Of many that remove one note, one is told so.
    virtual base::Result<bool> remove(const std::string& name) = 0;
};

}  // namespace antiphon::store
