// The detector of languages that is a model of its own: MMS-LID. Whisper's own is the recognizer's.
//
// On the loading thread.
#pragma once

#include "base/result.hpp"
#include "engine/language_detector.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace antiphon::app {

/// Where the exported model lies (docs/mms-lid.md): `named` if the settings name a folder, else mms-lid-126/ in the
/// directory of the models. Empty when `detector` is "whisper" or "off", and with "auto" when neither is named or there.
std::filesystem::path mms_lid_folder(const std::string& detector, const std::string& named,
                                     const std::filesystem::path& models_directory);

/// Opens it and says so in the log (engine.loaded). `threads` of one look. Fails as the detector does, with a sentence
/// that names the folder's file and what to do.
base::Result<std::unique_ptr<engine::LanguageDetector>> open_mms_lid(const std::filesystem::path& folder, int threads);

}  // namespace antiphon::app
