#include "engine/remote_answer.hpp"

#include "engine/token_estimate.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <utility>

namespace antiphon::engine {

base::Result<void> RemoteAnswer::give(std::string_view text) {
    if (stop_.stop_requested()) return base::error(base::Errc::cancelled, "the answer was stopped");
    if (text.empty()) return {};
    ++pieces_;
    if (overflows()) return {};
    if (calling_) {
        const std::string name = std::exchange(tool_, {});
        sink_({text, calls_ - 1, name});
    } else {
        sink_({text, std::nullopt, {}});
    }
    return {};
}

base::Result<void> RemoteAnswer::words(std::string_view text) { return calls_ > 0 ? base::Result<void>() : give(text); }

base::Result<void> RemoteAnswer::begin_call(std::string_view name) {
    if (auto ended = end_call(); !ended) return ended;
    dropping_ = calls_ > 0 && !request_.parallel_tool_calls;
    if (dropping_) return {};
    const ToolChoice& choice = request_.tool_choice;
    const bool offered = std::any_of(request_.tools.begin(), request_.tools.end(),
                                     [&](const Tool& tool) { return tool.name == name; });
    const bool wanted = choice.use != ToolUse::none && (choice.name.empty() || choice.name == name);
    if (!offered || !wanted)
        return base::error(base::Errc::engine, "the language model called the tool '" + std::string(name.substr(0, 64)) +
                                                   "', which was not " + (offered ? "asked for" : "offered"));
    ++calls_;
    calling_ = true;
    tool_ = name;
    arguments_.clear();
    return {};
}

base::Result<void> RemoteAnswer::arguments(std::string_view part) {
    if (dropping_ || !calling_) return {};
    arguments_ += part;
    return give(part);
}

base::Result<void> RemoteAnswer::end_call() {
    if (!std::exchange(calling_, false)) return {};
    if (arguments_.empty()) {  // some servers leave out what is empty
        calling_ = true;
        auto given = give("{}");
        calling_ = false;
        return given;
    }
    boost::system::error_code failure;
    const auto value = boost::json::parse(arguments_, failure);
    if (failure || !value.is_object())
        return base::error(base::Errc::engine, "the language model called a tool with arguments that are no JSON object");
    return {};
}

base::Result<Generation> RemoteAnswer::finish(FinishReason reason, int prompt_tokens, int completion_tokens) {
    Generation generation;
    generation.reason = overflows() ? FinishReason::length : reason;
    if (generation.reason != FinishReason::length) {
        if (auto ended = end_call(); !ended) return ended.error();
        if (request_.tool_choice.use == ToolUse::required && calls_ == 0)
            return base::error(base::Errc::engine, "the language model did not call a tool, as it was told to");
        generation.reason = calls_ > 0 ? FinishReason::tool_calls : FinishReason::stop;
    }
    if (stop_.stop_requested()) return base::error(base::Errc::cancelled, "the answer was stopped");
    const int given = static_cast<int>(std::min(pieces_, static_cast<std::size_t>(request_.max_tokens)));
    generation.prompt_tokens = prompt_tokens >= 0 ? prompt_tokens : static_cast<int>(estimate_tokens(request_));
    generation.completion_tokens = completion_tokens >= 0 ? completion_tokens : given;
    return generation;
}

}  // namespace antiphon::engine
