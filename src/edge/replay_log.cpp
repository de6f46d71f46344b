#include "edge/replay_log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

/// Of an entry beside its bytes.
constexpr std::size_t kOverhead = 256;
/// Of a client that comes back again and again and has never received anything.
constexpr std::size_t kMaxPlaces = 8;

bool is_sound(const LineSound& sound) { return sound.samples > 0; }

/// Leaves out what lies before `from`.
LineSound rest_of(LineSound sound, std::int64_t from) {
    const std::int64_t skipped = std::clamp<std::int64_t>(from - sound.from, 0, sound.samples);
    // Whole samples of either format, whatever the two rates: 2 bytes are the larger.
    auto bytes = static_cast<std::size_t>(skipped) * sound.bytes.size() / static_cast<std::size_t>(sound.samples);
    bytes -= bytes % 2;
    sound.bytes.erase(sound.bytes.begin(), sound.bytes.begin() + static_cast<std::ptrdiff_t>(bytes));
    sound.from += skipped;
    sound.samples -= skipped;
    return sound;
}

}  // namespace

std::size_t ReplayLog::size_of(const Entry& entry) {
    return entry.message.bytes.size() + entry.sound.bytes.size() + kOverhead;
}

void ReplayLog::add(LoggedMessage message, base::Time now) { add({std::move(message), {}, now}); }

void ReplayLog::add(LineSound sound, base::Time now) {
    if (is_sound(sound)) add({{}, std::move(sound), now});
}

void ReplayLog::add(Entry entry) {
    bytes_ += size_of(entry);
    entries_.push_back(std::move(entry));
    while (bytes_ > kMaxBytes) drop_first();
}

void ReplayLog::forget_old(base::Time now) {
    while (!entries_.empty() && entries_.front().at < now - kLength) drop_first();
}

void ReplayLog::drop_first() {
    const Entry& first = entries_.front();
    bytes_ -= size_of(first);
    if (!is_sound(first.sound)) {
        lost_before_ = true;
        if (first.message.binary)
            for (Place& place : places_) ++place.binaries;
        else
            places_.assign(1, {first.message.id, 0});
    }
    entries_.pop_front();
}

bool ReplayLog::find(const ResumeFrom& from, std::size_t& first) const {
    first = 0;
    std::size_t binaries = from.after_binary;
    const auto stands_for = [&](const Place& place) { return place.event_id == from.last_event_id; };
    if (from.last_event_id.empty()) {
        if (lost_before_) return false;
    } else if (const auto place = std::find_if(places_.begin(), places_.end(), stands_for); place != places_.end()) {
        if (place->binaries > binaries) return false;
        binaries -= place->binaries;
    } else {
        const auto is_it = [&](const Entry& entry) { return entry.message.id == from.last_event_id; };
        const auto found = std::find_if(entries_.begin(), entries_.end(), is_it);
        if (found == entries_.end()) return false;
        first = static_cast<std::size_t>(found - entries_.begin()) + 1;
    }
    while (binaries > 0 && first < entries_.size() && entries_[first].message.binary) {
        ++first;
        --binaries;
    }
    return binaries == 0;
}

bool ReplayLog::confirm(const ResumeFrom& from, std::int64_t line_received, const EncodeSound& encode) {
    std::size_t first = 0;
    const bool complete = find(from, first);
    std::deque<Entry> entries = std::exchange(entries_, {});
    bytes_ = 0;
    if (complete) {
        lost_before_ = false;
        places_.assign(1, {from.last_event_id, from.after_binary});
    }
    for (std::size_t i = 0; i < entries.size(); ++i) {
        Entry& entry = entries[i];
        if (is_sound(entry.sound)) {
            const LineSound unheard = rest_of(std::move(entry.sound), line_received);
            if (!is_sound(unheard) || unheard.bytes.empty()) continue;
            entry = {encode(unheard), {}, entry.at};
        } else if (i < first) {
            continue;
        }
        bytes_ += size_of(entry);
        entries_.push_back(std::move(entry));
    }
    return complete;
}

std::vector<LoggedMessage> ReplayLog::missed() const {
    std::vector<LoggedMessage> messages;
    for (const Entry& entry : entries_)
        if (!is_sound(entry.sound)) messages.push_back(entry.message);
    return messages;
}

void ReplayLog::mark(std::string event_id) {
    if (places_.size() == kMaxPlaces) places_.erase(places_.begin());
    places_.push_back({std::move(event_id), 0});
}

std::vector<LoggedMessage> ReplayLog::take_sound() {
    std::vector<LoggedMessage> sound;
    std::erase_if(entries_, [&](Entry& entry) {
        if (entry.message.sound == base::Duration::zero()) return false;
        bytes_ -= size_of(entry);
        sound.push_back(std::move(entry.message));
        return true;
    });
    return sound;
}

std::vector<LineSound> ReplayLog::take_unheard(std::int64_t line_received) {
    std::vector<LineSound> unheard;
    std::erase_if(entries_, [&](Entry& entry) {
        if (!is_sound(entry.sound)) return false;
        bytes_ -= size_of(entry);
        LineSound rest = rest_of(std::move(entry.sound), line_received);
        if (is_sound(rest) && !rest.bytes.empty()) unheard.push_back(std::move(rest));
        return true;
    });
    return unheard;
}

void ReplayLog::forget_line_sound(const std::string& response_id) {
    std::erase_if(entries_, [&](const Entry& entry) {
        if (!is_sound(entry.sound) || entry.sound.part.response_id != response_id) return false;
        bytes_ -= size_of(entry);
        return true;
    });
}

}  // namespace antiphon::edge
