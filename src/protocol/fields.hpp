// Reads the fields of one JSON object by name and type, and remembers the first thing that is wrong.
//
// pure. A reader asks for every field it knows and looks at the outcome once, at the end: a getter that finds
// its field absent or wrong gives nothing, and a wrong one leaves a Fault with the field's path.
#pragma once

#include "base/error.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace antiphon::protocol {

/// A wire error code and the sentence to it; error.param is the path.
struct Fault {
    std::string code;
    base::Error error;
};

class Fields {
public:
    /// `path` is empty at the top of the message. Both references must outlive the object.
    Fields(const boost::json::object& object, std::string path, std::optional<Fault>& fault)
        : object_(object), path_(std::move(path)), fault_(fault) {}

    /// The field as it is; null pointer if absent.
    const boost::json::value* find(std::string_view key) const { return object_.if_contains(key); }
    /// Whether the field is there with any value, and whether it is there and null.
    bool has(std::string_view key) const { return object_.contains(key); }
    bool is_null(std::string_view key) const;

    std::optional<std::string> text(std::string_view key) const;
    std::optional<bool> flag(std::string_view key) const;
    std::optional<double> number(std::string_view key, double lowest, double highest) const;
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t lowest, std::int64_t highest) const;
    /// One of the given words.
    std::optional<std::string> word(std::string_view key, std::initializer_list<std::string_view> words) const;
    const boost::json::object* object(std::string_view key) const;
    const boost::json::array* array(std::string_view key) const;

    /// As text(), but the field must be there and not be empty.
    std::string required_text(std::string_view key) const;
    /// As required_text(), and letters, digits, '_' and '-' only, at most 64 of them.
    std::string function_name(std::string_view key) const;
    /// The field must be there.
    void require(std::string_view key) const;

    /// Refuses every field that is not among the given ones.
    void allow_only(std::initializer_list<std::string_view> keys) const;

    /// The field as an error names it: this object's path, a dot, the key.
    std::string path(std::string_view key) const;

    void fail(std::string_view key, std::string_view code, const std::string& what) const;
    void unsupported(std::string_view key, const std::string& why) const;

    std::optional<Fault>& fault() const { return fault_; }

private:
    const boost::json::object& object_;
    std::string path_;
    std::optional<Fault>& fault_;
};

/// What a client wrote, shortened and in quotes, for a message to it.
std::string quoted(std::string_view text);

}  // namespace antiphon::protocol
