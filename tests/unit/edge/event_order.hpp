// Holds the server's events against the order and the bookkeeping that the Realtime API promises.
//
// pure. Feed it every event of one connection in order; the first one that breaks a rule is named. A new event of the
// server gets its rule in take(); one without a rule is a fault, unless it is one of ours ("antiphon.").
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace antiphon::edge {

class EventOrder {
public:
    /// What is wrong with this event, if anything is.
    std::optional<std::string> take(const boost::json::object& event) {
        event_ = &event;
        fault_.reset();
        type_ = text("type");
        if (!event_ids_.insert(text("event_id")).second) fail("its event_id was there before");
        if (!created_ && type_ != "session.created") fail("it came before session.created");
        judge();
        return fault_;
    }

    /// What is wrong once nothing more is to come.
    std::optional<std::string> settled() const {
        for (const auto& [id, response] : responses_)
            if (!response.done) return "response " + id + " has no response.done";
        for (const auto& id : conversation_)
            if (!finished_.contains(id)) return "item " + id + " has no conversation.item.done";
        return std::nullopt;
    }

    const std::vector<std::string>& conversation() const { return conversation_; }  ///< the items, in order
    const std::vector<std::string>& all_items() const { return all_items_; }        ///< deleted ones as well
    const std::string& last_response() const { return last_response_; }
    std::size_t responses() const { return responses_.size(); }
    bool answering() const {
        return std::any_of(responses_.begin(), responses_.end(), [](const auto& r) { return !r.second.done; });
    }

private:
    /// Where an item of a response stands: each event has its place, and none may go back.
    enum class Place { added, part_added, deltas, ends, part_done, done };
    struct Output {
        Place place = Place::added;
        std::string transcript;
        std::string text;
        std::set<std::string> ended;
    };
    struct Response {
        bool done = false;
        std::map<std::string, Output> items;
        std::vector<std::string> order;
    };

    void fail(const std::string& why) {
        if (!fault_) fault_ = type_ + ": " + why;
    }
    const boost::json::value* find(std::string_view name) const { return event_->if_contains(name); }
    static std::string text_in(const boost::json::object& object, std::string_view name) {
        const auto* value = object.if_contains(name);
        return value != nullptr && value->is_string() ? std::string(value->as_string()) : std::string();
    }
    std::string text(std::string_view name) const { return text_in(*event_, name); }
    const boost::json::object& object(std::string_view name) {
        static const boost::json::object kNone;
        const auto* value = find(name);
        if (value != nullptr && value->is_object()) return value->get_object();
        fail("has no " + std::string(name));
        return kNone;
    }
    bool is(std::string_view type) const { return type_ == type; }
    bool begins(std::string_view type) const { return type_.starts_with(type); }

    void judge() {
        if (is("session.created")) {
            if (std::exchange(created_, true)) fail("there was one before");
        } else if (is("session.updated")) {
            object("session");
        } else if (is("error")) {
            if (text_in(object("error"), "message").empty()) fail("says nothing");
        } else if (is("rate_limits.updated")) {
            if (!answering()) fail("there is no response");
        } else if (begins("antiphon.")) {
            if (find("response_id") != nullptr && !responses_.contains(text("response_id"))) fail("of an unknown response");
        } else if (begins("input_audio_buffer.")) {
            judge_input();
        } else if (begins("conversation.item.input_audio_transcription.")) {
            judge_transcription();
        } else if (begins("conversation.item.")) {
            judge_item();
        } else if (begins("response.")) {
            judge_response();
        } else {
            fail("there is no rule for it");
        }
    }

    void judge_input() {
        const std::string id = text("item_id");
        if (is("input_audio_buffer.cleared")) {
            speaking_.clear();
        } else if (is("input_audio_buffer.speech_started")) {
            if (!promised_.insert(id).second || committed_.contains(id)) fail("the item's id was used before");
            speaking_ = id;
        } else if (is("input_audio_buffer.speech_stopped")) {
            if (id.empty() || speaking_ != id) fail("of speech that did not begin");
            speaking_.clear();
        } else if (is("input_audio_buffer.committed")) {
            if (!committed_.insert(id).second) fail("committed twice");
            if (speaking_ == id) speaking_.clear();
            to_be_added_ = id;
        } else {
            fail("there is no rule for it");
        }
    }

    void judge_transcription() {
        const std::string id = text("item_id");
        if (!committed_.contains(id)) fail("of an item that was not committed");
        if (!is("conversation.item.input_audio_transcription.delta") && !transcribed_.insert(id).second)
            fail("the transcription ended before");
    }

    void judge_item() {
        if (is("conversation.item.deleted")) {
            if (std::erase(conversation_, text("item_id")) != 1) fail("there is no such item");
            return;
        }
        if (is("conversation.item.truncated")) {
            if (!spoken_.contains(text("item_id"))) fail("of an item without sound");
            return;
        }
        const auto& item = object("item");
        const std::string id = text_in(item, "id");
        if (id.empty()) fail("the item has no id");
        if (is("conversation.item.added")) return item_added(id);
        const auto at = std::find(conversation_.begin(), conversation_.end(), id);
        if (is("conversation.item.retrieved")) {
            if (at == conversation_.end()) fail("there is no such item");
        } else if (is("conversation.item.done")) {
            if (at == conversation_.end()) return fail("the item was not added");
            if (!finished_.insert(id).second) fail("the item was done before");
            if (text_in(item, "status") == "in_progress") fail("the item is still in progress");
            const std::string before = at == conversation_.begin() ? std::string() : *std::prev(at);
            if (text("previous_item_id") != before) fail("the item before it is " + before);
        } else {
            fail("there is no rule for it");
        }
    }

    void item_added(const std::string& id) {
        if (std::find(conversation_.begin(), conversation_.end(), id) != conversation_.end()) fail("the item is there already");
        if (!to_be_added_.empty() && std::exchange(to_be_added_, "") != id) fail("another item was committed");
        finished_.erase(id);  // a client may use the id of an item that it deleted
        const std::string previous = text("previous_item_id");
        auto place = conversation_.begin();
        if (!previous.empty()) {
            place = std::find(conversation_.begin(), conversation_.end(), previous);
            if (place == conversation_.end()) return fail("there is no item " + previous + " to be before it");
            ++place;
        }
        conversation_.insert(place, id);
        all_items_.push_back(id);
    }

    void judge_response() {
        const bool whole = is("response.created") || is("response.done");
        const std::string id = whole ? text_in(object("response"), "id") : text("response_id");
        if (is("response.created")) {
            if (!responses_.emplace(id, Response{}).second) fail("the response's id was used before");
            last_response_ = id;
            return;
        }
        const auto found = responses_.find(id);
        if (found == responses_.end() || found->second.done) return fail("the response is not open");
        Response& response = found->second;
        if (is("response.done")) return response_done(response);
        if (is("response.output_item.added")) return output_added(response);
        const std::string item = is("response.output_item.done") ? text_in(object("item"), "id") : text("item_id");
        const auto output = response.items.find(item);
        if (output == response.items.end()) return fail("the response has no such item");
        judge_output(output->second, item);
    }

    void output_added(Response& response) {
        const auto& item = object("item");
        const std::string id = text_in(item, "id");
        if (text_in(item, "status") != "in_progress") fail("the item is not in progress");
        if (!output_ids_.insert(id).second) fail("the item's id was used before");
        response.items.emplace(id, Output{});
        response.order.push_back(id);
        const auto* index = find("output_index");
        if (index == nullptr || !index->is_int64() || index->get_int64() + 1 != static_cast<std::int64_t>(response.order.size()))
            fail("its output_index is not the next one");
    }

    void judge_output(Output& output, const std::string& item) {
        if (is("response.content_part.added")) {
            // An answer that was to sound can be truncated, also when it came to no sound.
            if (text_in(object("part"), "type") == "audio") spoken_.insert(item);
            return go(output, Place::part_added, Place::added);
        }
        if (type_.ends_with(".delta")) {
            go(output, Place::deltas, Place::part_added);
            const std::string delta = text("delta");
            if (delta.empty()) fail("it is empty");
            if (is("response.output_audio.delta")) return;
            if (is("response.output_audio_transcript.delta")) {
                output.transcript += delta;
            } else if (is("response.output_text.delta")) {
                output.text += delta;
            } else {
                fail("there is no rule for it");
            }
            return;
        }
        if (is("response.content_part.done")) return go(output, Place::part_done, Place::ends);
        if (is("response.output_item.done")) {
            if (text_in(object("item"), "status") == "in_progress") fail("the item is still in progress");
            return go(output, Place::done, Place::part_done);
        }
        go(output, Place::ends, Place::part_added);
        if (!output.ended.insert(type_).second) fail("it came twice");
        if (is("response.output_text.done") && text("text") != output.text) fail("the text is not that of the deltas");
        if (is("response.output_audio_transcript.done") && !output.transcript.starts_with(text("transcript")))
            fail("the transcript is not the beginning of the deltas'");
    }

    /// From `least` on, and not back.
    void go(Output& output, Place to, Place least) {
        if (output.place < least || output.place > to || (output.place == to && to != Place::deltas && to != Place::ends))
            fail("not at this place of the item's events");
        output.place = to;
    }

    void response_done(Response& response) {
        response.done = true;
        const auto& whole = object("response");
        if (text_in(whole, "status") == "in_progress") fail("the response is still in progress");
        for (const auto& [id, output] : response.items) {
            if (output.place != Place::done) fail("the item " + id + " is not done");
            const bool added = std::find(conversation_.begin(), conversation_.end(), id) != conversation_.end();
            if (added && !finished_.contains(id)) fail("the item " + id + " is not done in the conversation");
        }
        std::vector<std::string> told;
        if (const auto* output = whole.if_contains("output"); output != nullptr && output->is_array())
            for (const auto& item : output->get_array()) told.push_back(text_in(item.as_object(), "id"));
        if (told != response.order) fail("its output is not what was added");
    }

    const boost::json::object* event_ = nullptr;
    std::string type_;
    std::optional<std::string> fault_;

    bool created_ = false;
    std::set<std::string> event_ids_;
    std::string speaking_;        ///< the item promised by speech that goes on
    std::set<std::string> promised_;
    std::set<std::string> committed_;
    std::string to_be_added_;     ///< committed, and to come as an item next
    std::set<std::string> transcribed_;
    std::vector<std::string> conversation_;
    std::vector<std::string> all_items_;
    std::set<std::string> finished_;
    std::set<std::string> spoken_;
    std::set<std::string> output_ids_;
    std::map<std::string, Response> responses_;
    std::string last_response_;
};

}  // namespace antiphon::edge
