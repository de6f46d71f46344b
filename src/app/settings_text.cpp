#include "app/settings_text.hpp"

#include "app/settings_table.hpp"

#include <charconv>
#include <string_view>

namespace antiphon::app {
namespace {

constexpr std::size_t kLineWidth = 100;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\')
            (out += '\\') += c;
        else if (c == '\n')
            out += "\\n";
        else if (c == '\t')
            out += "\\t";
        else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            constexpr char kHex[] = "0123456789ABCDEF";
            const auto byte = static_cast<unsigned char>(c);
            out += "\\u00";
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        } else
            out += c;
    }
    return out + "\"";
}

struct InToml {
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(std::int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const {
        char text[32];
        std::string out(text, std::to_chars(text, text + sizeof text, value).ptr);
        if (out.find_first_of(".e") == std::string::npos) out += ".0";  // TOML would read an integer
        return out;
    }
    std::string operator()(const std::string& value) const { return quoted(value); }
    std::string operator()(const std::vector<std::string>& values) const {
        std::string out = "[";
        for (const auto& value : values) out += (out.size() > 1 ? ", " : "") + quoted(value);
        return out + "]";
    }
};

std::string toml_value(const Setting& setting, const Settings& settings) {
    return std::visit(InToml{}, setting.load(settings));
}

std::string explained(const Setting& setting) {
    std::string text = setting.meaning;
    if (setting.kind == Kind::text && !setting.bounds.empty())
        text += " One of: " + setting.bounds + ".";
    else if (!setting.bounds.empty())
        text += " From " + setting.bounds + ".";
    return text;
}

void append_comment(std::string& out, std::string_view text) {
    while (!text.empty()) {
        auto end = text.size();
        if (end > kLineWidth) end = text.rfind(' ', kLineWidth);
        if (end == std::string_view::npos) end = text.size();
        (out += "# ").append(text.substr(0, end)) += '\n';
        text = end < text.size() ? text.substr(end + 1) : std::string_view{};
    }
}

std::string_view section_of(const Setting& setting) {
    return std::string_view(setting.key).substr(0, setting.key.find('.'));
}

std::string in_table_cell(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

constexpr std::string_view kPageIntroduction = R"(# Configuration

This page is written by `antiphon serve --print-settings-help`; a unit test holds it to the program.

Each setting has three names. In the TOML file given with `--config FILE` (or `ANTIPHON_CONFIG`) it is a key
of a section; in the environment it is `ANTIPHON_SECTION_KEY`; on the command line it is
`--set section.key=value`. Some also have the name that the deployment guide uses in its `.env`.

What comes later wins: default, TOML file, `.env` in the working directory, environment, command line. Of
two names for one setting in the environment, the `ANTIPHON_` one wins. A variable that is set but empty
counts as not set. In the environment and on the command line a list is separated by commas, and true or
false may also be written yes, no, on, off, 1, 0.

An unknown key, an unknown `ANTIPHON_` variable, a value of another type and a value out of bounds end the
program with a sentence that says where it stands and what was expected. `antiphon serve --check-config`
does only that; `antiphon serve --print-settings` writes down all values in force, as TOML.

A running server reads its files and its `.env` again with `antiphon reload`, or a SIGHUP: see
[agents.md](agents.md). Settings marked "with a reload" change then, for the calls to come; the others do
when the server is started anew, and the log names those that were changed in vain. Agents, tables
`[agents.NAME]`, stand in the same TOML file or in those that `agents.file` names.

`antiphon.example.toml` lists all settings with their defaults, `.env.example` the guide's names.
)";

}  // namespace

std::string to_toml(const Settings& settings, bool commented) {
    std::string out =
        commented ? "# All settings of Antiphon with their defaults: take the # away from what you change.\n" : "";
    std::string_view section;
    for (const Setting& setting : settings_table()) {
        if (section_of(setting) != section) {
            section = section_of(setting);
            if (!out.empty()) out += '\n';
            ((out += '[') += section) += "]\n";
        }
        append_comment(out, explained(setting));
        if (setting.secret && setting.load(settings) != Value(std::string())) {
            out += "# " + setting.key.substr(section.size() + 1) + " is set, and not shown\n";
            continue;
        }
        if (commented) out += "#";
        out += setting.key.substr(section.size() + 1) + " = " + toml_value(setting, settings) + "\n";
    }
    return out;
}

std::string settings_page() {
    const Settings defaults;
    std::string out(kPageIntroduction);
    std::string_view section;
    for (const Setting& setting : settings_table()) {
        if (section_of(setting) != section) {
            section = section_of(setting);
            out += "\n## [" + std::string(section) +
                   "]\n\n| Key | Environment | Type | Default | Changes | Meaning |\n|---|---|---|---|---|---|\n";
        }
        std::string names = "`" + setting.environment_name() + "`";
        if (!setting.guide_name.empty()) names += ", `" + setting.guide_name + "`";
        out += "| `" + setting.key + "` | " + names + " | " + std::string(words_for(setting.kind)) + " | `" +
               in_table_cell(toml_value(setting, defaults)) + "` | " +
               (setting.reloads ? "with a reload" : "at a start") + " | " + in_table_cell(explained(setting)) + " |\n";
    }
    return out;
}

}  // namespace antiphon::app
