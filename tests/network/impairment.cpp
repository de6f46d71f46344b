#include "network/impairment.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace antiphon::network {
namespace {

std::optional<double> number(std::string_view text) {
    double value = 0.0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Duration milliseconds(double value) { return Duration(static_cast<std::int64_t>(value * 1000.0)); }

/// Whether the setting exists and takes the value.
bool change_one(Settings& settings, std::string_view name, double value) {
    const bool share = value >= 0.0 && value <= 1.0;
    const bool time = value >= 0.0 && value <= 10'000.0;
    if (name == "loss" && share) settings.loss = value;
    else if (name == "duplicate" && share) settings.duplicate = value;
    else if (name == "reorder" && share) settings.reorder = value;
    else if (name == "burst" && value >= 1.0 && value <= 100.0) settings.burst = value;
    else if (name == "delay_ms" && time) settings.delay = milliseconds(value);
    else if (name == "jitter_ms" && time) settings.jitter = milliseconds(value);
    else if (name == "reorder_ms" && time) settings.reorder_by = milliseconds(value);
    else if (name == "keep_order" && (value == 0.0 || value == 1.0)) settings.keep_order = value == 1.0;
    else return false;
    return true;
}

/// In Gilbert's model the losing state is left with 1 / burst and entered so often that the share of losses is right.
double entering(const Settings& settings) { return settings.loss / (settings.burst * (1.0 - settings.loss)); }

}  // namespace

std::string change(Settings& settings, std::string_view words) {
    Settings changed = settings;
    while (!words.empty()) {
        const auto word = words.substr(0, words.find(' '));
        words.remove_prefix(std::min(words.size(), word.size() + 1));
        if (word.empty()) continue;
        const auto equals = std::min(word.find('='), word.size());
        const auto value = number(word.substr(std::min(equals + 1, word.size())));
        if (!value || !change_one(changed, word.substr(0, equals), *value)) return "what is " + std::string(word) + "?";
    }
    if (changed.burst > 1.0 && (changed.loss >= 1.0 || entering(changed) > 1.0))
        return "bursts of that mean length cannot give that loss";
    settings = changed;
    return {};
}

bool Impairment::lost() {
    if (settings.burst <= 1.0) return chance(settings.loss);
    losing_ = chance(losing_ ? 1.0 - 1.0 / settings.burst : entering(settings));
    return losing_;
}

Duration Impairment::delay() {
    const auto half = settings.jitter.count();
    const auto off = half == 0 ? 0 : std::uniform_int_distribution<std::int64_t>(-half, half)(random_);
    return std::max(Duration(0), settings.delay + Duration(off));
}

std::vector<Clock::time_point> Impairment::fate(Clock::time_point now) {
    if (lost()) return {};
    std::vector<Clock::time_point> arrivals;
    for (int copies = chance(settings.duplicate) ? 2 : 1; copies > 0; --copies) {
        auto arrival = now + delay();
        if (chance(settings.reorder)) {
            arrival += settings.reorder_by;
        } else if (settings.keep_order) {
            arrival = std::max(arrival, last_);
            last_ = arrival;
        }
        arrivals.push_back(arrival);
    }
    return arrivals;
}

}  // namespace antiphon::network
