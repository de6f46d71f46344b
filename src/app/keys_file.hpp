// The access keys that `antiphon keys` makes, as a file: a name, a hash and a date each, never the key.
//
// The file is TOML, readable by its owner alone, and exchanged whole: who reads it meanwhile sees it as it was or as it
// is. Two who change it at once do so one after the other.
#pragma once

#include "base/result.hpp"
#include "edge/access_keys.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::app {

struct KeptKey {
    edge::AccessKey key;
    std::string created;  ///< the day, as 2026-11-23; empty: not said
};

/// antiphon/keys.toml in XDG_CONFIG_HOME, else in ~/.config. Empty without either.
std::filesystem::path default_keys_file();

/// 1 to 64 letters, digits, '-', '_' and '.', the first a letter or a digit.
bool is_key_name(std::string_view name);

/// Fails with
///   not_found    there is no such file
///   unavailable  it cannot be read
///   invalid      not TOML, or not keys as they are kept; two of one name; a file that everybody may write
base::Result<std::vector<KeptKey>> read_keys_file(const std::filesystem::path& file);

/// Makes a key, keeps its hash, and gives the key, which nobody can be told again. Makes the file and its folder if need
/// be. `conflict` when there is a key of that name, `invalid` for a name that is none, `unavailable` when the file
/// cannot be written, and as read_keys_file().
base::Result<std::string> add_key(const std::filesystem::path& file, const std::string& name,
                                  std::chrono::system_clock::time_point now);

/// Gives how many are left. `not_found` when there is none of that name.
base::Result<std::size_t> remove_key(const std::filesystem::path& file, const std::string& name);

}  // namespace antiphon::app
