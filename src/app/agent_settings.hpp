// Reads the named agents: tables [agents.NAME] of the settings file, and of the files that agents.file names.
//
// pure, but for the reading of the files. docs/agents.md says what each key means.
#pragma once

#include "app/settings.hpp"
#include "base/result.hpp"

#include <toml++/toml.h>

#include <string>
#include <vector>

namespace antiphon::app {

/// Takes the agents' tables out of the section [agents] of a settings file, whose other keys stay.
toml::table take_agents(toml::table& section);

/// Reads `tables` (of the settings file `file`) and then what settings.agents_file names into
/// settings.agents. What an agent leaves out is as in the settings, so all of them must be read before.
/// Fails with one sentence that says where, and changes nothing then:
///   invalid      a name that is no name, is reserved or comes twice; an unknown key (the nearest is named);
///                a value of another type, out of bounds or too long; not TOML
///   unavailable  a file or folder that is not there or cannot be read
base::Result<void> read_agents(Settings& settings, const toml::table& tables, const std::string& file);

/// All keys that an agent's table may have, those of its turn as "turn.KEY".
std::vector<std::string> agent_keys();

}  // namespace antiphon::app
