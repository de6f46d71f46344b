// The `.env` file: parse_dotenv() and read_dotenv() and environment_with_dotenv() of settings_sources.hpp.
#include "app/settings_sources.hpp"
#include "base/utf8.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <sstream>
#include <utility>

namespace antiphon::app {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && std::isdigit(static_cast<unsigned char>(text.front())) == 0 &&
           std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

bool is_end_of_line(std::string_view text) {
    text = base::trimmed(text);
    return text.empty() || text.front() == '#';
}

/// The value behind "=", or nothing when its quotes are not closed or something follows them.
std::optional<std::string> value_of(std::string_view text) {
    text = base::trimmed(text);
    if (text.empty() || text.front() == '#') return std::string{};
    const char quote = text.front();
    if (quote == '\'') {
        const auto end = text.find('\'', 1);
        if (end == std::string_view::npos || !is_end_of_line(text.substr(end + 1))) return std::nullopt;
        return std::string(text.substr(1, end - 1));
    }
    if (quote == '"') {
        std::string value;
        for (std::size_t i = 1; i < text.size(); ++i) {
            if (text[i] == '"') {
                if (!is_end_of_line(text.substr(i + 1))) return std::nullopt;
                return value;
            }
            if (text[i] == '\\' && i + 1 < text.size()) {
                const char escaped = text[++i];
                value += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
            } else {
                value += text[i];
            }
        }
        return std::nullopt;
    }
    return std::string(base::trimmed(text.substr(0, text.find(" #"))));
}

}  // namespace

base::Result<std::vector<EnvironmentVariable>> parse_dotenv(std::string_view text, const std::string& origin) {
    std::vector<EnvironmentVariable> variables;
    int number = 0;
    while (!text.empty()) {
        ++number;
        const auto end = text.find('\n');
        auto line = base::trimmed(text.substr(0, end));
        text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
        if (line.empty() || line.front() == '#') continue;

        constexpr std::string_view kExport = "export ";
        if (line.starts_with(kExport)) line = base::trimmed(line.substr(kExport.size()));
        const std::string place = origin + ":" + std::to_string(number);
        const auto equals = line.find('=');
        const auto name = base::trimmed(line.substr(0, equals));
        if (equals == std::string_view::npos || !is_name(name))
            return base::error(base::Errc::invalid, place + ": this is not KEY=VALUE");
        auto value = value_of(line.substr(equals + 1));
        if (!value)
            return base::error(base::Errc::invalid, place + ": the quotes around the value of " + std::string(name) +
                                                        " are not closed, or something follows them");
        variables.push_back({std::string(name), std::move(*value), place});
    }
    return variables;
}

base::Result<std::vector<EnvironmentVariable>> read_dotenv(const std::filesystem::path& file) {
    std::error_code failure;
    if (!std::filesystem::exists(file, failure)) return std::vector<EnvironmentVariable>{};
    std::ifstream in(file, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in || std::filesystem::is_directory(file, failure))
        return base::error(base::Errc::unavailable, "the file " + file.string() + " cannot be read");
    return parse_dotenv(std::move(text).str(), file.string());
}

base::Result<std::vector<EnvironmentVariable>> environment_with_dotenv() {
    auto variables = read_dotenv(".env");
    if (!variables) return variables.error();
    for (auto& variable : process_environment()) variables->push_back(std::move(variable));  // the last one counts
    return variables;
}

}  // namespace antiphon::app
