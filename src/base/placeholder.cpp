#include "base/placeholder.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

namespace antiphon::base {
namespace {

constexpr std::string_view kPlaceholders[] = {"changeme", "change-me",   "change_me", "your-",
                                              "your_",    "placeholder", "example"};

}  // namespace

bool is_placeholder(std::string_view secret) {
    std::string lower(secret);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return std::any_of(std::begin(kPlaceholders), std::end(kPlaceholders),
                       [&](std::string_view one) { return lower.find(one) != std::string::npos; });
}

}  // namespace antiphon::base
