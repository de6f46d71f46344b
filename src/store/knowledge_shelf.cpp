#include "store/knowledge_shelf.hpp"

#include "store/passage_files.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::store {

base::Result<std::shared_ptr<const PassageIndex>> KnowledgeShelf::collection(const std::string& name) {
    if (!is_collection_name(name))
        return base::error(base::Errc::invalid, "'" + name + "' cannot be a collection's name: it has 1 to 64 letters, "
                                                "digits, -, _ or ., and begins with a letter or digit");
    const std::filesystem::path file = passages_file(folder_ / name);
    std::error_code failure;
    const auto changed = std::filesystem::last_write_time(file, failure);
    const auto bytes = failure ? 0 : std::filesystem::file_size(file, failure);
    const std::scoped_lock lock(mutex_);
    if (failure) {
        entries_.erase(name);
        return base::error(base::Errc::not_found,
                           "there is no collection '" + name + "' in " + folder_.string());
    }
    const auto known = entries_.find(name);
    if (known != entries_.end() && known->second.changed == changed && known->second.bytes == bytes)
        return known->second.index;
    auto index = load_passages(folder_ / name);
    entries_.insert_or_assign(name, Entry{changed, bytes, index});
    return index;
}

std::vector<std::string> KnowledgeShelf::names() const {
    std::vector<std::string> names;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored)) {
        const std::string name = entry.path().filename().string();
        if (is_collection_name(name) && std::filesystem::exists(passages_file(entry.path()), ignored)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace antiphon::store
