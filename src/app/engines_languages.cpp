#include "app/engines_languages.hpp"

#include "base/clock.hpp"
#include "base/log.hpp"
#include "engine/mms_lid/mms_lid_detector.hpp"

#include <system_error>
#include <utility>

namespace antiphon::app {

std::filesystem::path mms_lid_folder(const std::string& detector, const std::string& named,
                                     const std::filesystem::path& models_directory) {
    if (detector == "whisper" || detector == "off") return {};
    if (!named.empty()) return named;
    const std::filesystem::path usual = models_directory / "mms-lid-126";
    std::error_code ignored;
    const bool there = std::filesystem::is_regular_file(usual / "model.onnx", ignored);
    return detector == "mms_lid" || there ? usual : std::filesystem::path();
}

base::Result<std::unique_ptr<engine::LanguageDetector>> open_mms_lid(const std::filesystem::path& folder, int threads) {
    const auto began = base::Clock::now();
    engine::mms_lid::MmsLidSettings settings;
    settings.folder = folder;
    settings.threads = threads;
    auto detector = engine::mms_lid::MmsLidDetector::open(settings);
    if (!detector) {
        auto failure = detector.error();
        // A bad setting is told as it is; with all else the folder is at fault.
        if (failure.code != base::Errc::invalid)
            failure.text = "the language detector cannot be used: " + failure.text + "; docs/mms-lid.md says how it is exported";
        return failure;
    }
    base::log::info("engine.loaded", {{"engine", "language_detector"},
                                      {"model", folder.filename().string()},
                                      {"milliseconds", base::whole_milliseconds(base::Clock::now() - began)}});
    return std::unique_ptr<engine::LanguageDetector>(*std::move(detector));
}

}  // namespace antiphon::app
