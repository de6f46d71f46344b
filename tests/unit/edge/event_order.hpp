// Holds the server's events against the order and the bookkeeping that the Realtime API promises.
//
// pure. Feed it every event of one connection in order; the first one that breaks a rule is named. A new event of the
// server gets its rule in judge(); one without a rule is a fault. The beta dialect's names are read as those of GA.
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <cstdint>
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
        type_ = ga_name(text("type"));
        if (!event_ids_.insert(text("event_id")).second) fail("its event_id was there before");
        if (!created_ && type_ != "session.created") fail("it came before session.created");
        if (created_ && !told_state_ && type_ != "antiphon.state" && type_ != "conversation.created")
            fail("it came before the first antiphon.state");
        if (!limits_due_.empty() && type_ != "rate_limits.updated") fail("it came between response.created and rate_limits.updated");
        judge();
        return fault_;
    }

    /// The same for a binary frame.
    std::optional<std::string> take_sound() {
        fault_.reset();
        type_ = "a binary frame";
        if (state_ != "speaking") fail("the agent is not speaking");
        const auto response = responses_.find(last_response_);
        if (response == responses_.end() || response->second.done) return type_ + ": there is no response";
        const auto output = response->second.items.find(last_message_);
        if (output == response->second.items.end()) return type_ + ": its item is not the response's";
        if (output->second.place < Place::part_added || output->second.place > Place::deltas) fail("its item does not sound");
        return fault_;
    }

    /// From now on all is said in the beta dialect, which has no conversation.item.done.
    void speaks_beta() { beta_ = true; }

    /// What is wrong once nothing more is to come.
    std::optional<std::string> settled() const {
        for (const auto& [id, response] : responses_)
            if (!response.done) return "response " + id + " has no response.done";
        if (state_ != "listening") return "the agent is still " + state_;
        if (!sounding_.empty()) return "response " + sounding_ + " still sounds";
        for (const auto& id : conversation_)
            if (!beta_ && !finished_.contains(id)) return "item " + id + " has no conversation.item.done";
        return std::nullopt;
    }

    const std::vector<std::string>& conversation() const { return conversation_; }  ///< the items, in order
    const std::vector<std::string>& all_items() const { return all_items_; }        ///< deleted ones as well
    const std::vector<std::string>& calls() const { return calls_; }                ///< the ids of finished function calls
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
        bool is_call = false;
        std::int64_t index = 0;
        std::string call_id;
        std::string arguments;
        std::string words;  ///< of antiphon.words
        std::int64_t words_end = 0;
        std::string transcript;
        std::string text;
        std::set<std::string> ended;
    };
    struct Response {
        bool done = false;
        bool measured = false;
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

    static std::string ga_name(std::string type) {
        static const std::map<std::string, std::string> kNames{
            {"conversation.item.created", "conversation.item.added"},
            {"response.text.delta", "response.output_text.delta"},
            {"response.text.done", "response.output_text.done"},
            {"response.audio_transcript.delta", "response.output_audio_transcript.delta"},
            {"response.audio_transcript.done", "response.output_audio_transcript.done"},
            {"response.audio.delta", "response.output_audio.delta"},
            {"response.audio.done", "response.output_audio.done"}};
        const auto found = kNames.find(type);
        return found == kNames.end() ? type : found->second;
    }
    std::int64_t number(std::string_view name) {
        const auto* value = find(name);
        if (value != nullptr && value->is_int64()) return value->get_int64();
        fail("has no " + std::string(name));
        return 0;
    }

    void judge() {
        if (is("session.created")) {
            if (std::exchange(created_, true)) fail("there was one before");
        } else if (is("conversation.created")) {
            if (!beta_ || told_state_) fail("it does not follow a beta session.created");
        } else if (is("session.updated")) {
            object("session");
        } else if (is("error")) {
            if (text_in(object("error"), "message").empty()) fail("says nothing");
        } else if (is("rate_limits.updated")) {
            if (std::exchange(limits_due_, "").empty()) fail("it does not follow response.created");
        } else if (begins("antiphon.")) {
            judge_ours();
        } else if (begins("output_audio_buffer.")) {
            judge_sound();
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

    void judge_ours() {
        if (is("antiphon.state")) {
            told_state_ = true;
            const std::string state = text("state");
            if (state == state_) fail("it is so already");
            if (state != "listening" && state != "thinking" && state != "speaking") fail("there is no such state");
            if (state == "speaking" && !answering()) fail("there is no response");
            state_ = state;
        } else if (is("antiphon.partial")) {
            if (speaking_.empty() || text("item_id") != speaking_) fail("of speech that does not go on");
            if (text("transcript").empty() || text("transcript") == std::exchange(partial_, text("transcript")))
                fail("it says nothing new");
        } else if (is("antiphon.words")) {
            const auto response = responses_.find(text("response_id"));
            if (response == responses_.end() || response->second.done) return fail("the response is not open");
            const auto output = response->second.items.find(text("item_id"));
            if (output == response->second.items.end()) return fail("the response has no such item");
            judge_words(output->second);
        } else if (is("antiphon.turn")) {
            const auto response = responses_.find(text("response_id"));
            if (response == responses_.end() || !response->second.done) return fail("the response is not done");
            if (std::exchange(response->second.measured, true)) fail("there was one before");
        } else {
            fail("there is no rule for it");
        }
    }

    void judge_words(Output& output) {
        if (output.place < Place::part_added || output.place > Place::deltas) fail("not at this place of the item's events");
        const auto* words = find("words");
        if (words == nullptr || !words->is_array() || words->get_array().empty()) return fail("has no words");
        for (const auto& each : words->get_array()) {
            const auto& word = each.as_object();
            output.words += text_in(word, "text");
            const std::int64_t start = word.at("start_ms").as_int64();
            const std::int64_t end = word.at("end_ms").as_int64();
            if (start < output.words_end || end < start) fail("the words are not one after the other");
            output.words_end = end;
        }
        if (output.words != output.transcript) fail("the words are not those of the transcript");
    }

    void judge_sound() {
        const std::string id = text("response_id");
        if (is("output_audio_buffer.started")) {
            const auto response = responses_.find(id);
            if (response == responses_.end() || response->second.done) fail("the response is not open");
            if (!sounding_.empty()) fail("another response sounds");
            sounding_ = id;
        } else if (is("output_audio_buffer.stopped")) {
            if (id.empty() || std::exchange(sounding_, "") != id) fail("of a response that does not sound");
        } else if (is("output_audio_buffer.cleared")) {
            if (!sounding_.empty() && sounding_ != id) fail("another response sounds");
            sounding_.clear();
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
            partial_.clear();
        } else if (is("input_audio_buffer.timeout_triggered")) {
            if (!promised_.insert(id).second || committed_.contains(id)) fail("the item's id was used before");
            if (number("audio_end_ms") < number("audio_start_ms")) fail("the silence ends before it begins");
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
        if (std::find(conversation_.begin(), conversation_.end(), id) == conversation_.end()) fail("there is no such item");
        if (!has_sound_.contains(id)) fail("of an item without sound of the caller's");
        const auto part = std::pair(id, number("content_index"));
        if (is("conversation.item.input_audio_transcription.delta")) {
            if (transcribed_.contains(part)) fail("the transcription ended before");
            if (text("delta").empty()) fail("it is empty");
            heard_[part] += text("delta");
            return;
        }
        if (!transcribed_.insert(part).second) fail("the transcription ended before");
        if (is("conversation.item.input_audio_transcription.failed")) return;
        if (!is("conversation.item.input_audio_transcription.completed")) return fail("there is no rule for it");
        if (text("transcript") != heard_[part]) fail("the transcript is not that of the deltas");
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
        std::erase_if(transcribed_, [&](const auto& part) { return part.first == id; });
        std::erase_if(heard_, [&](const auto& part) { return part.first.first == id; });
        has_sound_.erase(id);
        if (const auto* content = object("item").if_contains("content"); content != nullptr && content->is_array())
            for (const auto& part : content->get_array())
                if (text_in(part.as_object(), "type") == "input_audio") has_sound_.insert(id);
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
            if (answering()) fail("another response is open");
            if (!responses_.emplace(id, Response{}).second) fail("the response's id was used before");
            limits_due_ = id;
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
        if (number("output_index") != output->second.index) fail("the item has another output_index");
        if (output->second.is_call) judge_call(output->second);
        else judge_output(output->second, item);
    }

    void output_added(Response& response) {
        const auto& item = object("item");
        const std::string id = text_in(item, "id");
        if (text_in(item, "status") != "in_progress") fail("the item is not in progress");
        if (!output_ids_.insert(id).second) fail("the item's id was used before");
        Output output;
        output.is_call = text_in(item, "type") == "function_call";
        output.index = number("output_index");
        if (output.index != static_cast<std::int64_t>(response.order.size())) fail("its output_index is not the next one");
        if (output.is_call) {
            output.call_id = text_in(item, "call_id");
            if (output.call_id.empty() || text_in(item, "name").empty()) fail("the call has no call_id or no name");
            if (!text_in(item, "arguments").empty()) fail("the call begins with arguments");
            const bool first = std::none_of(response.items.begin(), response.items.end(), [](const auto& other) {
                return other.second.is_call && other.second.place != Place::done;
            });
            if (!first) fail("the call before it is not done");
        } else {
            if (output.index != 0) fail("the message is not the first item");
            last_message_ = id;
        }
        response.items.emplace(id, std::move(output));
        response.order.push_back(id);
    }

    void judge_call(Output& output) {
        if (is("response.output_item.done")) {
            const auto& item = object("item");
            const std::string status = text_in(item, "status");
            if (text_in(item, "arguments") != output.arguments) fail("the arguments are not those of the deltas");
            if (status == "completed") calls_.push_back(output.call_id);
            else if (status != "incomplete") fail("the call is neither completed nor incomplete");
            return go(output, Place::done, status == "completed" ? Place::ends : Place::added);
        }
        if (text("call_id") != output.call_id) fail("it has another call_id");
        if (is("response.function_call_arguments.delta")) {
            go(output, Place::deltas, Place::added);
            if (text("delta").empty()) fail("it is empty");
            output.arguments += text("delta");
        } else if (is("response.function_call_arguments.done")) {
            go(output, Place::ends, Place::deltas);
            if (text("arguments") != output.arguments) fail("the arguments are not those of the deltas");
            boost::system::error_code malformed;
            const auto arguments = boost::json::parse(output.arguments, malformed);
            if (malformed || !arguments.is_object()) fail("the arguments are no JSON object");
        } else {
            fail("there is no rule for it");
        }
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
            if (state_ != "speaking" && !is("response.output_audio_transcript.delta")) fail("the agent is not speaking");
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
            if (!beta_ && added && !finished_.contains(id)) fail("the item " + id + " is not done in the conversation");
        }
        std::vector<std::string> told;
        if (const auto* output = whole.if_contains("output"); output != nullptr && output->is_array())
            for (const auto& item : output->get_array()) told.push_back(text_in(item.as_object(), "id"));
        if (told != response.order) fail("its output is not what was added");
    }

    const boost::json::object* event_ = nullptr;
    std::string type_;
    std::optional<std::string> fault_;

    bool beta_ = false;
    bool created_ = false;
    bool told_state_ = false;
    std::string state_;
    std::string partial_;         ///< the last one of the speech that goes on
    std::string limits_due_;      ///< the response whose rate_limits.updated comes next
    std::string sounding_;        ///< the response between output_audio_buffer.started and its end
    std::string last_message_;    ///< the message of a response that was announced last
    std::vector<std::string> calls_;
    std::set<std::string> has_sound_;
    std::map<std::pair<std::string, std::int64_t>, std::string> heard_;  ///< the deltas of an item's part
    std::set<std::string> event_ids_;
    std::string speaking_;        ///< the item promised by speech that goes on
    std::set<std::string> promised_;
    std::set<std::string> committed_;
    std::string to_be_added_;     ///< committed, and to come as an item next
    std::set<std::pair<std::string, std::int64_t>> transcribed_;
    std::vector<std::string> conversation_;
    std::vector<std::string> all_items_;
    std::set<std::string> finished_;
    std::set<std::string> spoken_;
    std::set<std::string> output_ids_;
    std::map<std::string, Response> responses_;
    std::string last_response_;
};

}  // namespace antiphon::edge
