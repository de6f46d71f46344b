// Values as people write them: read from text, and the known name that a misspelt one is nearest to.

#include "app/settings_table.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace antiphon::app {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < b.size(); ++j) {
            const std::size_t above = row[j + 1];
            row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row.back();
}

}  // namespace

std::string_view nearest(std::string_view name, std::span<const std::string> known) {
    std::string_view best;
    std::size_t distance = std::numeric_limits<std::size_t>::max();
    for (const std::string& one : known) {
        const std::size_t d = edit_distance(name, one);
        if (d < distance) {
            distance = d;
            best = one;
        }
    }
    return best;
}

base::Result<Value> parse_value(const Setting& setting, std::string_view text) {
    const auto wrong = [&] {
        return base::error(base::Errc::invalid,
                           setting.key + " must be " + std::string(words_for(setting.kind)) + ", not \"" + std::string(text) + "\"",
                           setting.key);
    };
    switch (setting.kind) {
        case Kind::yes_no:
            if (text == "true" || text == "yes" || text == "on" || text == "1") return Value(true);
            if (text == "false" || text == "no" || text == "off" || text == "0") return Value(false);
            return wrong();
        case Kind::whole: {
            std::int64_t value = 0;
            const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure != std::errc{} || end != text.data() + text.size()) return wrong();
            return Value(value);
        }
        case Kind::number: {
            double value = 0;
            const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return wrong();
            return Value(value);
        }
        case Kind::text: return Value(std::string(text));
        case Kind::list: {
            std::vector<std::string> values;
            while (!text.empty()) {
                const auto comma = text.find(',');
                const auto part = base::trimmed(text.substr(0, comma));
                if (!part.empty()) values.emplace_back(part);
                text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
            }
            return Value(std::move(values));
        }
    }
    return wrong();
}

std::string_view words_for(Kind kind) {
    switch (kind) {
        case Kind::yes_no: return "true or false";
        case Kind::whole: return "a whole number";
        case Kind::number: return "a number";
        case Kind::text: return "a text";
        case Kind::list: return "a list of texts";
    }
    return "";
}

}  // namespace antiphon::app
