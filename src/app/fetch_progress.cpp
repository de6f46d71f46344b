#include "app/fetch_progress.hpp"

#include <unistd.h>
#include <array>
#include <cstdio>

namespace antiphon::app {
namespace {

constexpr std::size_t kBarWidth = 30;

const char* verb_of(engine::FetchStep step) {
    switch (step) {
        case engine::FetchStep::checking: return "checking";
        case engine::FetchStep::downloading: return "downloading";
        case engine::FetchStep::unpacking: return "unpacking";
        case engine::FetchStep::converting: return "converting";
        case engine::FetchStep::verifying: return "verifying";
        default: return "";
    }
}

}  // namespace

std::string size_text(std::uint64_t bytes) {
    static constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB"};
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < kUnits.size()) {
        value /= 1000.0;
        ++unit;
    }
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
    return text;
}

FetchProgress::FetchProgress() : terminal_(::isatty(STDERR_FILENO) == 1) {}

FetchProgress::~FetchProgress() {
    if (bar_open_) std::fputs("\r\033[K", stderr);
}

void FetchProgress::line(const std::string& text) {
    if (bar_open_) std::fputs("\r\033[K", stderr);
    bar_open_ = false;
    std::fprintf(stderr, "%s\n", text.c_str());
}

void FetchProgress::advance(const engine::ModelEvent& event, const std::string& what) {
    const bool fresh = what != current_;
    const std::uint64_t steps = terminal_ ? 1000 : 10;
    const std::uint64_t now = event.total > 0 ? event.done * steps / event.total : 0;
    if (!fresh && now == shown_) return;
    current_ = what;
    shown_ = now;
    const std::string amount = event.total > 0 ? size_text(event.done) + " of " + size_text(event.total) : "";
    if (!terminal_) {
        // Only what takes long gets its tenths.
        if (event.step == engine::FetchStep::downloading)
            line("  " + what + ": " + std::to_string(now * 10) + " %, " + amount);
        else if (event.step == engine::FetchStep::converting && fresh)
            line("  " + what);
        return;
    }
    std::string bar;
    if (event.total > 0) {
        const auto full = static_cast<std::size_t>(event.done * kBarWidth / event.total);
        bar = "[" + std::string(full, '#') + std::string(kBarWidth - full, '.') + "] ";
    }
    std::fprintf(stderr, "\r\033[K  %s %s%s", what.c_str(), bar.c_str(), amount.c_str());
    std::fflush(stderr);
    bar_open_ = true;
}

void FetchProgress::show(const engine::ModelEvent& event) {
    const std::string name = event.model.id + "/" + event.file;
    switch (event.step) {
        case engine::FetchStep::waiting: return line("waiting: another process fetches models into the same directory");
        case engine::FetchStep::kept: return;
        case engine::FetchStep::replacing: return line(name + " is fetched again: " + event.text);
        case engine::FetchStep::failed:
            // A hub that is out of reach is so for every file.
            if (event.text != complaint_) line("  " + name + ": " + event.text);
            complaint_ = event.text;
            return;
        case engine::FetchStep::installed:
            ++installed_;
            return line(name + " installed, " + size_text(event.total) + ", sha256 right");
        default: return advance(event, verb_of(event.step) + (" " + name));
    }
}

}  // namespace antiphon::app
