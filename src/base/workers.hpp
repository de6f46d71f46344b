// Where blocking work is done: a pool's front, so that scenes can run the same code on a clock of
// their own.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <functional>

namespace antiphon::base {

class Workers {
public:
    using Job = std::function<void()>;

    virtual ~Workers() = default;

    /// Takes the job, or refuses it with `overloaded` when the queue is full. Never waits.
    virtual Result<void> submit(Job job) = 0;
};

}  // namespace antiphon::base
