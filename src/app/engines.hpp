// The engines of the whole server: loaded once, shared by every call.
//
// thread-safe. Only the files engines*.cpp of the house name the backends.
#pragma once

#include "app/model_choice.hpp"
#include "app/server_metrics.hpp"
#include "app/settings.hpp"
#include "base/metrics.hpp"
#include "base/result.hpp"
#include "call/call_engines.hpp"
#include "edge/services.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::app {

class Engines {
public:
    /// Runs once, on the loading thread: success, or why an engine could not be loaded.
    using LoadedHandler = std::function<void(base::Result<void>)>;

    struct Loading {
        EngineSettings settings;
        ModelChoice models;
        Machine machine;
        /// What a call's language model is told first: read once here, so that no first caller waits for it.
        std::string instructions;
        std::string ollama_base_url{};  ///< empty: there is none
    };

    /// Begins to load on a thread of its own and returns at once. `metrics` must outlive the Engines.
    Engines(Loading loading, base::Metrics& metrics, LoadedHandler on_loaded);

    /// As close_workers(), then frees the engines. If they are still being loaded, that ends first (after
    /// the model in hand).
    ~Engines();

    Engines(const Engines&) = delete;
    Engines& operator=(const Engines&) = delete;

    /// What is ready so far: each part turns true when it has been loaded and has worked once.
    edge::Readiness readiness() const;

    /// Null until all are loaded; then the same until the Engines are destroyed.
    const call::CallEngines* engines() const;

    /// What they can do; null until all are loaded.
    const edge::EngineOptions* options() const;

    /// In the order of preference; empty until all are loaded.
    std::vector<LanguageModelState> language_models() const;

    /// As engines(): what the plain endpoints run on.
    const edge::EndpointEngines* endpoint_engines() const;

    /// Drops waiting jobs, waits for running ones and takes no more: submit() then says `overloaded`. The
    /// engines stay, for calls that are still being taken down.
    void close_workers();

private:
    struct Loaded;

    base::Result<void> load(std::stop_token stop);
    /// Without one there are calls all the same. Where the settings leave the choice to us, Whisper's takes the place of an
    /// MMS-LID that cannot be used.
    void open_language_detector(const audio::Pcm& sound, std::stop_token stop);
    void mark(bool edge::Readiness::*part);

    const Loading loading_;
    base::Metrics& metrics_;
    mutable std::mutex mutex_;
    edge::Readiness readiness_;
    std::unique_ptr<Loaded> loaded_;  ///< built by the loading thread alone until it is published
    std::atomic<const call::CallEngines*> published_ = nullptr;
    std::jthread thread_;
};

/// The cores this process may use, and whether the build has a GPU that answers.
Machine this_machine();

}  // namespace antiphon::app
