// Runs another program to its end. No shell is involved.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::engine {

struct Program {
    std::vector<std::string> arguments;                            ///< the first is looked up in PATH
    std::vector<std::pair<std::string, std::string>> environment;  ///< besides our own, or instead of it
    std::filesystem::path output;                                  ///< takes what it prints, errors too
};

/// Its exit status (128 and the signal's number if a signal ended it). `tick` is called some times a second
/// while it runs. Fails with `unavailable` (cannot be started) or `cancelled` (it was told to end, and ended).
base::Result<int> run(const Program& program, const std::function<void()>& tick, const std::stop_token& stop);

}  // namespace antiphon::engine
