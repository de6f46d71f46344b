// What a page can offer its user to choose from: GET /options.
//
// pure.
#pragma once

#include "edge/reply.hpp"

#include <string>
#include <vector>

namespace antiphon::edge {

struct Services;

/// What the loaded engines can do; the same for the life of the server.
struct EngineOptions {
    struct Language {
        std::string code;  ///< BCP 47
        std::string name;  ///< in English
    };
    struct Voice {
        std::string id;        ///< as session.audio.output.voice takes it
        std::string language;  ///< BCP 47
    };
    std::vector<Language> languages;  ///< that the recognizer knows, by their names
    std::vector<Voice> voices;
    std::string default_voice;
    std::vector<std::string> models;  ///< the language models' names
};

/// {"languages":[{"code","name"}],"voices":[{"id","language"}],"agents":[{"name","description"}],"models",
/// "default_voice","partials"}; 503 while the engines are not loaded.
Reply options_reply(const Services& services);

}  // namespace antiphon::edge
