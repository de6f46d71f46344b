// Shows on standard error how far a fetch is: a bar that moves on a terminal, elsewhere a line per tenth of
// each download.
//
// The main thread only.
#pragma once

#include "engine/model_store.hpp"

#include <cstdint>
#include <string>

namespace antiphon::app {

/// "148.0 MB", in powers of ten.
std::string size_text(std::uint64_t bytes);

class FetchProgress {
public:
    FetchProgress();
    /// Leaves the cursor on a line of its own.
    ~FetchProgress();

    FetchProgress(const FetchProgress&) = delete;
    FetchProgress& operator=(const FetchProgress&) = delete;

    void show(const engine::ModelEvent& event);

    /// How many files were put in their place.
    int installed() const noexcept { return installed_; }

private:
    void line(const std::string& text);
    void advance(const engine::ModelEvent& event, const std::string& what);

    const bool terminal_;
    bool bar_open_ = false;    ///< the cursor stands behind a bar
    std::string current_;      ///< what the tenths below belong to
    std::uint64_t shown_ = 0;  ///< how many tenths (thousandths on a terminal) of it were shown
    std::string complaint_;    ///< the last one shown
    int installed_ = 0;
};

}  // namespace antiphon::app
