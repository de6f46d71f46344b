// Who is let in under these settings.
//
// Reads the keys file; otherwise pure.
#pragma once

#include "app/settings.hpp"
#include "base/result.hpp"
#include "edge/access_control.hpp"

#include <filesystem>

namespace antiphon::app {

/// access.keys_file, or the default one; empty when there is no place for one.
std::filesystem::path keys_file_of(const AccessSettings& settings);

/// `invalid`, beginning with the key, for a hash that is none, a name that comes twice, and a proxy that is no address.
base::Result<void> check(const AccessSettings& settings);

/// Keys are needed as soon as there is a keys file, even without a key in it, or a hash in the settings. Fails as
/// check() and read_keys_file() do, also when a file that the settings name is not there.
base::Result<edge::AccessRules> access_rules_of(const AccessSettings& settings);

/// `invalid` when the server would let everybody in on an address that other machines reach, and nobody has said that
/// it should: one sentence that names both ways out.
base::Result<void> check_exposure(const Settings& settings, const edge::AccessRules& rules);

}  // namespace antiphon::app
