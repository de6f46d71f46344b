// A value or an Error: std::expected's shape, which C++20 lacks.
//
// pure. Construct from a value or from an Error; test with operator bool before taking either side
// (taking the wrong side is a programming fault and asserts).
#pragma once

#include "base/error.hpp"

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

namespace antiphon::base {

template <typename T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}          // NOLINT(google-explicit-constructor)
    Result(Error failure) : state_(std::in_place_index<1>, std::move(failure)) {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return state_.index() == 0; }
    bool has_value() const noexcept { return state_.index() == 0; }

    T& value() & { assert(has_value()); return *std::get_if<0>(&state_); }
    const T& value() const& { assert(has_value()); return *std::get_if<0>(&state_); }
    T&& value() && { assert(has_value()); return std::move(*std::get_if<0>(&state_)); }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }

    const Error& error() const { assert(!has_value()); return *std::get_if<1>(&state_); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error failure) : failure_(std::move(failure)) {}  // NOLINT(google-explicit-constructor)

    explicit operator bool() const noexcept { return !failure_; }
    bool has_value() const noexcept { return !failure_; }
    const Error& error() const { assert(failure_); return *failure_; }

private:
    std::optional<Error> failure_;
};

}  // namespace antiphon::base
