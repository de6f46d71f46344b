#include "engine/llama/tool_grammar.hpp"

#include <boost/json.hpp>
#include <json-schema-to-grammar.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <exception>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

namespace antiphon::engine::llama {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestSchema = 32 * 1024;
constexpr std::size_t kMostNodes = 1'000;
constexpr std::size_t kDeepest = 24;
constexpr std::size_t kMostProperties = 100;
constexpr std::size_t kLongestKey = 128;
constexpr std::size_t kMostChoices = 500;
constexpr std::size_t kLongestPattern = 200;
constexpr std::int64_t kMostRepeats = 500;            ///< of items or characters that are demanded
constexpr double kLargestInteger = 999'999'999'999.0;  ///< llama.cpp's ranges have a place for 16 digits

constexpr std::array<std::string_view, 6> kRefused = {"not",           "if",          "patternProperties",
                                                      "dependentSchemas", "$dynamicRef", "$recursiveRef"};
constexpr std::array<std::string_view, 7> kTypes = {"object", "array",   "string", "number",
                                                    "integer", "boolean", "null"};

/// Thrown and caught in this file: a schema's fault is found many calls deep.
struct Fault {
    std::string text;
};

/// Copies a schema: what llama.cpp reads of it, in bounds, with every reference replaced by what it names.
class Copy {
public:
    explicit Copy(const json::value& root) : root_(root) {}

    json::object of(const json::value& schema, std::size_t depth) {
        if (++nodes_ > kMostNodes) throw Fault{"are too large"};
        if (depth > kDeepest) throw Fault{"refer to themselves, or are nested too deeply"};
        if (schema.is_bool() && schema.get_bool()) return {};
        if (!schema.is_object()) throw Fault{"hold something that is no schema"};
        const json::object& from = schema.get_object();
        if (const json::value* reference = from.if_contains("$ref")) return of(target(*reference), depth + 1);
        for (const std::string_view keyword : kRefused)
            if (from.contains(keyword)) throw Fault{"use '" + std::string(keyword) + "', which is not supported"};

        const bool with_properties = from.contains("properties");
        json::object copy;
        for (const char* keyword : {"anyOf", "oneOf"})
            if (const json::value* choices = from.if_contains(keyword); choices != nullptr && !with_properties) {
                copy["anyOf"] = all_of(*choices, depth, keyword);
                return copy;
            }
        if (const json::value* parts = from.if_contains("allOf"); parts != nullptr && !with_properties) {
            json::array all = all_of(*parts, depth, "allOf");
            if (all.size() == 1) return std::move(all.front().get_object());
            copy["allOf"] = std::move(all);
            return copy;
        }
        copy_type(from, copy);
        copy_choices(from, copy);
        if (with_properties || from.contains("required") || from.contains("additionalProperties"))
            copy_object(from, copy, depth);
        for (const char* keyword : {"items", "prefixItems"})
            if (const json::value* items = from.if_contains(keyword)) {
                if (items->is_array()) copy[keyword] = all_of(*items, depth, keyword);
                else if (!items->is_bool()) copy[keyword] = of(*items, depth + 1);
            }
        copy_counts(from, copy, "minItems", "maxItems");
        copy_counts(from, copy, "minLength", "maxLength");
        copy_bounds(from, copy);
        if (const json::value* pattern = from.if_contains("pattern")) {
            const std::string_view text = string_of(*pattern, "pattern");
            if (text.size() > kLongestPattern) throw Fault{"have a pattern that is too long"};
            if (text.size() >= 2 && text.front() == '^' && text.back() == '$') copy["pattern"] = *pattern;
        }
        if (const json::value* format = from.if_contains("format")) copy["format"] = string_of(*format, "format");
        return copy;
    }

private:
    static std::string_view string_of(const json::value& value, const std::string& keyword) {
        if (!value.is_string()) throw Fault{"need a string as '" + keyword + "'"};
        return value.get_string();
    }

    const json::value& target(const json::value& reference) const {
        const std::string_view name = string_of(reference, "$ref");
        boost::system::error_code failure;
        const json::value* found = nullptr;
        if (name == "#") found = &root_;
        else if (name.starts_with("#/")) found = root_.find_pointer(name.substr(1), failure);
        if (found == nullptr) throw Fault{"refer to '" + std::string(name.substr(0, 64)) + "', which is not there"};
        return *found;
    }

    json::array all_of(const json::value& schemas, std::size_t depth, const std::string& keyword) {
        if (!schemas.is_array() || schemas.get_array().empty())
            throw Fault{"need schemas in a list as '" + keyword + "'"};
        json::array copies;
        for (const json::value& schema : schemas.get_array()) copies.push_back(of(schema, depth + 1));
        return copies;
    }

    static void copy_type(const json::object& from, json::object& copy) {
        const json::value* type = from.if_contains("type");
        if (type == nullptr) return;
        const auto check = [](const json::value& name) {
            const std::string_view text = string_of(name, "type");
            if (std::find(kTypes.begin(), kTypes.end(), text) == kTypes.end())
                throw Fault{"name the unknown type '" + std::string(text.substr(0, 64)) + "'"};
        };
        if (type->is_array()) {
            if (type->get_array().empty()) throw Fault{"have an empty list as 'type'"};
            for (const json::value& name : type->get_array()) check(name);
        } else {
            check(*type);
        }
        copy["type"] = *type;
    }

    static void copy_choices(const json::object& from, json::object& copy) {
        if (const json::value* only = from.if_contains("const")) copy["const"] = *only;
        const json::value* choices = from.if_contains("enum");
        if (choices == nullptr) return;
        if (!choices->is_array() || choices->get_array().empty()) throw Fault{"need a list of values as 'enum'"};
        if (choices->get_array().size() > kMostChoices) throw Fault{"have an 'enum' that is too long"};
        copy["enum"] = *choices;
    }

    void copy_object(const json::object& from, json::object& copy, std::size_t depth) {
        json::object properties;
        if (const json::value* given = from.if_contains("properties")) {
            if (!given->is_object()) throw Fault{"need an object as 'properties'"};
            for (const auto& [name, schema] : given->get_object()) properties[name] = of(schema, depth + 1);
        }
        const bool any = from.contains("additionalProperties") || from.contains("properties");
        if (const json::value* required = from.if_contains("required")) {
            if (!required->is_array()) throw Fault{"need a list of names as 'required'"};
            for (const json::value& name : required->get_array())
                if (const auto key = string_of(name, "required"); !properties.contains(key))
                    properties[key] = json::object();  // demanded, and free in what it is
            copy["required"] = *required;
        }
        if (properties.size() > kMostProperties) throw Fault{"have too many properties"};
        for (const auto& property : properties)
            if (property.key().size() > kLongestKey) throw Fault{"have a property with too long a name"};
        if (const json::value* others = from.if_contains("additionalProperties")) {
            if (others->is_bool()) copy["additionalProperties"] = *others;
            else copy["additionalProperties"] = of(*others, depth + 1);
        }
        if (any || !properties.empty()) copy["properties"] = std::move(properties);
    }

    static std::optional<std::int64_t> count_of(const json::object& from, const char* keyword) {
        const json::value* value = from.if_contains(keyword);
        if (value == nullptr) return std::nullopt;
        boost::system::error_code failure;
        const auto count = value->to_number<std::int64_t>(failure);
        if (failure || count < 0) throw Fault{"need a whole number as '" + std::string(keyword) + "'"};
        return count;
    }

    static void copy_counts(const json::object& from, json::object& copy, const char* least, const char* most) {
        const auto low = count_of(from, least);
        const auto high = count_of(from, most);
        if (low && *low > kMostRepeats) throw Fault{"have too high a '" + std::string(least) + "'"};
        if (low && high && *low > *high)
            throw Fault{"have a '" + std::string(least) + "' over '" + std::string(most) + "'"};
        if (low) copy[least] = *low;
        if (high && *high <= kMostRepeats) copy[most] = *high;
    }

    static std::optional<double> number_of(const json::object& from, const char* keyword) {
        const json::value* value = from.if_contains(keyword);
        if (value == nullptr || value->is_bool()) return std::nullopt;  // exclusiveMinimum was a bool in draft 4
        boost::system::error_code failure;
        const auto number = value->to_number<double>(failure);
        if (failure || !std::isfinite(number)) throw Fault{"need a number as '" + std::string(keyword) + "'"};
        return number;
    }

    /// Both ends are always given when one is: llama.cpp's ranges with one open end let too small numbers in.
    static void copy_bounds(const json::object& from, json::object& copy) {
        double low = -kLargestInteger;
        double high = kLargestInteger;
        bool bounded = false;
        const auto narrow = [&](const char* keyword, auto&& how) {
            if (const auto number = number_of(from, keyword)) {
                how(*number);
                bounded = true;
            }
        };
        narrow("minimum", [&](double n) { low = std::max(low, std::ceil(n)); });
        narrow("exclusiveMinimum", [&](double n) { low = std::max(low, std::floor(n) + 1); });
        narrow("maximum", [&](double n) { high = std::min(high, std::floor(n)); });
        narrow("exclusiveMaximum", [&](double n) { high = std::min(high, std::ceil(n) - 1); });
        if (!bounded) return;
        const json::value* type = copy.if_contains("type");
        const bool whole = type != nullptr && (*type == "integer" || type->is_array());
        if (!whole) return;  // the grammar cannot hold other numbers to bounds
        if (low > high) throw Fault{"leave no whole number between 'minimum' and 'maximum'"};
        copy["minimum"] = static_cast<std::int64_t>(low);
        copy["maximum"] = static_cast<std::int64_t>(high);
    }

    const json::value& root_;
    std::size_t nodes_ = 0;
};

/// About how many bytes the shortest value has that fits the copied schema.
std::size_t shortest(const json::object& schema) {
    const auto list = [&](const char* keyword) -> const json::array* {
        const json::value* value = schema.if_contains(keyword);
        return value != nullptr ? value->if_array() : nullptr;
    };
    std::size_t least = std::numeric_limits<std::size_t>::max();
    if (const auto* choices = list("anyOf")) {
        for (const auto& choice : *choices) least = std::min(least, shortest(choice.get_object()));
        return least;
    }
    if (const auto* values = list("enum")) {
        for (const auto& value : *values) least = std::min(least, json::serialize(value).size());
        return least;
    }
    if (const json::value* only = schema.if_contains("const")) return json::serialize(*only).size();
    std::size_t bytes = 2;
    if (const auto* parts = list("allOf"))
        for (const auto& part : *parts) bytes += shortest(part.get_object());
    if (const auto* names = list("required"))
        for (const auto& name : *names)
            bytes += name.get_string().size() + 6 +
                     shortest(schema.at("properties").at(name.get_string()).get_object());
    for (const char* keyword : {"items", "prefixItems"}) {
        if (const auto* items = list(keyword))
            for (const auto& item : *items) bytes += 2 + shortest(item.get_object());
        else if (const json::value* item = schema.if_contains(keyword))
            if (const json::value* count = schema.if_contains("minItems"))
                bytes += static_cast<std::size_t>(count->to_number<std::int64_t>()) * (2 + shortest(item->get_object()));
    }
    if (const json::value* length = schema.if_contains("minLength"))
        bytes += static_cast<std::size_t>(length->to_number<std::int64_t>());
    if (schema.contains("minimum")) bytes += 12;
    return bytes;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
        text.replace(at, from.size(), to);
}

/// The grammar with one way to write white space, and without what JSON readers do not agree on.
void narrow(std::string& grammar) {
    replace_all(grammar, R"("," space)", R"(", ")");
    replace_all(grammar, R"(":" space)", R"(": ")");
    const auto space = grammar.find("\nspace ::= ");
    if (space == std::string::npos) throw Fault{"cannot be converted"};
    const auto end = grammar.find('\n', space + 1);
    grammar.replace(space, end - space, "\nspace ::= \"\"");
    replace_all(grammar, R"(["\\bfnrt] | "u" [0-9a-fA-F]{4})", R"(["\\bfnrt])");  // halves of surrogate pairs
    replace_all(grammar, R"( ([eE] [-+]? integral-part)?)", "");                  // 1e999
}

json::object arguments_schema(const Tool& tool) {
    if (tool.parameters.size() > kLongestSchema) throw Fault{"are too large"};
    boost::system::error_code failure;
    const std::string given = tool.parameters.empty() ? "{\"properties\":{}}" : tool.parameters;
    const json::value root = json::parse(given, failure);
    if (failure) throw Fault{"are no JSON (" + failure.message() + ")"};
    if (!root.is_object()) throw Fault{"must be a JSON Schema of type object"};
    json::object schema = Copy(root).of(root, 0);
    const json::value* type = schema.if_contains("type");
    const bool object = type == nullptr || *type == "object" ||
                        (type->is_array() && std::any_of(type->get_array().begin(), type->get_array().end(),
                                                         [](const json::value& one) { return one == "object"; }));
    bool other = schema.contains("anyOf") || schema.contains("enum") || schema.contains("const");
    if (const json::value* parts = schema.if_contains("allOf"))
        for (const json::value& part : parts->get_array()) other = other || !part.get_object().contains("properties");
    if (!object || other) throw Fault{"must be a JSON Schema of type object"};
    schema["type"] = "object";
    return schema;
}

}  // namespace

bool is_tool_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

base::Result<ToolGrammar> tool_grammar(const Tool& tool) {
    if (!is_tool_name(tool.name))
        return base::error(base::Errc::invalid,
                           "a tool's name must be 1 to 64 letters, digits, '_' or '-'", "tools");
    try {
        const json::object schema = arguments_schema(tool);
        const common_chat_schema_document document =
            common_chat_schema_from_json(common_json::parse(json::serialize(schema)));
        ToolGrammar grammar;
        grammar.text = build_grammar([&](const common_grammar_builder& builder) {
            const std::string arguments = builder.add_schema("arguments", *document.root);
            builder.add_rule("root", R"(" " )" + arguments + R"( "}")");
        });
        narrow(grammar.text);
        grammar.shortest = shortest(schema);
        return grammar;
    } catch (const Fault& fault) {
        return base::error(base::Errc::invalid, "the parameters of the tool '" + tool.name + "' " + fault.text,
                           "tools");
    } catch (const std::exception& failure) {
        return base::error(base::Errc::invalid,
                           "the parameters of the tool '" + tool.name + "' cannot be used: " +
                               std::string(failure.what()).substr(0, 200),
                           "tools");
    }
}

}  // namespace antiphon::engine::llama
