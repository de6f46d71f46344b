// One line per event on standard error: time, level, event, then key=value pairs.
//
// thread-safe. No transcript and no audio at info level or above. Values with spaces or quotes are quoted,
// control characters in them are escaped; an empty one is written as "-", like one that there is not.
//
//     log::info("turn.committed", {{"call", id}, {"turn", 3}, {"speech_ms", 1240}});
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>

namespace antiphon::base::log {

enum class Level { debug, info, warning, error };

struct Field {
    Field(std::string_view field, std::string_view text) : key(field), value(text) {}
    Field(std::string_view field, const char* text) : key(field), value(text) {}
    Field(std::string_view field, const std::string& text) : key(field), value(text) {}
    template <typename Number, std::enable_if_t<std::is_arithmetic_v<Number>, int> = 0>
    Field(std::string_view field, Number number) : key(field), value(std::to_string(number)) {}

    std::string_view key;
    std::string value;
};
using Fields = std::initializer_list<Field>;

/// Lines below this level are dropped; info from the start.
void set_level(Level level);
/// "debug", "info", "warning" or "error"; anything else answers false and changes nothing.
bool set_level(std::string_view name);

void write(Level level, std::string_view event, Fields fields);

inline void debug(std::string_view event, Fields fields = {}) { write(Level::debug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::info, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) { write(Level::warning, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::error, event, fields); }

}  // namespace antiphon::base::log
