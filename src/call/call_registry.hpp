// The calls that are under way, and the bound on how many there may be.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace antiphon::call {

/// A place in the registry; gives itself back when the last copy goes.
using CallPlace = std::shared_ptr<void>;

class CallRegistry {
public:
    explicit CallRegistry(std::size_t limit) : limit_(limit), count_(std::make_shared<std::atomic<std::size_t>>(0)) {}

    /// A place for one more call; `overloaded` when all are taken or the registry is closed.
    base::Result<CallPlace> enter();

    /// No further calls; those under way go on.
    void close() { closed_ = true; }

    std::size_t calls() const { return *count_; }
    std::size_t limit() const { return limit_; }
    /// How many were not given a place.
    std::uint64_t refused() const { return refused_; }

private:
    const std::size_t limit_;
    std::atomic<bool> closed_ = false;
    std::atomic<std::uint64_t> refused_ = 0;
    std::shared_ptr<std::atomic<std::size_t>> count_;
};

}  // namespace antiphon::call
