// Documents become passages of a collection: read, cut, embedded.
//
// One thread; blocks for as long as the embedding takes (some ten milliseconds for each passage).
#pragma once

#include "base/result.hpp"
#include "engine/embedder.hpp"
#include "store/passage.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::app {

struct FoundDocument {
    std::filesystem::path file;
    std::string name;  ///< in the collection: its path within the folder that was given, or the file's name
};

struct FoundDocuments {
    std::vector<FoundDocument> documents;  ///< by name
    std::size_t passed_over = 0;           ///< files in folders that are of no kind that can be read
};

/// The documents that the path means: a file, or all in a folder and its folders that are of a known kind. Hidden files
/// and folders are passed over, and links to folders not followed. Fails with `unavailable`: nothing there, or a folder
/// that cannot be read.
base::Result<FoundDocuments> find_documents(const std::filesystem::path& path);

struct AddedDocuments {
    std::size_t added = 0;     ///< documents
    std::size_t replaced = 0;  ///< of these, that were in the collection before
    std::size_t passages = 0;  ///< that came with them
    std::vector<std::string> refused;  ///< a sentence each: the file, and why
};

/// Puts the documents into `passages`, in place of those of the same name. What cannot be read or embedded is refused and
/// the others go on; a refused document that was there before stays as it was. `tell` is called with each document's
/// name before it is read. Fails with `cancelled`, and with `engine` or `unavailable` when the embedder itself does.
base::Result<AddedDocuments> add_documents(store::Passages& passages, const std::vector<FoundDocument>& documents,
                                           engine::Embedder& embedder,
                                           const std::function<void(const std::string&)>& tell, const std::stop_token& stop = {});

/// How many documents of these names were there; they are no more.
std::size_t remove_documents(store::Passages& passages, const std::vector<std::string>& names);

}  // namespace antiphon::app
