#include "engine/llama/tool_grammars.hpp"

#include <llama-cpp.h>

#include <set>
#include <utility>

namespace antiphon::engine::llama {
namespace {

constexpr std::size_t kMostTools = 128;
constexpr std::size_t kLongestGrammar = 256 * 1024;

base::Error invalid(const std::string& what, const char* field) {
    return base::error(base::Errc::invalid, what, field);
}

}  // namespace

base::Result<ToolPlan> ToolGrammars::plan(const GenerationRequest& request) {
    if (request.tools.size() > kMostTools)
        return invalid("at most " + std::to_string(kMostTools) + " tools can be offered", "tools");
    const ToolChoice& choice = request.tool_choice;
    const bool required = choice.use == ToolUse::required;
    ToolPlan plan;
    plan.from_start = required;
    plan.parallel = request.parallel_tool_calls;
    std::set<std::string> names;
    for (const Tool& tool : request.tools) {
        auto one = grammar(tool);
        if (!one) return one.error();
        if (!names.insert(tool.name).second) return invalid("two tools have the name '" + tool.name + "'", "tools");
        const bool wanted = !required || choice.name.empty() || choice.name == tool.name;
        if (wanted && choice.use != ToolUse::none) plan.tools.push_back({tool.name, *std::move(one)});
    }
    if (required && plan.tools.empty())
        return invalid(choice.name.empty() ? "a tool must be called, and none is offered"
                                           : "the tool '" + choice.name.substr(0, 64) + "' is not offered",
                       "tool_choice");
    if (!required)
        for (auto message = request.messages.rbegin();
             message != request.messages.rend() && message->role != Role::user; ++message)
            for (const ToolCall& call : message->calls) plan.answered.emplace_back(call.name, call.arguments);
    return plan;
}

base::Result<ToolGrammar> ToolGrammars::grammar(const Tool& tool) {
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = kept_.find(tool.parameters); known != kept_.end() && is_tool_name(tool.name))
            return known->second;
    }
    auto made = tool_grammar(tool);
    if (!made) return made;
    const llama_sampler_ptr tried(made->text.size() > kLongestGrammar
                                      ? nullptr
                                      : llama_sampler_init_grammar(&vocabulary_, made->text.c_str(), "root"));
    if (!tried)
        return invalid("the parameters of the tool '" + tool.name + "' make too large a grammar for llama.cpp",
                       "tools");
    const std::lock_guard lock(mutex_);
    if (kept_.size() >= kMostKept) kept_.clear();
    kept_.emplace(tool.parameters, *made);
    return made;
}

}  // namespace antiphon::engine::llama
