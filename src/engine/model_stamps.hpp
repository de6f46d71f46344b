// Remembers which files of a model's folder were hashed, and what their size and time were then, so that a
// start does not read gigabytes again. A file whose size or time changed counts as not hashed.
//
// strand. Kept in the folder as `.verified`: one line per file with sha256, size, time and name.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace antiphon::engine {

class ModelStamps {
public:
    /// What the folder has; an unreadable line counts as not there.
    explicit ModelStamps(std::filesystem::path folder);

    /// The hash that the file had, if it has not changed since.
    std::optional<std::string> hash_of(const std::string& file) const;

    /// Notes the hash of the file as it is now.
    void set(const std::string& file, const std::string& sha256);
    void forget(const std::string& file);

    /// Writes them down. A folder that cannot be written is no failure: the files are hashed again next time.
    void save() const;

private:
    struct Stamp {
        std::string sha256;
        std::uint64_t size = 0;
        std::int64_t time = 0;  ///< of the last change, in nanoseconds
    };

    std::optional<Stamp> as_it_is(const std::string& file) const;

    const std::filesystem::path folder_;
    std::map<std::string, Stamp> stamps_;
};

}  // namespace antiphon::engine
