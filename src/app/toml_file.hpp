// One TOML file, and its values as settings take them.
//
// pure, but for the reading of the file.
#pragma once

#include "app/settings_table.hpp"
#include "base/result.hpp"

#include <toml++/toml.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace antiphon::app {

/// `what` is the file in words ("the settings file"). Fails with
///   unavailable  no such file, no regular file, or it cannot be read
///   invalid      not TOML; the sentence begins with file and line
base::Result<toml::table> read_toml(const std::filesystem::path& file, std::string_view what);

/// None for what no setting can be: a table, a date, a list of other things than texts.
std::optional<Value> to_value(const toml::node& node);

/// "file:line" of what a key begins, for messages.
std::string place_of(const std::string& file, const toml::key& key);

/// The failure with where it happened before its sentence.
base::Error at(const std::string& place, base::Error failure);

}  // namespace antiphon::app
