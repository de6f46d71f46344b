// The grammars of the tools that were offered lately, and what they make of a request.
//
// thread-safe.
#pragma once

#include "engine/llama/answer_guide.hpp"

#include <llama.h>

#include <map>
#include <mutex>
#include <string>

namespace antiphon::engine::llama {

class ToolGrammars {
public:
    explicit ToolGrammars(const llama_vocab& vocabulary) : vocabulary_(vocabulary) {}

    /// Which tools the answer may call, and how. `invalid`: what tool_grammar() says, a grammar too large for
    /// llama.cpp, more than 128 tools, two of one name, or a choice that names none of them.
    base::Result<ToolPlan> plan(const GenerationRequest& request);

private:
    static constexpr std::size_t kMostKept = 256;

    base::Result<ToolGrammar> grammar(const Tool& tool);

    const llama_vocab& vocabulary_;
    std::mutex mutex_;
    std::map<std::string, ToolGrammar> kept_;  ///< by the parameters
};

}  // namespace antiphon::engine::llama
