// The one table of settings: key, type, bounds, default and meaning of each, and how it is stored.
//
// pure. Reading (settings_sources), printing and docs/configuration.md (settings_text) all go through it.
#pragma once

#include "app/settings.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace antiphon::app {

using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::string>>;

enum class Kind { yes_no, whole, number, text, list };

struct Setting {
    std::string key;  ///< as in TOML, for example "server.port"
    Kind kind;
    std::string bounds;      ///< in words, for example "0 to 65535"; empty: any
    std::string meaning;     ///< one or two sentences
    std::string guide_name;  ///< what the deployment guide's `.env` calls it; empty: nothing
    bool reloads = false;    ///< can change while the server runs, for the calls to come

    /// Stores the value; `invalid` with a sentence that begins with the key when it is of another type or
    /// out of bounds. A whole number passes as a number.
    std::function<base::Result<void>(Settings&, const Value&)> store;
    std::function<Value(const Settings&)> load;

    bool secret = false;  ///< is not printed

    /// The environment's name: "server.port" is ANTIPHON_SERVER_PORT.
    std::string environment_name() const;
};

/// All settings, in the order in which they are printed: keys of one section stand together.
std::span<const Setting> settings_table();

/// Null when there is none of that key.
const Setting* find_setting(std::string_view key);

/// The known name nearest to a misspelt one, by edit distance.
std::string_view nearest(std::string_view name, std::span<const std::string> known);

/// A value from text, as environment variables and the command line give it: yes_no takes true, false,
/// yes, no, on, off, 1 and 0; a list is separated by commas. `invalid` with a sentence that begins with
/// the key.
base::Result<Value> parse_value(const Setting& setting, std::string_view text);

/// The type in words, for example "a whole number".
std::string_view words_for(Kind kind);

}  // namespace antiphon::app
