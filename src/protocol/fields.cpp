#include "protocol/fields.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <cmath>

namespace antiphon::protocol {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxQuoted = 64;
constexpr std::size_t kMaxName = 64;

bool fits_a_name(std::string_view name) {
    return !name.empty() && name.size() <= kMaxName && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    });
}

std::string plain(double number) {
    std::string text = std::to_string(number);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
}

}  // namespace

std::string quoted(std::string_view text) {
    if (text.size() <= kMaxQuoted) return "'" + std::string(text) + "'";
    const auto head = text.substr(0, kMaxQuoted);
    return "'" + std::string(head.substr(0, base::whole_characters(head))) + "...'";
}

bool Fields::is_null(std::string_view key) const {
    const auto* value = find(key);
    return value != nullptr && value->is_null();
}

std::string Fields::path(std::string_view key) const {
    if (path_.empty()) return std::string(key);
    if (key.empty()) return path_;
    return path_ + "." + std::string(key);
}

void Fields::fail(std::string_view key, std::string_view code, const std::string& what) const {
    if (fault_) return;
    const std::string param = path(key);
    const std::string subject = param.empty() ? "the event" : quoted(param);
    fault_ = Fault{std::string(code), base::error(base::Errc::invalid, subject + " " + what, param)};
}

void Fields::unsupported(std::string_view key, const std::string& why) const {
    if (fault_) return;
    fault_ = Fault{"unsupported", base::error(base::Errc::unsupported, why, path(key))};
}

std::optional<std::string> Fields::text(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) {
        fail(key, "invalid_type", "must be a string");
        return std::nullopt;
    }
    return std::string(value->get_string());
}

std::optional<bool> Fields::flag(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) {
        fail(key, "invalid_type", "must be true or false");
        return std::nullopt;
    }
    return value->get_bool();
}

std::optional<double> Fields::number(std::string_view key, double lowest, double highest) const {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    if (!value->is_number()) {
        fail(key, "invalid_type", "must be a number");
        return std::nullopt;
    }
    const auto number = value->to_number<double>();
    if (!(number >= lowest && number <= highest)) {
        fail(key, "invalid_value", "must be a number from " + plain(lowest) + " to " + plain(highest));
        return std::nullopt;
    }
    return number;
}

std::optional<std::int64_t> Fields::integer(std::string_view key, std::int64_t lowest, std::int64_t highest) const {
    const auto* value = find(key);
    if (value == nullptr) return std::nullopt;
    // JavaScript has one kind of number, and some clients write 500.0 where they mean 500.
    const bool whole_double = value->is_double() && std::trunc(value->get_double()) == value->get_double();
    if (!value->is_int64() && !value->is_uint64() && !whole_double) {
        fail(key, "invalid_type", "must be an integer");
        return std::nullopt;
    }
    boost::system::error_code inexact;
    const auto number = value->to_number<std::int64_t>(inexact);
    if (inexact || number < lowest || number > highest) {
        fail(key, "invalid_value",
             "must be an integer from " + std::to_string(lowest) + " to " + std::to_string(highest));
        return std::nullopt;
    }
    return number;
}

std::optional<std::string> Fields::word(std::string_view key, std::initializer_list<std::string_view> words) const {
    auto given = text(key);
    if (!given || std::find(words.begin(), words.end(), *given) != words.end()) return given;
    std::string choice;
    for (const auto word : words) choice += (choice.empty() ? "'" : ", '") + std::string(word) + "'";
    fail(key, "invalid_value", "is " + quoted(*given) + " but must be " + (words.size() > 1 ? "one of " : "") + choice);
    return std::nullopt;
}

const json::object* Fields::object(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return nullptr;
    if (!value->is_object()) fail(key, "invalid_type", "must be an object");
    return value->if_object();
}

const json::array* Fields::array(std::string_view key) const {
    const auto* value = find(key);
    if (value == nullptr) return nullptr;
    if (!value->is_array()) fail(key, "invalid_type", "must be an array");
    return value->if_array();
}

void Fields::require(std::string_view key) const {
    if (!has(key)) fail(key, "missing_required_parameter", "is missing");
}

std::string Fields::function_name(std::string_view key) const {
    std::string name = required_text(key);
    if (!fault_ && !fits_a_name(name))
        fail(key, "invalid_value", "must be letters, digits, '_' and '-', at most 64 of them");
    return name;
}

std::string Fields::required_text(std::string_view key) const {
    require(key);
    auto value = text(key);
    if (value && value->empty()) fail(key, "invalid_value", "must not be empty");
    return value.value_or("");
}

void Fields::allow_only(std::initializer_list<std::string_view> keys) const {
    for (const auto& field : object_) {
        const std::string_view key = field.key();
        if (std::find(keys.begin(), keys.end(), key) == keys.end())
            fail(key, "unknown_parameter", "is not a parameter that is known here");
    }
}

}  // namespace antiphon::protocol
