// The kinds of rows that the table of settings is made of.
//
// pure. For the files that make the table (settings_table.cpp, settings_table_parts.hpp), and nobody else.
#pragma once

#include "app/settings_table.hpp"
#include "base/clock.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace antiphon::app {

inline base::Error wrong_type(const std::string& key, Kind kind) {
    return base::error(base::Errc::invalid, key + " must be " + std::string(words_for(kind)), key);
}

inline std::string in_words(double number) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    return {text, end};
}

inline std::string in_words(std::int64_t number) { return std::to_string(number); }

template <typename Number>
base::Result<void> check_bounds(const std::string& key, Number value, Number low, Number high) {
    if (value >= low && value <= high) return {};
    return base::error(base::Errc::invalid,
                       key + " is " + in_words(value) + "; it must be from " + in_words(low) + " to " + in_words(high),
                       key);
}

// `member` is a generic lambda from Settings& (const or not) to a reference into it.

template <typename Member>
Setting yes_no(std::string key, Member member, std::string meaning) {
    Setting setting{key, Kind::yes_no, "", std::move(meaning), {}, false, {}, {}, false};
    setting.store = [key, member](Settings& s, const Value& value) -> base::Result<void> {
        const auto* given = std::get_if<bool>(&value);
        if (given == nullptr) return wrong_type(key, Kind::yes_no);
        member(s) = *given;
        return {};
    };
    setting.load = [member](const Settings& s) { return Value(bool(member(s))); };
    return setting;
}

template <typename Member>
Setting whole(std::string key, std::int64_t low, std::int64_t high, Member member, std::string meaning) {
    using T = std::remove_cvref_t<decltype(member(std::declval<Settings&>()))>;
    Setting setting{key, Kind::whole, in_words(low) + " to " + in_words(high), std::move(meaning), {}, false, {}, {}, false};
    setting.store = [=](Settings& s, const Value& value) -> base::Result<void> {
        const auto* given = std::get_if<std::int64_t>(&value);
        if (given == nullptr) return wrong_type(key, Kind::whole);
        if (auto bounded = check_bounds(key, *given, low, high); !bounded) return bounded;
        if constexpr (std::is_same_v<T, base::milliseconds>)
            member(s) = base::milliseconds(*given);
        else if constexpr (std::is_same_v<T, std::chrono::seconds>)
            member(s) = std::chrono::seconds(*given);
        else
            member(s) = static_cast<T>(*given);
        return {};
    };
    setting.load = [member](const Settings& s) {
        if constexpr (std::is_same_v<T, base::milliseconds> || std::is_same_v<T, std::chrono::seconds>)
            return Value(std::int64_t{member(s).count()});
        else
            return Value(static_cast<std::int64_t>(member(s)));
    };
    return setting;
}

template <typename Member>
Setting number(std::string key, double low, double high, Member member, std::string meaning) {
    Setting setting{key, Kind::number, in_words(low) + " to " + in_words(high), std::move(meaning), {}, false, {}, {}, false};
    setting.store = [=](Settings& s, const Value& value) -> base::Result<void> {
        double given = std::numeric_limits<double>::quiet_NaN();
        if (const auto* real = std::get_if<double>(&value))
            given = *real;
        else if (const auto* integer = std::get_if<std::int64_t>(&value))
            given = static_cast<double>(*integer);
        else
            return wrong_type(key, Kind::number);
        if (auto bounded = check_bounds(key, given, low, high); !bounded) return bounded;
        member(s) = static_cast<float>(given);
        return {};
    };
    setting.load = [member](const Settings& s) {
        // By way of its shortest decimal form: 0.1F is to be shown as 0.1.
        char text[32];
        const auto end = std::to_chars(text, text + sizeof text, static_cast<float>(member(s))).ptr;
        double shown = 0;
        std::from_chars(text, end, shown);
        return Value(shown);
    };
    return setting;
}

template <typename Member>
Setting text(std::string key, Member member, std::string meaning) {
    Setting setting{key, Kind::text, "", std::move(meaning), {}, false, {}, {}, false};
    setting.store = [key, member](Settings& s, const Value& value) -> base::Result<void> {
        const auto* given = std::get_if<std::string>(&value);
        if (given == nullptr) return wrong_type(key, Kind::text);
        member(s) = *given;
        return {};
    };
    setting.load = [member](const Settings& s) { return Value(std::string(member(s))); };
    return setting;
}

template <typename Member>
Setting choice(std::string key, const std::vector<std::string>& choices, Member member, std::string meaning) {
    auto setting = text(key, member, std::move(meaning));
    for (const auto& one : choices) setting.bounds += (setting.bounds.empty() ? "" : ", ") + one;
    setting.store = [key, choices, bounds = setting.bounds, store = setting.store](
                        Settings& s, const Value& value) -> base::Result<void> {
        const auto* given = std::get_if<std::string>(&value);
        if (given != nullptr && std::find(choices.begin(), choices.end(), *given) == choices.end())
            return base::error(base::Errc::invalid, key + " is \"" + *given + "\"; it must be one of " + bounds, key);
        return store(s, value);
    };
    return setting;
}

template <typename Member>
Setting list(std::string key, Member member, std::string meaning) {
    Setting setting{key, Kind::list, "", std::move(meaning), {}, false, {}, {}, false};
    setting.store = [key, member](Settings& s, const Value& value) -> base::Result<void> {
        const auto* given = std::get_if<std::vector<std::string>>(&value);
        if (given == nullptr) return wrong_type(key, Kind::list);
        member(s) = *given;
        return {};
    };
    setting.load = [member](const Settings& s) { return Value(std::vector<std::string>(member(s))); };
    return setting;
}

}  // namespace antiphon::app
