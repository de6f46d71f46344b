#include "call/conversation.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {
namespace {

/// Less sound than this is no utterance; the Realtime API refuses it as well.
constexpr base::milliseconds kShortestCommit{100};

}  // namespace

void Conversation::update_session(const SessionPatch& patch, const std::string& client_event_id) {
    Session next = session_;
    apply(patch, next);
    const bool hears_anew = patch.turn_detection || patch.input_rate;
    if (hears_anew) {
        if (auto done = configure_listener(next); !done) return fail(done.error(), client_event_id);
        speech_item_.clear();
        interrupting_ = false;
        if (answering()) {
            answer_->pacer.resume();
            run_pacer();
            finish_if_done();
        }
    }
    drop_speculation();
    session_ = std::move(next);
    peer_.send(SessionUpdated{session_});
    start_wanted_answer();
}

void Conversation::commit_audio(const std::string& client_event_id) {
    const listen::Position from = std::max(uncommitted_, listener_.oldest());
    if (listen::duration_between(from, listener_.position()) < kShortestCommit)
        return fail(base::error(base::Errc::invalid,
                                "the input audio buffer is too short to commit: at least 100 ms are needed, there are " +
                                    std::to_string(listen::milliseconds_at(listener_.position() - from)) + " ms"),
                    client_event_id);
    drop_speculation();
    Hearing hearing;
    hearing.turn = next_turn();
    hearing.item_id = speech_item_.empty() ? base::random_id("item_") : speech_item_;
    hearing.from = from;
    hearing.to = listener_.position();
    hearing.marks.turn_end = strand_->now();
    speech_item_.clear();
    if (session_.turn_detection) listener_.reset_turns();
    commit(std::move(hearing));
}

void Conversation::clear_audio() {
    drop_speculation();
    speech_item_.clear();
    uncommitted_ = listener_.position();
    listener_.forget_before(uncommitted_);
    listener_.reset_turns();
    drop_told_ = false;
    peer_.send(AudioCleared{});
}

void Conversation::create_item(think::Item item, const std::optional<std::string>& previous,
                               const std::string& client_event_id) {
    if (item.id.empty()) item.id = base::random_id("item_");
    drop_speculation();
    auto before = dialogue_.add(item, previous);
    if (!before) return fail(before.error(), client_event_id);
    peer_.send(ItemAdded{item, *before});
    peer_.send(ItemDone{item, *before});
}

void Conversation::retrieve_item(const std::string& item_id, const std::string& client_event_id) {
    if (const think::Item* item = dialogue_.find(item_id)) return peer_.send(ItemRetrieved{*item});
    fail(base::error(base::Errc::not_found, "there is no item '" + item_id + "'", "item_id"), client_event_id);
}

void Conversation::delete_item(const std::string& item_id, const std::string& client_event_id) {
    if (answering() && answer_->item.id == item_id)
        return fail(base::error(base::Errc::conflict, "the item is being spoken; cancel the response first", "item_id"),
                    client_event_id);
    drop_speculation();
    if (!dialogue_.erase(item_id))
        return fail(base::error(base::Errc::not_found, "there is no item '" + item_id + "'", "item_id"), client_event_id);
    peer_.send(ItemDeleted{item_id});
}

void Conversation::truncate_item(const std::string& item_id, std::int64_t audio_end_ms, const std::string& client_event_id) {
    think::Item* item = dialogue_.find(item_id);
    if (item == nullptr)
        return fail(base::error(base::Errc::not_found, "there is no item '" + item_id + "'", "item_id"), client_event_id);
    if (answering() && answer_->item.id == item_id) {
        interrupt(ResponseEnd::client_cancelled);
        item = dialogue_.find(item_id);
    }
    const auto found = std::find_if(spoken_.begin(), spoken_.end(), [&](const Spoken& s) { return s.item_id == item_id; });
    if (item == nullptr || item->role != engine::Role::assistant || found == spoken_.end())
        return fail(base::error(base::Errc::invalid, "only the sound of a recent answer can be truncated", "item_id"),
                    client_event_id);
    const std::int64_t position = audio_end_ms * found->rate / 1000;
    // A millisecond of grace: clients round.
    if (audio_end_ms < 0 || position > found->ledger.total() + found->rate / 1000)
        return fail(base::error(base::Errc::invalid,
                                "audio_end_ms must lie within the item's " +
                                    std::to_string(found->ledger.total() * 1000 / found->rate) + " ms of sound",
                                "audio_end_ms"),
                    client_event_id);
    drop_speculation();
    item->content.front().text = found->ledger.heard(position);
    peer_.send(ItemTruncated{item_id, audio_end_ms});
}

void Conversation::create_response(ResponseRequest request) {
    if (answering() || (wanted_ && wanted_->by_client))
        return fail(base::error(base::Errc::conflict, "a response is already under way"), request.client_event_id);
    drop_speculation();
    wanted_ = Wanted{next_turn(), std::move(request), {}, session_.input_language, true};
    start_wanted_answer();
}

void Conversation::cancel_response(const std::string& response_id, const std::string& client_event_id) {
    if (wanted_ && response_id.empty()) {
        wanted_.reset();
        if (!answering()) return;
    }
    if (!answering() || (!response_id.empty() && answer_->response.id != response_id))
        return fail(base::error(base::Errc::not_found, "there is no such response under way", "response_id"), client_event_id);
    interrupt(ResponseEnd::client_cancelled);
}

}  // namespace antiphon::call
