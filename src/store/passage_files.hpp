// A collection of passages on disk: a folder with `passages.json` and the graph that it names.
//
// thread-safe, but for two saves into one folder at the same time. passages.json is replaced as a whole, and names its
// graph with its SHA-256: whoever reads meanwhile gets the old collection or the new one, and a file that was damaged is
// refused before the library believes it.
#pragma once

#include "base/result.hpp"
#include "store/passage_index.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace antiphon::store {

/// 1 to 64 letters, digits, '-', '_' or '.', beginning with a letter or digit: what can be a folder's name everywhere.
bool is_collection_name(std::string_view name);

/// The file that is replaced at each change.
std::filesystem::path passages_file(const std::filesystem::path& folder);

/// Makes the folder if need be. Fails with `unavailable` (a folder or disk that cannot be written); what was there
/// before is then there still.
base::Result<void> save_passages(const PassageIndex& index, const std::filesystem::path& folder);

/// Fails with
///   not_found    no collection there
///   unavailable  its files cannot be read
///   unsupported  of another version of this format
///   invalid      damaged: the sentence says to add the documents again
base::Result<std::shared_ptr<const PassageIndex>> load_passages(const std::filesystem::path& folder);

/// Removes the collection's files, and the folder if nothing else is in it.
base::Result<void> erase_passages(const std::filesystem::path& folder);

}  // namespace antiphon::store
