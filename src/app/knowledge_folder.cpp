#include "app/knowledge_folder.hpp"

#include <cstdlib>

namespace antiphon::app {

std::filesystem::path knowledge_folder(const EngineSettings& settings) {
    if (!settings.knowledge_folder.empty()) return settings.knowledge_folder;
    const auto set = [](const char* name) -> const char* {
        const char* value = std::getenv(name);
        return value != nullptr && *value != '\0' ? value : nullptr;
    };
    if (const char* data = set("XDG_DATA_HOME")) return std::filesystem::path(data) / "antiphon" / "knowledge";
    const char* home = set("HOME");
    return std::filesystem::path(home == nullptr ? "." : home) / ".local" / "share" / "antiphon" / "knowledge";
}

}  // namespace antiphon::app
