// Where the collections of documents lie.
//
// pure, but for the environment.
#pragma once

#include "app/settings.hpp"

#include <filesystem>

namespace antiphon::app {

/// knowledge.folder, or else antiphon/knowledge in XDG_DATA_HOME (~/.local/share).
std::filesystem::path knowledge_folder(const EngineSettings& settings);

}  // namespace antiphon::app
