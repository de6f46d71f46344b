#include "engine/model_stamps.hpp"

#include <sys/stat.h>
#include <fstream>
#include <sstream>
#include <utility>

namespace antiphon::engine {
namespace {

constexpr const char* kName = ".verified";

}  // namespace

ModelStamps::ModelStamps(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::ifstream from(folder_ / kName);
    for (std::string line; std::getline(from, line);) {
        std::istringstream fields(line);
        Stamp stamp;
        std::string file;
        if (fields >> stamp.sha256 >> stamp.size >> stamp.time >> file) stamps_[file] = stamp;
    }
}

std::optional<ModelStamps::Stamp> ModelStamps::as_it_is(const std::string& file) const {
    struct ::stat status {};
    if (::stat((folder_ / file).c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    return Stamp{{},
                 static_cast<std::uint64_t>(status.st_size),
                 std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec};
}

std::optional<std::string> ModelStamps::hash_of(const std::string& file) const {
    const auto known = stamps_.find(file);
    if (known == stamps_.end()) return std::nullopt;
    const auto now = as_it_is(file);
    if (!now || now->size != known->second.size || now->time != known->second.time) return std::nullopt;
    return known->second.sha256;
}

void ModelStamps::set(const std::string& file, const std::string& sha256) {
    auto now = as_it_is(file);
    if (!now) return forget(file);
    now->sha256 = sha256;
    stamps_[file] = *now;
}

void ModelStamps::forget(const std::string& file) { stamps_.erase(file); }

void ModelStamps::save() const {
    const std::filesystem::path target = folder_ / kName;
    std::error_code ignored;
    if (stamps_.empty()) {
        std::filesystem::remove(target, ignored);
        return;
    }
    const std::filesystem::path fresh = folder_ / (std::string(kName) + ".part");
    std::ofstream out(fresh, std::ios::trunc);
    for (const auto& [file, stamp] : stamps_)
        out << stamp.sha256 << ' ' << stamp.size << ' ' << stamp.time << ' ' << file << '\n';
    out.close();
    if (out) std::filesystem::rename(fresh, target, ignored);
}

}  // namespace antiphon::engine
