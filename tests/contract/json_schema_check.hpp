// Whether a JSON value fits a JSON Schema, for the keywords that the tests use. pure.
#pragma once

#include <boost/json.hpp>

#include <algorithm>
#include <string>

namespace antiphon::engine {

/// Empty when it fits, else what is wrong and where. Throws for a keyword that is not known here.
inline std::string misfit(const boost::json::value& schema, const boost::json::value& value,
                          const std::string& at = "") {
    namespace json = boost::json;
    const auto wrong = [&](const std::string& what) { return at + ": " + what + " in " + json::serialize(value); };
    const auto is = [&](const json::value& type) {
        const auto name = std::string(type.as_string());
        if (name == "object") return value.is_object();
        if (name == "array") return value.is_array();
        if (name == "string") return value.is_string();
        if (name == "integer") return value.is_int64() || value.is_uint64();
        if (name == "number") return value.is_number();
        if (name == "boolean") return value.is_bool();
        return value.is_null();
    };
    const json::object& rules = schema.as_object();
    for (const auto& [keyword, rule] : rules) {
        const std::string name(keyword);
        if (name == "type") {
            const bool right =
                rule.is_array() ? std::any_of(rule.as_array().begin(), rule.as_array().end(), is) : is(rule);
            if (!right) return wrong("not of type " + json::serialize(rule));
        } else if (name == "enum") {
            const auto& all = rule.as_array();
            if (std::find(all.begin(), all.end(), value) == all.end()) return wrong("not in the enum");
        } else if (name == "const") {
            if (value != rule) return wrong("not the constant");
        } else if (name == "required" && value.is_object()) {
            for (const auto& key : rule.as_array())
                if (!value.as_object().contains(key.as_string())) return wrong("misses " + json::serialize(key));
        } else if (name == "properties" && value.is_object()) {
            for (const auto& [key, one] : rule.as_object())
                if (const auto* inner = value.as_object().if_contains(key))
                    if (const auto fault = misfit(one, *inner, at + "/" + std::string(key)); !fault.empty()) return fault;
        } else if (name == "additionalProperties" && value.is_object() && rule == json::value(false)) {
            for (const auto& property : value.as_object())
                if (!rules.at("properties").as_object().contains(property.key())) return wrong("has more");
        } else if (name == "items" && value.is_array()) {
            for (const auto& item : value.as_array())
                if (const auto fault = misfit(rule, item, at + "[]"); !fault.empty()) return fault;
        } else if (name == "anyOf") {
            const bool one = std::any_of(rule.as_array().begin(), rule.as_array().end(),
                                         [&](const json::value& each) { return misfit(each, value).empty(); });
            if (!one) return wrong("fits no alternative");
        } else if (name == "minItems" && value.is_array()) {
            if (value.as_array().size() < rule.to_number<std::size_t>()) return wrong("too few");
        } else if (name == "maxItems" && value.is_array()) {
            if (value.as_array().size() > rule.to_number<std::size_t>()) return wrong("too many");
        } else if (name == "minLength" && value.is_string()) {
            if (value.as_string().size() < rule.to_number<std::size_t>()) return wrong("too short");
        } else if (name == "maxLength" && value.is_string()) {
            if (value.as_string().size() > 4 * rule.to_number<std::size_t>()) return wrong("too long");
        } else if (name == "minimum" && value.is_number()) {
            if (value.to_number<double>() < rule.to_number<double>()) return wrong("too small");
        } else if (name == "maximum" && value.is_number()) {
            if (value.to_number<double>() > rule.to_number<double>()) return wrong("too large");
        } else if (name == "exclusiveMinimum" && value.is_number()) {
            if (value.to_number<double>() <= rule.to_number<double>()) return wrong("too small");
        } else if (name != "description" && name != "required" && name != "properties" && name != "items" &&
                   name != "additionalProperties" && name.substr(0, 3) != "min" && name.substr(0, 3) != "max" &&
                   name != "exclusiveMinimum" && name != "pattern" && name != "format" && name != "title") {
            throw std::logic_error("the test's schema check does not know " + name);
        }
    }
    return {};
}

}  // namespace antiphon::engine
