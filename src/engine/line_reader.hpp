// Cuts a stream of bytes into lines: what NDJSON and server-sent events have in common.
//
// pure.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace antiphon::engine {

class LineReader {
public:
    /// Takes a line without its end ("\n" or "\r\n"). False: no more lines are wanted.
    using Taker = std::function<base::Result<bool>(std::string_view line)>;

    /// No line may be longer than `longest` bytes; that is also all that is ever kept.
    explicit LineReader(std::size_t longest) : longest_(longest) {}

    /// Hands over each line that is whole now, but no empty ones. What `take` answered last (true without any
    /// line), or `engine` for a line that is too long.
    base::Result<bool> push(std::string_view bytes, const Taker& take);

    /// The stream has ended: hands over the last line if no line end came behind it.
    base::Result<bool> finish(const Taker& take);

private:
    base::Result<bool> hand_over(std::string_view line, const Taker& take) const;

    const std::size_t longest_;
    std::string begun_;  ///< of the line whose end has not come yet
};

}  // namespace antiphon::engine
