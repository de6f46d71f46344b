#include "base/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>

namespace antiphon::base::log {
namespace {

spdlog::logger& logger() {
    static const auto instance = [] {
        auto made = std::make_shared<spdlog::logger>("antiphon", std::make_shared<spdlog::sinks::stderr_sink_mt>());
        made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
        made->flush_on(spdlog::level::trace);
        return made;
    }();
    return *instance;
}

spdlog::level::level_enum to_spdlog(Level level) {
    switch (level) {
        case Level::debug: return spdlog::level::debug;
        case Level::info: return spdlog::level::info;
        case Level::warning: return spdlog::level::warn;
        case Level::error: return spdlog::level::err;
    }
    return spdlog::level::info;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

void append_escaped(std::string& line, char c) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    if (c == '\n') {
        line += "\\n";
    } else if (c == '\r') {
        line += "\\r";
    } else if (is_control(c)) {
        line += "\\x";
        line += kHex[static_cast<unsigned char>(c) >> 4U];
        line += kHex[static_cast<unsigned char>(c) & 15U];
    } else {
        if (c == '"' || c == '\\') line += '\\';
        line += c;
    }
}

void append_value(std::string& line, std::string_view value) {
    if (value.empty()) value = "-";
    const bool plain = std::none_of(value.begin(), value.end(), [](char c) {
        return is_control(c) || c == ' ' || c == '"' || c == '=';
    });
    if (plain) {
        line += value;
        return;
    }
    // A line break inside a value would let a caller forge log lines, an escape drive the reader's terminal.
    line += '"';
    for (const char c : value) append_escaped(line, c);
    line += '"';
}

}  // namespace

void set_level(Level level) { logger().set_level(to_spdlog(level)); }

bool set_level(std::string_view name) {
    if (name == "debug") set_level(Level::debug);
    else if (name == "info") set_level(Level::info);
    else if (name == "warning") set_level(Level::warning);
    else if (name == "error") set_level(Level::error);
    else return false;
    return true;
}

void write(Level level, std::string_view event, Fields fields) {
    if (!logger().should_log(to_spdlog(level))) return;
    std::string line(event);
    for (const Field& field : fields) {
        line += ' ';
        line += field.key;
        line += '=';
        append_value(line, field.value);
    }
    logger().log(to_spdlog(level), "{}", line);
}

}  // namespace antiphon::base::log
