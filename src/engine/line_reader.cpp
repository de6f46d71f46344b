#include "engine/line_reader.hpp"

#include <utility>

namespace antiphon::engine {

base::Result<bool> LineReader::push(std::string_view bytes, const Taker& take) {
    while (!bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto part = bytes.substr(0, end);
        if (begun_.size() + part.size() > longest_)
            return base::error(base::Errc::engine,
                               "a line of the answer has more than " + std::to_string(longest_) + " bytes");
        begun_ += part;
        if (end == std::string_view::npos) break;
        bytes.remove_prefix(end + 1);
        const std::string line = std::exchange(begun_, {});
        auto more = hand_over(line, take);
        if (!more || !*more) return more;
    }
    return true;
}

base::Result<bool> LineReader::finish(const Taker& take) { return hand_over(std::exchange(begun_, {}), take); }

base::Result<bool> LineReader::hand_over(std::string_view line, const Taker& take) const {
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line.empty() ? base::Result<bool>(true) : take(line);
}

}  // namespace antiphon::engine
