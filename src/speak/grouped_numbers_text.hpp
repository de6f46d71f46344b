// What languages share that say a number in groups of three digits: thousands, millions, billions.
//
// pure. `digits` are ASCII digits and nothing else.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace antiphon::speak {

/// The number that at most 9 digits write.
int value_of(std::u32string_view digits);

/// Adds the words of one group to those of the larger ones: `value` is 1 to 999, `group` 0 for ones, 1 for
/// thousands, 2 for millions.
using GroupWords = std::function<void(std::u32string& words, int value, std::size_t group)>;

/// The groups from the largest to the smallest, without those of value 0. `small` are the words of 0 to 9 (and
/// may go on). What has more groups than `most_groups`, or a zero before other digits, is said digit by digit.
std::u32string grouped_cardinal(std::u32string_view digits, std::span<const std::u32string_view> small,
                                std::size_t most_groups, const GroupWords& add);

}  // namespace antiphon::speak
