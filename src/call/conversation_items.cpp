// What clients ask for of the items of the conversation.

#include "call/conversation.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::call {

void Conversation::create_item(think::Item item, const std::optional<std::string>& previous,
                               const std::string& client_event_id) {
    if (item.kind == think::ItemKind::reference)
        return fail(base::error(base::Errc::invalid, "a reference stands only in the input of a response", "item.type"),
                    client_event_id);
    if (auto fits = check_sounds(item); !fits) return fail(fits.error(), client_event_id);
    if (item.id.empty()) item.id = base::random_id("item_");
    if (item.kind == think::ItemKind::function_call && item.call.id.empty()) item.call.id = base::random_id("call_");
    if (item.status == think::ItemStatus::in_progress) item.status = think::ItemStatus::completed;
    for (think::Content& content : item.content)
        if (content.text) content.sound.reset();
    auto before = dialogue_.add(item, previous);
    if (!before) return fail(before.error(), client_event_id);
    drop_speculation();
    silence_deadline_.reset();
    peer_.send(ItemAdded{item, *before});
    peer_.send(ItemDone{item, *before});
    hear_item(item, false);
    start_next_sound();
    settle();
}

void Conversation::recall(std::vector<think::Item> history, const think::Summary& summary) {
    for (think::Item& item : history) {
        auto before = dialogue_.add(item);
        if (!before) {
            base::log::warning("call.item_not_recalled", {{"call", session_.id}, {"because", before.error().text}});
            continue;
        }
        peer_.send(ItemAdded{item, *before});
        peer_.send(ItemDone{item, *before});
    }
    restore_summary(summary);
    if (dialogue_.items().empty() || !answers_turns()) return;
    const think::Item& last = dialogue_.items().back();
    const bool spoken = last.kind == think::ItemKind::message && last.role == engine::Role::user &&
                        !last.content.empty() && last.content.front().kind == think::ContentKind::input_audio;
    if (!spoken || think::words_of(last).empty()) return;
    wanted_ = Wanted{next_turn(), {}, {}, session_.input_language};
    start_wanted_answer();
}

void Conversation::retrieve_item(const std::string& item_id, const std::string& client_event_id) {
    if (const think::Item* item = dialogue_.find(item_id)) return peer_.send(ItemRetrieved{*item});
    fail(base::error(base::Errc::not_found, "there is no item '" + item_id + "'", "item_id"), client_event_id);
}

void Conversation::delete_item(const std::string& item_id, const std::string& client_event_id) {
    if (being_made(item_id))
        return fail(base::error(base::Errc::conflict, "the item is being made; cancel the response first", "item_id"),
                    client_event_id);
    if (!dialogue_.erase(item_id))
        return fail(base::error(base::Errc::not_found, "there is no item '" + item_id + "'", "item_id"), client_event_id);
    drop_speculation();
    peer_.send(ItemDeleted{item_id});
    drop_hearings_of(item_id);
    start_wanted_answer();
    settle();
}

bool Conversation::being_made(const std::string& item_id) const {
    if (!answering()) return false;
    if (answer_->message.id == item_id) return !answer_->message_over;
    return std::any_of(answer_->calls.begin(), answer_->calls.end(),
                       [&](const AnswerCall& call) { return call.item.id == item_id && !call.over; });
}

void Conversation::truncate_item(const std::string& item_id, std::int64_t audio_end_ms, const std::string& client_event_id) {
    if (dialogue_.find(item_id) == nullptr)
        return fail(base::error(base::Errc::not_found, "there is no item '" + item_id + "'", "item_id"), client_event_id);
    const auto found = std::find_if(spoken_.begin(), spoken_.end(), [&](const Spoken& s) { return s.item_id == item_id; });
    const bool under_way = answering() && answer_->response.speaks && answer_->message.id == item_id &&
                           !answer_->message_over;
    if (!under_way && found == spoken_.end())
        return fail(base::error(base::Errc::invalid, "only the sound of a recent answer can be truncated", "item_id"),
                    client_event_id);
    const int rate = under_way ? answer_->rate : found->rate;
    const speak::PlayoutLedger ledger = under_way ? answer_->ledger : found->ledger;
    const std::int64_t length_ms = ledger.total() * 1000 / rate;
    // A millisecond of grace: clients round.
    if (audio_end_ms < 0 || audio_end_ms > length_ms + 1)
        return fail(base::error(base::Errc::invalid,
                                "audio_end_ms must lie within the item's " + std::to_string(length_ms) + " ms of sound",
                                "audio_end_ms"),
                    client_event_id);
    if (under_way) interrupt(ResponseEnd::client_cancelled);
    drop_speculation();
    if (think::Item* item = dialogue_.find(item_id)) item->content.front().text = ledger.heard(audio_end_ms * rate / 1000);
    peer_.send(ItemTruncated{item_id, audio_end_ms});
    settle();
}

}  // namespace antiphon::call
