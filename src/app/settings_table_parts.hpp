// Parts of the table of settings that stand in files of their own.
//
// pure.
#pragma once

#include "app/settings_table.hpp"

#include <vector>

namespace antiphon::app {

/// [access]: who is let in, and how much of the server one caller may take.
std::vector<Setting> access_settings();

}  // namespace antiphon::app
