// The collections of documents in a folder, each loaded when it is first asked for and again when it has changed on disk.
//
// thread-safe. Blocks while a collection is read (some tenths of a second for 10,000 passages), which a search then waits
// for: ask on a worker.
#pragma once

#include "base/result.hpp"
#include "store/passage_index.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace antiphon::store {

class KnowledgeShelf {
public:
    /// The folder need not be there yet.
    explicit KnowledgeShelf(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Fails as load_passages(), and with `invalid` for a name that no collection can have. What failed is tried again
    /// when its file has changed.
    base::Result<std::shared_ptr<const PassageIndex>> collection(const std::string& name);

    /// By name.
    std::vector<std::string> names() const;

    const std::filesystem::path& folder() const noexcept { return folder_; }

private:
    struct Entry {
        std::filesystem::file_time_type changed;
        std::uintmax_t bytes = 0;
        base::Result<std::shared_ptr<const PassageIndex>> index;
    };

    const std::filesystem::path folder_;
    std::mutex mutex_;
    std::map<std::string, Entry> entries_;
};

}  // namespace antiphon::store
