#include "protocol/plain_append.hpp"

#include "base/base64.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace antiphon::protocol {
namespace {

/// Of the message beside its sound; longer ones have limits that decode() knows.
constexpr std::size_t kMaxRest = 1024;
constexpr std::size_t kMaxEventId = 512;

/// Walks through the message from its beginning.
class Walk {
public:
    explicit Walk(std::string_view text) : text_(text) {}

    bool take(char c) {
        skip_space();
        if (!text_.starts_with(c)) return false;
        text_.remove_prefix(1);
        return true;
    }
    /// What stands between quotes, unless it is escaped.
    std::optional<std::string_view> take_string() {
        if (!take('"')) return std::nullopt;
        const std::size_t end = text_.find('"');
        if (end == text_.npos) return std::nullopt;
        const std::string_view inside = text_.substr(0, end);
        text_.remove_prefix(end + 1);
        return inside;
    }
    bool at_end() {
        skip_space();
        return text_.empty();
    }

private:
    void skip_space() {
        const std::size_t first = text_.find_first_not_of(" \t\r\n");
        text_.remove_prefix(std::min(first, text_.size()));
    }

    std::string_view text_;
};

bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~' && c != '\\'; });
}

}  // namespace

std::optional<ClientEvent> read_plain_append(std::string_view message) {
    Walk walk(message);
    std::optional<std::string_view> type, audio, event_id;
    if (!walk.take('{')) return std::nullopt;
    do {
        const auto key = walk.take_string();
        if (!key || !walk.take(':')) return std::nullopt;
        auto* const field = *key == "type" ? &type : *key == "audio" ? &audio : *key == "event_id" ? &event_id : nullptr;
        if (field == nullptr || *field) return std::nullopt;
        if (!(*field = walk.take_string())) return std::nullopt;
        if (field == &type && *type != "input_audio_buffer.append") return std::nullopt;
    } while (walk.take(','));
    if (!walk.take('}') || !walk.at_end() || !type || !audio) return std::nullopt;
    if (message.size() - audio->size() > kMaxRest) return std::nullopt;
    if (event_id && (event_id->size() > kMaxEventId || !is_plain(*event_id))) return std::nullopt;
    auto bytes = base::base64_decode(*audio);  // an escape is no base64
    if (!bytes) return std::nullopt;
    return ClientEvent{std::string(event_id.value_or("")), AppendAudio{std::move(*bytes)}};
}

}  // namespace antiphon::protocol
