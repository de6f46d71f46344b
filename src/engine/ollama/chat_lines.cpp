#include "engine/ollama/chat_lines.hpp"

#include <boost/json.hpp>

#include <string>

namespace antiphon::engine::ollama {
namespace {

namespace json = boost::json;

std::string_view text_in(const json::object& from, const char* key) {
    const json::value* value = from.if_contains(key);
    return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

int count_in(const json::object& from, const char* key) {
    const json::value* value = from.if_contains(key);
    boost::system::error_code failure;
    const int count = value != nullptr && value->is_number() ? value->to_number<int>(failure) : -1;
    return failure ? -1 : count;
}

base::Result<void> take_call(RemoteAnswer& answer, const json::value& one) {
    const json::object* call = one.if_object();
    const json::value* function = call != nullptr ? call->if_contains("function") : nullptr;
    if (function == nullptr || !function->is_object())
        return base::error(base::Errc::engine, "the answer has a tool call without a function");
    const json::object& of = function->get_object();
    if (auto begun = answer.begin_call(text_in(of, "name")); !begun) return begun;
    const json::value* arguments = of.if_contains("arguments");
    return answer.arguments(arguments == nullptr || arguments->is_null() ? "{}" : json::serialize(*arguments));
}

}  // namespace

base::Result<LineMeaning> ChatLines::take(std::string_view line) {
    boost::system::error_code failure;
    const json::value value = json::parse(line, failure);
    const json::object* object = failure ? nullptr : value.if_object();
    const json::value* inner = object != nullptr ? object->if_contains("message") : nullptr;
    const json::object* message = inner != nullptr ? inner->if_object() : nullptr;
    if (object == nullptr || object->contains("error") || (message == nullptr && !object->contains("done")))
        return base::error(base::Errc::engine, "the answer is no stream of Ollama's: " +
                                                   told_by_server(std::string(line.substr(0, 400))));
    LineMeaning meaning = LineMeaning::sign;
    if (message != nullptr) {
        if (const auto words = text_in(*message, "content"); !words.empty()) {
            if (auto given = forced_ ? forced_->take(words) : answer_.words(words); !given) return given.error();
            meaning = LineMeaning::token;
        }
        const json::value* calls = message->if_contains("tool_calls");
        if (calls != nullptr && calls->is_array() && !forced_)
            for (const json::value& one : calls->get_array()) {
                if (auto given = take_call(answer_, one); !given) return given.error();
                meaning = LineMeaning::token;
            }
    }
    const json::value* done = object->if_contains("done");
    if (done == nullptr || *done != true) return answer_.overflows() ? LineMeaning::end : meaning;
    if (text_in(*object, "done_reason") == "length") reason_ = FinishReason::length;
    prompt_tokens_ = count_in(*object, "prompt_eval_count");
    completion_tokens_ = count_in(*object, "eval_count");
    return LineMeaning::end;
}

base::Result<Generation> ChatLines::finish() { return answer_.finish(reason_, prompt_tokens_, completion_tokens_); }

}  // namespace antiphon::engine::ollama
