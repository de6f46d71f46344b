#include "edge/call_recorder.hpp"

#include "base/log.hpp"
#include "edge/stored_call.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

/// Before what was dropped for want of room is handed on once more.
constexpr base::milliseconds kAgain{1'000};
/// How often a call that says nothing lets the store know that it lives.
constexpr std::chrono::minutes kTouch{5};

}  // namespace

CallRecorder::CallRecorder(std::shared_ptr<base::Strand> strand, store::WriteBehind& writer, Name name, Call call)
    : strand_(std::move(strand)), writer_(writer), name_(std::move(name)), call_(std::move(call)) {}

std::shared_ptr<CallRecorder> CallRecorder::make(std::shared_ptr<base::Strand> strand, store::WriteBehind& writer,
                                                 Name name, Call call) {
    std::shared_ptr<CallRecorder> recorder(
        new CallRecorder(std::move(strand), writer, std::move(name), std::move(call)));
    for (const think::Item& item : recorder->call_.items())
        if (item.status != think::ItemStatus::in_progress) recorder->over_.insert(item.id);
    recorder->write_soon();
    recorder->touched_at_ = recorder->strand_->now();
    return recorder;
}

void CallRecorder::look(const call::CallEvent& event) {
    if (const auto* done = std::get_if<call::ItemDone>(&event)) {
        over_.insert(done->item.id);
        changed_.insert(done->item.id);
    } else if (const auto* cut = std::get_if<call::ItemTruncated>(&event)) {
        changed_.insert(cut->item_id);
    } else if (const auto* words = std::get_if<call::TranscriptionCompleted>(&event)) {
        changed_.insert(words->item_id);
    } else if (const auto* none = std::get_if<call::TranscriptionFailed>(&event)) {
        wordless_.insert(none->item_id);
        changed_.insert(none->item_id);
    } else if (std::holds_alternative<call::ResponseDone>(event)) {
        touch_ = true;  // with that, its request needs not be made again
    } else if (!std::holds_alternative<call::ItemDeleted>(event) && !std::holds_alternative<call::SessionUpdated>(event)) {
        return;
    }
    write_soon();
}

void CallRecorder::write_soon() {
    if (ended_ || soon_) return;
    soon_ = true;
    strand_->post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->write();
    });
}

void CallRecorder::write_at(base::Time when) {
    strand_->post_at(when, [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->write_soon();
    });
}

void CallRecorder::touch() {
    touch_ = true;
    write_soon();
}

void CallRecorder::when_saved(std::function<void()> saved) {
    all_saved_ = std::move(saved);
    touch();
}

void CallRecorder::look_at_clock() {
    if (ended_ || strand_->now() < touched_at_ + kTouch) return;
    touched_at_ = strand_->now();
    touch();
}

bool CallRecorder::ready(const think::Item& item) const {
    if (!over_.contains(item.id)) return false;
    return wordless_.contains(item.id) ||
           std::all_of(item.content.begin(), item.content.end(), [](const think::Content& c) { return c.text.has_value(); });
}

void CallRecorder::write() {
    soon_ = false;
    if (ended_) return;
    store::SessionChange change;
    change.owner = name_.owner;
    change.whole = whole_;
    std::vector<std::string> order;
    std::vector<std::string> told;
    for (const think::Item& item : call_.items()) {
        if (!ready(item)) continue;
        order.push_back(item.id);
        if (!whole_ && !changed_.contains(item.id)) continue;
        change.items.push_back({item.id, item_to_store(item)});
        told.push_back(item.id);
    }
    for (const std::string& id : order_)
        if (!whole_ && std::find(order.begin(), order.end(), id) == order.end()) change.removed.push_back(id);
    if (whole_ || order != order_) change.order = order;
    std::string settings = call_.settings();
    // It names items of this change, or of one before: they are stored as it saw them.
    std::string summary = call_.summary();
    if (whole_ || summary != summary_) change.summary = summary;
    const bool news = whole_ || touch_ || change.order || !change.items.empty() || change.summary || settings != settings_;
    if (!news) return;
    change.settings = settings;
    if (whole_) change.token_hash = name_.token_hash;
    const std::uint64_t number = ++number_;
    const auto taken = writer_.write(name_.id, std::move(change), [weak = weak_from_this(), strand = strand_,
                                                                   number](base::Result<store::Written> outcome) {
        strand->post([weak, number, outcome = std::move(outcome)] {
            if (const auto self = weak.lock()) self->take_outcome(number, outcome);
        });
    });
    touch_ = false;
    if (!taken) {
        whole_ = true;
        return write_at(strand_->now() + kAgain);
    }
    whole_ = false;
    for (const std::string& id : told) changed_.erase(id);
    order_ = std::move(order);
    settings_ = std::move(settings);
    summary_ = std::move(summary);
    handed_.emplace_back(number, std::move(told));
}

void CallRecorder::take_outcome(std::uint64_t number, const base::Result<store::Written>& outcome) {
    if (ended_) return;
    if (outcome && *outcome == store::Written::taken) {
        base::log::warning("call.taken_elsewhere", {{"id", name_.id}});
        ended_ = true;
        return call_.taken();
    }
    if (!outcome || *outcome == store::Written::missing) {
        // Expired, or the store has lost it: it gets all of it anew. What will never be written waits for a change.
        whole_ = true;
        return outcome ? write_soon() : void();
    }
    std::vector<std::string> ids;
    while (!handed_.empty() && handed_.front().first <= number) {
        for (std::string& id : handed_.front().second)
            if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
        handed_.pop_front();
    }
    if (!ids.empty()) call_.saved(ids);
    if (all_saved_ && number == number_ && !soon_) std::exchange(all_saved_, nullptr)();
}

void CallRecorder::end(bool kept) {
    if (ended_) return;
    if (kept) write();
    else writer_.forget(name_.id, name_.owner);
    ended_ = true;
}

}  // namespace antiphon::edge
