#include "edge/unsaved.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {

void Unsaved::begin(std::int64_t position, std::string last_event) {
    began_ = taken_to_ = position;
    last_ = std::move(last_event);
}

void Unsaved::take(const std::string& event_id, bool answer, bool commit) {
    if ((answer || commit) && !before_) before_ = last_;
    answer_ = answer_ || answer;
    commit_ = commit_ || commit;
    if (answer) answer_event_ = event_id;
    if (!event_id.empty()) last_ = event_id;
}

void Unsaved::look(const call::CallEvent& event, std::int64_t position) {
    if (const auto* created = std::get_if<call::SessionCreated>(&event)) {
        turns_ = created->session.turn_detection.has_value();
    } else if (const auto* updated = std::get_if<call::SessionUpdated>(&event)) {
        const bool turns = updated->session.turn_detection.has_value();
        if (std::exchange(turns_, turns) && !turns) taken_to_ = position;
    } else if (const auto* started = std::get_if<call::SpeechStarted>(&event)) {
        sounds_.erase(speech_);  // of which nothing came
        speech_ = started->item_id;
        sounds_[speech_] = std::min(began_ + started->audio_start_ms, position);
    } else if (const auto* committed = std::get_if<call::AudioCommitted>(&event)) {
        sounds_.emplace(committed->item_id, taken_to_);
        if (speech_ == committed->item_id) speech_.clear();
        taken_to_ = position;
    } else if (std::holds_alternative<call::AudioCleared>(event)) {
        sounds_.erase(std::exchange(speech_, {}));
        taken_to_ = position;
    } else if (const auto* done = std::get_if<call::ItemDone>(&event)) {
        const auto& content = done->item.content;
        if (std::all_of(content.begin(), content.end(), [](const auto& part) { return part.text.has_value(); }))
            sounds_.erase(done->item.id);
    } else if (const auto* words = std::get_if<call::TranscriptionCompleted>(&event)) {
        sounds_.erase(words->item_id);
    } else if (const auto* none = std::get_if<call::TranscriptionFailed>(&event)) {
        sounds_.erase(none->item_id);
    } else if (const auto* deleted = std::get_if<call::ItemDeleted>(&event)) {
        sounds_.erase(deleted->item_id);
    } else if (std::holds_alternative<call::ResponseDone>(event)) {
        drop_request(answer_);
    } else if (const auto* failed = std::get_if<call::RequestFailed>(&event)) {
        if (failed->client_event_id == answer_event_) drop_request(answer_);
    }
    look_at_commit();
}

void Unsaved::look_at_commit() {
    if (commit_ && sounds_.empty()) drop_request(commit_);
}

void Unsaved::drop_request(bool& which) {
    which = false;
    if (!answer_ && !commit_) before_.reset();
}

std::int64_t Unsaved::sound_from(std::int64_t position) const {
    // While the caller speaks, nothing before that is waiting to be noticed.
    std::int64_t from = !turns_ ? taken_to_ : speech_.empty() ? std::max(taken_to_, position - kOnset) : position;
    for (const auto& [item, begins] : sounds_) from = std::min(from, begins);
    return std::clamp(from, std::max<std::int64_t>(0, position - kLongest), position);
}

}  // namespace antiphon::edge
