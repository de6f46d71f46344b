#include "engine/openai/chat_chunks.hpp"

#include "base/utf8.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string>

namespace antiphon::engine::openai {
namespace {

namespace json = boost::json;

base::Error no_chunk(std::string_view text) {
    return base::error(base::Errc::engine, "the answer is no stream of chat completion chunks: " +
                                               told_by_server(std::string(text.substr(0, 400))));
}

const json::object* object_in(const json::object& from, const char* key) {
    const json::value* value = from.if_contains(key);
    return value != nullptr ? value->if_object() : nullptr;
}

std::string_view text_in(const json::object& from, const char* key) {
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

int count_in(const json::object& from, const char* key, int otherwise) {
    const json::value* value = from.if_contains(key);
    boost::system::error_code failure;
    const int count = value != nullptr && value->is_number() ? value->to_number<int>(failure) : otherwise;
    return failure || count < 0 ? otherwise : count;
}

}  // namespace

base::Result<LineMeaning> ChatChunks::take(std::string_view line) {
    constexpr std::string_view kData = "data:";
    constexpr std::string_view kError = "error:";  // llama-server, when it fails in the middle
    if (line.starts_with(kError)) return no_chunk(base::trimmed(line.substr(kError.size())));
    if (line.starts_with(':') || line.starts_with("event:") || line.starts_with("id:") || line.starts_with("retry:"))
        return LineMeaning::nothing;
    if (!line.starts_with(kData)) return no_chunk(line);
    const auto text = base::trimmed(line.substr(kData.size()));
    if (text == "[DONE]") return LineMeaning::end;
    return take_chunk(text);
}

base::Result<LineMeaning> ChatChunks::take_chunk(std::string_view text) {
    boost::system::error_code failure;
    const json::value chunk = json::parse(text, failure);
    const json::object* object = failure ? nullptr : chunk.if_object();
    if (object == nullptr || object->contains("error")) return no_chunk(text);
    if (const json::object* usage = object_in(*object, "usage")) {
        prompt_tokens_ = count_in(*usage, "prompt_tokens", prompt_tokens_);
        completion_tokens_ = count_in(*usage, "completion_tokens", completion_tokens_);
        if (const json::object* details = object_in(*usage, "prompt_tokens_details"))
            cached_tokens_ = count_in(*details, "cached_tokens", 0);
    }
    const json::value* choices = object->if_contains("choices");
    const json::array* list = choices != nullptr ? choices->if_array() : nullptr;
    if (list == nullptr || list->empty()) return LineMeaning::sign;
    const json::object* choice = list->front().if_object();
    if (choice == nullptr) return no_chunk(text);
    LineMeaning meaning = LineMeaning::sign;
    if (const json::object* delta = object_in(*choice, "delta")) {
        if (const auto words = text_in(*delta, "content"); !words.empty()) {
            if (auto given = answer_.words(words); !given) return given.error();
            meaning = LineMeaning::token;
        }
        const json::value* calls = delta->if_contains("tool_calls");
        if (calls != nullptr && calls->is_array())
            for (const json::value& one : calls->get_array()) {
                const json::object* call = one.if_object();
                const json::object* function = call != nullptr ? object_in(*call, "function") : nullptr;
                if (function == nullptr) return no_chunk(text);
                const auto index = static_cast<std::size_t>(count_in(*call, "index", 0));
                if (call_ && index < *call_) return no_chunk(text);
                if (call_ != index) {
                    call_ = index;
                    if (auto begun = answer_.begin_call(text_in(*function, "name")); !begun) return begun.error();
                }
                if (auto given = answer_.arguments(text_in(*function, "arguments")); !given) return given.error();
                meaning = LineMeaning::token;
            }
    }
    if (const auto reason = text_in(*choice, "finish_reason"); !reason.empty())
        reason_ = reason == "length" ? FinishReason::length : FinishReason::stop;
    return answer_.overflows() ? LineMeaning::end : meaning;
}

base::Result<Generation> ChatChunks::finish() {
    auto generation = answer_.finish(reason_.value_or(FinishReason::stop), prompt_tokens_, completion_tokens_);
    if (generation) generation->cached_tokens = std::min(cached_tokens_, generation->prompt_tokens);
    return generation;
}

}  // namespace antiphon::engine::openai
