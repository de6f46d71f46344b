#include "protocol/decode.hpp"

#include "base/base64.hpp"
#include "protocol/decode_parts.hpp"
#include "protocol/plain_append.hpp"

#include <array>
#include <cstddef>
#include <limits>
#include <new>
#include <utility>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxEventId = 512;
/// Of an event beside the sound in it: what comes in comes back in further events, and goes through the model.
constexpr std::size_t kMaxWithoutSound = 1U << 20U;

/// Lets one document take memory in proportion to its own size only: "[[],[],..." would otherwise become
/// twelve times as large as it came.
class BoundedMemory final : public json::memory_resource {
public:
    explicit BoundedMemory(std::size_t message) : left_((1U << 20U) + 6 * message) {}

private:
    // Nothing in a document is aligned more strictly than plain operator new does it. Boost.JSON 1.81 names
    // another alignment when it gives a key's string back than when it took it, so the aligned forms are unfit.
    void* do_allocate(std::size_t bytes, std::size_t) override {
        if (bytes > left_) throw std::bad_alloc();
        left_ -= bytes;
        return ::operator new(bytes);
    }
    void do_deallocate(void* place, std::size_t bytes, std::size_t) override {
        left_ += bytes;
        ::operator delete(place);
    }
    bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }

    std::size_t left_;
};

using Read = ClientRequest (*)(const Fields&, Dialect);

/// Sessions of the beta dialect have no type. Who leaves it out of a session that is GA otherwise has forgotten it.
bool is_beta(const json::object& session, Dialect dialect) {
    if (dialect != Dialect::open) return dialect == Dialect::beta;
    return !session.contains("type") && !session.contains("audio") && !session.contains("output_modalities");
}

ClientRequest read_update_session(const Fields& fields, Dialect dialect) {
    fields.require("session");
    const auto* session = fields.object("session");
    if (session == nullptr) return UpdateSession{};
    const Fields inner(*session, "session", fields.fault());
    if (is_beta(*session, dialect)) return UpdateSession{decode_beta_session(inner), Dialect::beta};
    return UpdateSession{decode_session(inner), Dialect::ga};
}

ClientRequest read_append_audio(const Fields& fields, Dialect) {
    fields.require("audio");
    const auto* audio = fields.find("audio");
    const auto* encoded = audio == nullptr ? nullptr : audio->if_string();
    if (encoded == nullptr) {
        fields.fail("audio", "invalid_type", "must be a string");
        return AppendAudio{};
    }
    auto bytes = base::base64_decode({encoded->data(), encoded->size()});
    if (!bytes) {
        fields.fail("audio", "invalid_value", "is not base64");
        return AppendAudio{};
    }
    return AppendAudio{std::move(*bytes)};
}

ClientRequest read_create_item(const Fields& fields, Dialect) {
    fields.require("item");
    CreateItem request;
    if (const auto* item = fields.object("item")) request.item = decode_item({*item, "item", fields.fault()}, false);
    if (!fields.is_null("previous_item_id")) request.previous_item_id = fields.text("previous_item_id");
    return request;
}

ClientRequest read_truncate_item(const Fields& fields, Dialect) {
    TruncateItem request{fields.required_text("item_id"), 0};
    // The API asks for content_index, but an item here has one part of sound, so its absence is no fault.
    fields.integer("content_index", 0, 0);
    fields.require("audio_end_ms");
    if (const auto end = fields.integer("audio_end_ms", 0, std::numeric_limits<std::int32_t>::max()))
        request.audio_end_ms = *end;
    return request;
}

ClientRequest read_create_response(const Fields& fields, Dialect dialect) {
    if (!fields.has("response") || fields.is_null("response")) return CreateResponse{};
    const auto* response = fields.object("response");
    if (response == nullptr) return CreateResponse{};
    const Fields inner(*response, "response", fields.fault());
    return dialect == Dialect::beta ? decode_beta_response(inner) : decode_response(inner);
}

ClientRequest read_cancel_response(const Fields& fields, Dialect) {
    if (fields.is_null("response_id")) return CancelResponse{};
    return CancelResponse{fields.text("response_id").value_or("")};
}

struct Kind {
    std::string_view type;
    Read read;
};

constexpr std::array<Kind, 11> kKinds{{
    {"session.update", read_update_session},
    {"input_audio_buffer.append", read_append_audio},
    {"input_audio_buffer.commit", [](const Fields&, Dialect) -> ClientRequest { return CommitAudio{}; }},
    {"input_audio_buffer.clear", [](const Fields&, Dialect) -> ClientRequest { return ClearAudio{}; }},
    {"conversation.item.create", read_create_item},
    {"conversation.item.retrieve",
     [](const Fields& fields, Dialect) -> ClientRequest { return RetrieveItem{fields.required_text("item_id")}; }},
    {"conversation.item.truncate", read_truncate_item},
    {"conversation.item.delete",
     [](const Fields& fields, Dialect) -> ClientRequest { return DeleteItem{fields.required_text("item_id")}; }},
    {"response.create", read_create_response},
    {"response.cancel", read_cancel_response},
    {"output_audio_buffer.clear", [](const Fields&, Dialect) -> ClientRequest { return ClearOutputAudio{}; }},
}};

constexpr auto kTypes = [] {
    std::array<std::string_view, kKinds.size()> types;
    for (std::size_t i = 0; i < types.size(); ++i) types[i] = kKinds[i].type;
    return types;
}();

/// How many bytes of an item's JSON are sound.
std::size_t sound_in(const json::value& item) {
    std::size_t bytes = 0;
    const auto* object = item.if_object();
    const auto* content = object == nullptr ? nullptr : object->if_contains("content");
    const auto* parts = content == nullptr ? nullptr : content->if_array();
    if (parts == nullptr) return 0;
    for (const auto& part : *parts) {
        const auto* fields = part.if_object();
        const auto* audio = fields == nullptr ? nullptr : fields->if_contains("audio");
        if (audio != nullptr && audio->is_string()) bytes += audio->get_string().size();
    }
    return bytes;
}

std::size_t sound_in(const Fields& fields, std::string_view type) {
    if (type == "input_audio_buffer.append") {
        const auto* audio = fields.find("audio");
        return audio != nullptr && audio->is_string() ? audio->get_string().size() : 0;
    }
    const auto* item = fields.find("item");
    if (type == "conversation.item.create" && item != nullptr) return sound_in(*item);
    const auto* response = fields.find("response");
    const auto* object = response == nullptr ? nullptr : response->if_object();
    const auto* input = object == nullptr ? nullptr : object->if_contains("input");
    const auto* items = input == nullptr ? nullptr : input->if_array();
    std::size_t bytes = 0;
    if (type == "response.create" && items != nullptr)
        for (const auto& one : *items) bytes += sound_in(one);
    return bytes;
}

ClientRequest read_request(const Fields& fields, std::size_t message_size, Dialect dialect) {
    const std::string type = fields.required_text("type");
    if (fields.fault()) return ClearAudio{};
    if (message_size > kMaxWithoutSound && message_size - sound_in(fields, type) > kMaxWithoutSound) {
        fields.fail("", "message_too_large", "has more than 1048576 bytes that are not sound");
        return ClearAudio{};
    }
    for (const auto& kind : kKinds)
        if (kind.type == type) return kind.read(fields, dialect);
    fields.fail("type", "unknown_event", "is " + quoted(type) + ", which is no event that a client sends");
    return ClearAudio{};
}

std::variant<ClientEvent, Refusal> read_event(const json::object& message, std::size_t message_size,
                                              Dialect dialect) {
    std::optional<Fault> fault;
    const Fields fields(message, "", fault);
    ClientEvent event;
    if (!fields.is_null("event_id")) event.event_id = fields.text("event_id").value_or("");
    if (event.event_id.size() > kMaxEventId) {
        fields.fail("event_id", "invalid_value", "must have at most 512 characters");
        event.event_id.clear();
    }
    if (!fault) event.request = read_request(fields, message_size, dialect);
    if (fault) return Refusal{std::move(fault->code), std::move(fault->error), std::move(event.event_id)};
    return event;
}

Refusal invalid_json(const std::string& why) {
    return {"invalid_json", base::error(base::Errc::invalid, "the message is not valid JSON: " + why), ""};
}

}  // namespace

std::span<const std::string_view> client_event_types() { return kTypes; }

std::variant<ClientEvent, Refusal> decode(std::string_view message, Dialect dialect) {
    if (auto append = read_plain_append(message)) return std::move(*append);
    BoundedMemory memory(message.size());
    json::parse_options options;
    options.max_depth = kMaxDepth;
    try {
        boost::system::error_code failure;
        // Both the parser's own stack and the document come out of the bounded memory.
        json::parser parser(json::storage_ptr(&memory), options);
        parser.reset(json::storage_ptr(&memory));
        parser.write(message.data(), message.size(), failure);
        if (failure == json::error::too_deep) return invalid_json("it is nested more than 32 levels deep");
        if (failure) return invalid_json(failure.message());
        const json::value document = parser.release();
        if (const auto* object = document.if_object()) return read_event(*object, message.size(), dialect);
        return Refusal{"invalid_type", base::error(base::Errc::invalid, "an event must be a JSON object"), ""};
    } catch (const std::bad_alloc&) {
        return invalid_json("it has too many values for its size");
    }
}

}  // namespace antiphon::protocol
