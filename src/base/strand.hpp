// A serial queue with a clock: where everything of one call happens.
//
// thread-safe. Tasks posted to one strand never run at the same time and run in the order they were
// posted; a task runs after post() has returned, never inside it. The server's strand is Asio's
// (base/asio_strand.hpp); the scenes use one with a clock of its own (tests/fakes/simulated_strand.hpp).
#pragma once

#include "base/clock.hpp"

#include <functional>

namespace antiphon::base {

class Strand {
public:
    using Task = std::function<void()>;

    virtual ~Strand() = default;

    /// Runs the task soon, on the strand.
    virtual void post(Task task) = 0;

    /// Runs the task on the strand at the given time, or soon if that has passed. There is no way to
    /// take it back: a task that may be late checks for itself whether it is still wanted.
    virtual void post_at(Time when, Task task) = 0;

    virtual Time now() const = 0;
};

}  // namespace antiphon::base
