// Names for things that travel over the wire, and the numbers of turns.
//
// pure, but for random_id(), which is thread-safe, and IdSeries, which has one owner.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace antiphon::base {

/// Counts the turns of one call. A result that carries an older number than the current turn's is
/// dropped where it arrives: that is the second half of every cancel.
enum class TurnId : std::uint64_t {};

inline TurnId next(TurnId id) { return TurnId{static_cast<std::uint64_t>(id) + 1}; }
inline unsigned long long number(TurnId id) { return static_cast<unsigned long long>(id); }

/// `prefix` and 24 characters of [0-9a-z] (124 bits) from the operating system's random source, for
/// example "resp_4k2...".
std::string random_id(std::string_view prefix);

/// Ids in the form of random_id() that cost next to nothing, for what is named by the dozen in each second: the first
/// 14 characters (72 bits) are random and the series' own, the rest counts. Whoever knows one can tell the next.
class IdSeries {
public:
    explicit IdSeries(std::string_view prefix);

    /// The next one; the text is good until the one after it.
    std::string_view next();

private:
    std::string id_;
    std::size_t counter_;  ///< where the counting characters begin
};

/// For secrets: the time it takes tells nothing but the lengths.
bool equal_in_constant_time(std::string_view one, std::string_view other) noexcept;

}  // namespace antiphon::base
