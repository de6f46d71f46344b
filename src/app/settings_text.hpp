// Writes the settings down: as TOML that can be read again, and as the page docs/configuration.md.
//
// pure.
#pragma once

#include "app/settings.hpp"

#include <string>

namespace antiphon::app {

/// Each setting with its meaning and bounds as a comment above it. With `commented` the values are
/// comments as well, as in antiphon.example.toml.
std::string to_toml(const Settings& settings, bool commented);

/// docs/configuration.md.
std::string settings_page();

}  // namespace antiphon::app
