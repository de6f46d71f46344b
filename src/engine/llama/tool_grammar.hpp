// From a tool's JSON Schema to the llama.cpp grammar of its arguments.
//
// pure. The conversion itself is llama.cpp's (common/json-schema-to-grammar). It and the grammar's parser
// trust their input (a reference to itself overflows the stack, `minLength` over `maxLength` fills the
// memory), so what reaches them is a copy that was read, bounded and freed of references here.
#pragma once

#include "base/result.hpp"
#include "engine/language_model.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace antiphon::engine::llama {

struct ToolGrammar {
    /// GBNF, start symbol "root": one space, the arguments as an object, and the '}' that closes the call.
    /// White space is fixed: one space after ':' and ',' and none elsewhere.
    std::string text;
    std::size_t shortest = 0;  ///< bytes of about the shortest arguments that fit
};

/// 1 to 64 letters, digits, '_' and '-'.
bool is_tool_name(std::string_view name) noexcept;

/// `invalid`, with a sentence that names the tool, for a name that is none, and parameters that are not
/// JSON, not the schema of an object, too large, recursive, contradictory, or that use a keyword which
/// cannot be held to (not, if, patternProperties, dependentSchemas, $dynamicRef). Not held to, as
/// narrower than what a grammar can say: bounds of numbers that are no integers, multipleOf, uniqueItems,
/// patterns that are not anchored, formats other than date, time, date-time and uuid.
base::Result<ToolGrammar> tool_grammar(const Tool& tool);

}  // namespace antiphon::engine::llama
