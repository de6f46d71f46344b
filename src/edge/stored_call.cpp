#include "edge/stored_call.hpp"

#include "edge/access_keys.hpp"
#include "protocol/decode.hpp"
#include "protocol/encode.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>
#include <variant>

namespace antiphon::edge {
namespace {

namespace json = boost::json;

constexpr std::int64_t kVersion = 1;

base::Error unreadable(const std::string& what) {
    return base::error(base::Errc::invalid, "what is stored of the call cannot be read: " + what);
}

/// One field of the event's own JSON.
json::value shown(const protocol::ServerEvent& event, std::string_view field) {
    return json::parse(protocol::encode(event, "")).as_object().at(field);
}

json::value shown(const call::CallEvent& event, const WireContext& context, std::string_view field) {
    return shown(to_wire(event, context).front(), field);
}

std::string_view name_of_dialect(protocol::Dialect dialect) {
    return dialect == protocol::Dialect::beta ? "beta" : dialect == protocol::Dialect::ga ? "ga" : "open";
}

std::string text_of(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// The request that a client would have made by an event with that one field.
base::Result<protocol::ClientRequest> as_request(std::string_view type, std::string_view field, const json::value& value) {
    auto decoded = protocol::decode(json::serialize(json::object{{"type", type}, {field, value}}));
    if (const auto* refusal = std::get_if<protocol::Refusal>(&decoded)) return unreadable(refusal->error.text);
    return std::get<protocol::ClientEvent>(std::move(decoded)).request;
}

base::Result<think::Item> read_item(const store::StoredItem& stored) {
    boost::system::error_code failure;
    const json::value value = json::parse(stored.body, failure);
    if (failure || !value.is_object()) return unreadable("an item is not JSON");
    const auto request = as_request("conversation.item.create", "item", value);
    if (!request) return request.error();
    const auto* create = std::get_if<protocol::CreateItem>(&*request);
    if (create == nullptr || create->item.id != stored.id) return unreadable("an item has another id");
    auto item = to_item(create->item, audio::Encoding::pcm16, "item");
    if (!item) return unreadable(item.error().text);
    if (text_of(value.get_object(), "status") == "incomplete") item->status = think::ItemStatus::incomplete;
    return item;
}

/// A summary is made anew where it cannot be read.
think::Summary read_summary(const std::string& stored) {
    boost::system::error_code failure;
    const json::value value = json::parse(stored, failure);
    if (failure || !value.is_object()) return {};
    think::Summary summary;
    summary.text = text_of(value.get_object(), "text");
    const json::value* items = value.get_object().if_contains("items");
    if (items == nullptr || !items->is_array()) return {};
    for (const json::value& id : items->get_array()) {
        if (!id.is_string()) return {};
        summary.items.emplace_back(id.get_string());
    }
    return summary;
}

}  // namespace

std::string settings_to_store(const WireContext& context, const std::string& key, std::int64_t input_audio_ms,
                              const std::string& last_client_event) {
    return json::serialize(json::object{{"version", kVersion},
                                        {"session_id", context.session.id},
                                        {"conversation_id", context.conversation_id},
                                        {"agent", context.session.agent},
                                        {"key", key},
                                        {"dialect", name_of_dialect(context.dialect)},
                                        {"input_audio_ms", input_audio_ms},
                                        {"last_client_event", last_client_event},
                                        {"session", shown(call::SessionUpdated{context.session}, context, "session")}});
}

std::string item_to_store(const think::Item& item) {
    think::Item told = item;
    for (think::Content& content : told.content) {
        if (!content.text) content.text = "";
        content.sound.reset();
    }
    return json::serialize(shown(call::ItemRetrieved{std::move(told)}, WireContext{}, "item"));
}

std::string summary_to_store(const think::Summary& summary) {
    if (summary.text.empty()) return {};
    json::array items;
    for (const std::string& id : summary.items) items.emplace_back(id);
    return json::serialize(json::object{{"text", summary.text}, {"items", std::move(items)}});
}

base::Result<StoredCall> read_stored_call(const store::StoredSession& stored) {
    boost::system::error_code failure;
    const json::value value = json::parse(stored.settings, failure);
    if (failure || !value.is_object()) return unreadable("its settings are not JSON");
    const json::object& settings = value.get_object();
    const json::value* version = settings.if_contains("version");
    if (version == nullptr || *version != kVersion) return unreadable("it was written by another version");
    const json::value* session = settings.if_contains("session");
    auto request = as_request("session.update", "session", session == nullptr ? json::value() : *session);
    if (!request) return request.error();
    StoredCall call;
    call.session = std::get<protocol::UpdateSession>(std::move(*request));
    call.session_id = text_of(settings, "session_id");
    call.conversation_id = text_of(settings, "conversation_id");
    call.agent = text_of(settings, "agent");
    call.key = text_of(settings, "key");
    call.model = call.session.session.model.value_or("");
    if (text_of(settings, "dialect") == "beta") call.dialect = protocol::Dialect::beta;
    if (const json::value* heard = settings.if_contains("input_audio_ms"); heard != nullptr && heard->is_int64())
        call.input_audio_ms = std::max<std::int64_t>(0, heard->get_int64());
    call.last_client_event = text_of(settings, "last_client_event");
    if (call.session_id.empty() || call.conversation_id.empty()) return unreadable("it has no id");
    for (const store::StoredItem& one : stored.items) {
        auto item = read_item(one);
        if (!item) return item.error();
        call.items.push_back(std::move(*item));
    }
    call.summary = read_summary(stored.summary);
    return call;
}

std::string token_hash(std::string_view token) { return in_hex(hash_of_key(token)); }

}  // namespace antiphon::edge
