#include "app/toml_file.hpp"

#include <fstream>
#include <sstream>
#include <utility>

namespace antiphon::app {
namespace {

base::Result<std::string> contents(const std::filesystem::path& file, std::string_view what) {
    std::error_code failure;
    if (std::filesystem::is_regular_file(file, failure)) {
        std::ifstream in(file, std::ios::binary);
        std::ostringstream text;
        text << in.rdbuf();
        if (in) return std::move(text).str();
    }
    return base::error(base::Errc::unavailable, std::string(what) + " " + file.string() + " cannot be read");
}

}  // namespace

base::Result<toml::table> read_toml(const std::filesystem::path& file, std::string_view what) {
    auto text = contents(file, what);
    if (!text) return text.error();
    try {
        return toml::table(toml::parse(*text, file.string()));
    } catch (const toml::parse_error& failure) {
        return base::error(base::Errc::invalid, file.string() + ":" + std::to_string(failure.source().begin.line) +
                                                    ": not TOML: " + std::string(failure.description()));
    }
}

std::optional<Value> to_value(const toml::node& node) {
    if (const auto* value = node.as_boolean()) return Value(value->get());
    if (const auto* value = node.as_integer()) return Value(value->get());
    if (const auto* value = node.as_floating_point()) return Value(value->get());
    if (const auto* value = node.as_string()) return Value(value->get());
    if (const auto* array = node.as_array()) {
        std::vector<std::string> texts;
        for (const auto& element : *array) {
            const auto* value = element.as_string();
            if (value == nullptr) return std::nullopt;
            texts.push_back(value->get());
        }
        return Value(std::move(texts));
    }
    return std::nullopt;
}

std::string place_of(const std::string& file, const toml::key& key) {
    return file + ":" + std::to_string(key.source().begin.line);
}

base::Error at(const std::string& place, base::Error failure) {
    failure.text = place + ": " + failure.text;
    return failure;
}

}  // namespace antiphon::app
