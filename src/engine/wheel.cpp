#include "engine/wheel.hpp"

#include <zip.h>

#include <memory>
#include <vector>

namespace antiphon::engine {
namespace {

struct Closer {
    void operator()(zip_t* archive) const { zip_discard(archive); }
    void operator()(zip_file_t* file) const { zip_fclose(file); }
};

}  // namespace

base::Result<std::uint64_t> append_from_wheel(const std::filesystem::path& wheel, const std::string& path,
                                              const FileDescriptor& out, std::uint64_t limit, const ByteCount& progress,
                                              const std::stop_token& stop) {
    int fault = 0;
    const std::unique_ptr<zip_t, Closer> archive(zip_open(wheel.c_str(), ZIP_RDONLY, &fault));
    if (!archive) return base::error(base::Errc::invalid, wheel.filename().string() + " is not a usable wheel");
    const std::unique_ptr<zip_file_t, Closer> file(zip_fopen(archive.get(), path.c_str(), 0));
    if (!file) return base::error(base::Errc::not_found, wheel.filename().string() + " has no " + path);

    std::vector<char> block(1 << 20);
    std::uint64_t done = 0;
    for (;;) {
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped while unpacking " + path);
        const zip_int64_t count = zip_fread(file.get(), block.data(), block.size());
        if (count == 0) return done;
        if (count < 0)
            return base::error(base::Errc::invalid, path + " in " + wheel.filename().string() + " is damaged");
        done += static_cast<std::uint64_t>(count);
        if (done > limit)
            return base::error(base::Errc::invalid,
                               path + " in " + wheel.filename().string() + " is larger than the catalog says");
        if (!out.write(block.data(), static_cast<std::size_t>(count)))
            return base::error(base::Errc::unavailable, system_text("cannot write", path));
        if (progress) progress(done);
    }
}

}  // namespace antiphon::engine
