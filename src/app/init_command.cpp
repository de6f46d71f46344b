#include "app/init_command.hpp"

#include "base/ids.hpp"
#include "base/result.hpp"
#include "engine/file_descriptor.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <utility>

namespace antiphon::embedded {
std::string_view env_example() noexcept;  // .env.example
}

namespace antiphon::app {
namespace {

constexpr std::string_view kPlaceholder = "change-me";

std::optional<unsigned> group_number(const char* name) {
    const ::group* found = ::getgrnam(name);
    if (found == nullptr) return std::nullopt;
    return found->gr_gid;
}

Surroundings surroundings() {
    std::error_code ignored;
    const auto there = [&](const char* path) { return std::filesystem::exists(path, ignored); };
    return {.gpu = there("/dev/kfd")         ? Surroundings::Gpu::rocm
                   : there("/dev/nvidiactl") ? Surroundings::Gpu::cuda
                                             : Surroundings::Gpu::none,
            .scratch_disk = std::filesystem::is_directory("/mnt/scratch", ignored),
            .video_group = group_number("video"),
            .render_group = group_number("render")};
}

/// 248 bits.
std::string new_secret() { return base::random_id("") + base::random_id(""); }

base::Error cannot_write(const std::filesystem::path& file) {
    return base::error(base::Errc::unavailable, file.string() + " cannot be written: " + std::strerror(errno));
}

/// A new file that only its owner may read.
base::Result<void> write_new(const std::filesystem::path& file, std::string_view text) {
    const engine::FileDescriptor out(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!out) return cannot_write(file);
    if (::fchmod(out.get(), 0600) != 0) return cannot_write(file);  // whatever the umask says
    if (!out.write(text.data(), text.size())) return cannot_write(file);
    if (::fsync(out.get()) != 0) return cannot_write(file);
    return {};
}

base::Result<void> put_in_place(const InitCommand& command, std::string_view text) {
    const auto& file = command.output;
    auto part = file, old = file;
    part += ".part";
    old += ".old";
    std::error_code ignored;
    std::filesystem::remove(part, ignored);
    if (auto written = write_new(part, text); !written) return written;
    // A link fails where a file is, a rename would take its place.
    if (command.force && ::rename(file.c_str(), old.c_str()) != 0 && errno != ENOENT) return cannot_write(old);
    const bool placed = ::link(part.c_str(), file.c_str()) == 0;
    const int why = errno;
    std::filesystem::remove(part, ignored);
    if (placed) return {};
    if (why == EEXIST)
        return base::error(base::Errc::conflict, file.string() +
                                                     " is there already; with --force a new one takes its place, with "
                                                     "new secrets, and it is kept as " +
                                                     old.string());
    errno = why;
    return cannot_write(file);
}

}  // namespace

std::string fill_in(std::string_view example, const Surroundings& machine, const std::function<std::string()>& secret) {
    const bool rocm = machine.gpu == Surroundings::Gpu::rocm;
    std::string text;
    while (!example.empty()) {
        const auto end = example.find('\n');
        const std::string_view line = example.substr(0, end);
        example = end == std::string_view::npos ? std::string_view{} : example.substr(end + 1);

        const std::string_view bare = line.starts_with('#') ? line.substr(1) : line;
        const std::string_view name = bare.substr(0, bare.find('='));
        const auto set = [&](const std::string& value) { text += std::string(name) + "=" + value; };
        if (bare.size() > name.size() && bare.substr(name.size() + 1) == kPlaceholder)
            set(secret());
        else if ((name == "HF_CACHE_DIR" || name == "TORCH_CACHE_DIR") && !machine.scratch_disk)
            (text += '#') += bare;
        else if (name == "COMPOSE_FILE" && machine.gpu != Surroundings::Gpu::none)
            set(rocm ? "compose.yaml:compose.rocm.yaml" : "compose.yaml:compose.cuda.yaml");
        else if (name == "VIDEO_GID" && rocm && machine.video_group)
            set(std::to_string(*machine.video_group));
        else if (name == "RENDER_GID" && rocm && machine.render_group)
            set(std::to_string(*machine.render_group));
        else
            text += line;
        text += '\n';
    }
    return text;
}

int run_init_command(const InitCommand& command) {
    const std::string text = fill_in(embedded::env_example(), surroundings(), new_secret);
    if (command.output == "-") {
        std::cout << text << std::flush;
        return std::cout ? 0 : 1;
    }
    if (auto placed = put_in_place(command, text); !placed) {
        std::cerr << "antiphon: " << placed.error().text << "\n";
        return 1;
    }
    std::cout << command.output.string() << " is written, with new secrets, for you alone to read. Look it over, then: "
              << "docker compose up --build -d, or antiphon serve\n";
    return 0;
}

}  // namespace antiphon::app
