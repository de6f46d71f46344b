#include "app/keys_file.hpp"

#include "app/toml_file.hpp"
#include "base/ids.hpp"
#include "engine/file_descriptor.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <utility>

namespace antiphon::app {
namespace {

using engine::FileDescriptor;

constexpr std::size_t kLongestName = 64;
constexpr std::string_view kHead = "# The access keys of Antiphon: written by `antiphon keys`. The keys themselves are kept nowhere.\n";

base::Error unavailable(const std::filesystem::path& file, const char* what) {
    return base::error(base::Errc::unavailable,
                       "the keys file " + file.string() + " " + what + ": " + std::strerror(errno));
}

base::Error malformed(const std::string& place, const std::string& why) {
    return base::error(base::Errc::invalid, place + ": " + why + "; the keys file is written by `antiphon keys`");
}

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Held while the file is changed: of its folder, so that no further file is left lying about.
base::Result<FileDescriptor> lock_folder(const std::filesystem::path& file) {
    const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    FileDescriptor lock(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) return unavailable(file, "cannot be written");
    while (::flock(lock.get(), LOCK_EX) != 0)
        if (errno != EINTR) return unavailable(file, "cannot be locked");
    return lock;
}

base::Result<void> write_keys(const std::filesystem::path& file, const std::vector<KeptKey>& keys, const FileDescriptor& folder) {
    std::string text(kHead);
    for (const auto& [key, created] : keys)
        text += "\n[[keys]]\nname = \"" + key.name + "\"\nsha256 = \"" + edge::in_hex(key.hash) + "\"\ncreated = \"" + created + "\"\n";
    auto part = file;
    part += base::random_id(".");
    const FileDescriptor out(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!out) return unavailable(file, "cannot be written");
    if (out.write(text.data(), text.size()) && ::fsync(out.get()) == 0 && ::rename(part.c_str(), file.c_str()) == 0) {
        ::fsync(folder.get());
        return {};
    }
    const auto failure = unavailable(file, "cannot be written");
    ::unlink(part.c_str());
    return failure;
}

std::string day_of(std::chrono::system_clock::time_point time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[16];
    return {text, std::strftime(text, sizeof text, "%Y-%m-%d", &parts)};
}

base::Result<KeptKey> read_key(const toml::table& table, const std::string& place) {
    const auto name = table["name"].value<std::string>();
    const auto digits = table["sha256"].value<std::string>();
    const auto hash = digits ? edge::hash_from_hex(*digits) : std::nullopt;
    if (!name || !is_key_name(*name)) return malformed(place, "a key without a name");
    if (!hash) return malformed(place, "the key " + *name + " has no sha256 of 64 hexadecimal digits");
    return KeptKey{{*name, *hash}, table["created"].value_or(std::string())};
}

/// None where there is no file yet.
base::Result<std::vector<KeptKey>> read_or_begin(const std::filesystem::path& file) {
    auto keys = read_keys_file(file);
    if (!keys && keys.error().code == base::Errc::not_found) return std::vector<KeptKey>();
    return keys;
}

auto find(std::vector<KeptKey>& keys, const std::string& name) {
    return std::find_if(keys.begin(), keys.end(), [&](const KeptKey& one) { return one.key.name == name; });
}

}  // namespace

std::filesystem::path default_keys_file() {
    if (const char* config = std::getenv("XDG_CONFIG_HOME"); config != nullptr && *config != '\0')
        return std::filesystem::path(config) / "antiphon" / "keys.toml";
    if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
        return std::filesystem::path(home) / ".config" / "antiphon" / "keys.toml";
    return {};
}

bool is_key_name(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName && is_letter_or_digit(name.front()) &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
}

base::Result<std::vector<KeptKey>> read_keys_file(const std::filesystem::path& file) {
    struct ::stat about {};
    if (::stat(file.c_str(), &about) != 0) {
        if (errno != ENOENT) return unavailable(file, "cannot be read");
        return base::error(base::Errc::not_found, "there is no keys file " + file.string());
    }
    if ((about.st_mode & S_IWOTH) != 0)
        return base::error(base::Errc::invalid, "the keys file " + file.string() + " can be written by everybody: chmod 600 it");
    const auto table = read_toml(file, "the keys file");
    if (!table) return table.error();
    std::vector<KeptKey> keys;
    for (const auto& [name, node] : *table) {
        const auto* list = name == "keys" ? node.as_array() : nullptr;
        if (list == nullptr) return malformed(place_of(file.string(), name), "there is nothing called " + std::string(name.str()));
        for (const auto& entry : *list) {
            const std::string place = file.string() + ":" + std::to_string(entry.source().begin.line);
            const auto* fields = entry.as_table();
            if (fields == nullptr) return malformed(place, "this is no key");
            auto key = read_key(*fields, place);
            if (!key) return key.error();
            if (find(keys, key->key.name) != keys.end()) return malformed(place, "there are two keys " + key->key.name);
            keys.push_back(std::move(*key));
        }
    }
    return keys;
}

base::Result<std::string> add_key(const std::filesystem::path& file, const std::string& name,
                                  std::chrono::system_clock::time_point now) {
    if (!is_key_name(name))
        return base::error(base::Errc::invalid, "a key's name has 1 to 64 letters, digits, -, _ or ., and begins with a letter or digit");
    const auto lock = lock_folder(file);
    if (!lock) return lock.error();
    auto keys = read_or_begin(file);
    if (!keys) return keys.error();
    if (find(*keys, name) != keys->end())
        return base::error(base::Errc::conflict, "there is a key " + name + " already; remove it first, or choose another name");
    std::string key = edge::make_access_key();
    keys->push_back({{name, edge::hash_of_key(key)}, day_of(now)});
    if (auto written = write_keys(file, *keys, *lock); !written) return written.error();
    return key;
}

base::Result<std::size_t> remove_key(const std::filesystem::path& file, const std::string& name) {
    const auto lock = lock_folder(file);
    if (!lock) return lock.error();
    auto keys = read_keys_file(file);
    if (!keys) return keys.error();
    const auto found = find(*keys, name);
    if (found == keys->end()) return base::error(base::Errc::not_found, "there is no key " + name + " in " + file.string());
    keys->erase(found);
    if (auto written = write_keys(file, *keys, *lock); !written) return written.error();
    return keys->size();
}

}  // namespace antiphon::app
