// Opens an engine on a model file, and says so.
//
// pure, but for the engine and a line in the log that says how long it took (engine.loaded).
#pragma once

#include "app/model_choice.hpp"
#include "base/clock.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "engine/model_store.hpp"

#include <stop_token>
#include <string>

namespace antiphon::app {

/// Checks the model, if it is the catalog's, and gives what `open` makes of it. Fails with a sentence that
/// names the file and what to do.
template <typename Open>
auto opened(const char* part, const ChosenModel& chosen, engine::ModelStore& store, std::stop_token stop, Open open)
    -> decltype(open(chosen.file)) {
    const auto began = base::Clock::now();
    if (chosen.model != nullptr)
        if (auto whole = store.check(*chosen.model, {}, stop); !whole) return whole.error();
    auto backend = open(chosen.file);
    if (!backend) {
        auto failure = backend.error();
        // A bad setting is told as it is; with all else the file is at fault.
        if (failure.code != base::Errc::invalid)
            failure.text = "the model file " + chosen.file.string() + " cannot be used: " + failure.text + "; " +
                           (chosen.model != nullptr ? "`antiphon models fetch " + chosen.model->id + "` gets it anew"
                                                    : "it is named by the settings");
        return failure;
    }
    base::log::info("engine.loaded", {{"engine", part},
                                      {"model", chosen.file.filename().string()},
                                      {"milliseconds", base::whole_milliseconds(base::Clock::now() - began)}});
    return backend;
}

}  // namespace antiphon::app
