// `antiphon init`: writes a `.env` from .env.example, with secrets of its own and for this machine.
//
// Runs on the main thread, but for fill_in(), which is pure.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace antiphon::app {

struct InitCommand {
    std::filesystem::path output = ".env";  ///< "-" is standard output
    bool force = false;                     ///< replace a file that is there; it is kept as PATH.old
};

/// What of this machine shows in its `.env`.
struct Surroundings {
    enum class Gpu { none, rocm, cuda };

    Gpu gpu = Gpu::none;
    bool scratch_disk = false;  ///< the guide's /mnt/scratch is there
    std::optional<unsigned> video_group = {};
    std::optional<unsigned> render_group = {};
};

/// The example with each `NAME=change-me`, commented out or not, as NAME= and a secret of its own; without the guide's
/// scratch disk its folders are comments; with a GPU its Compose file is named, with ROCm the groups' numbers. All else
/// stays as it is.
std::string fill_in(std::string_view example, const Surroundings& machine, const std::function<std::string()>& secret);

/// Gives the exit code: 0 when the file is written, with mode 0600; 1 when there is one and `force` is not given, or it
/// cannot be written, after the reason on standard error. A file appears whole or not at all.
int run_init_command(const InitCommand& command);

}  // namespace antiphon::app
