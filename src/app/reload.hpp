// What reading the settings again changes in a server that runs.
//
// pure. Settings that a call takes once, at its start, change for the calls to come; those that are built
// into engines, sockets and threads stay as they are until the server is started anew.
#pragma once

#include "app/settings.hpp"

#include <string>
#include <vector>

namespace antiphon::app {

struct Reload {
    Settings settings;                       ///< in force from now on
    std::vector<std::string> changed;        ///< keys of settings
    std::vector<std::string> needs_restart;  ///< keys that were changed in vain
    std::vector<std::string> agents_added;
    std::vector<std::string> agents_changed;  ///< whose own tables were changed
    std::vector<std::string> agents_gone;
};

Reload plan_reload(const Settings& in_force, const Settings& read);

/// For people: a line for each thing that happened.
std::string in_words(const Reload& reload);

/// "a, b, c"; "-" for none.
std::string joined(const std::vector<std::string>& words);

}  // namespace antiphon::app
