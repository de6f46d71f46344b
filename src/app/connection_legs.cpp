#include "app/connection_legs.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <vector>

namespace antiphon::embedded {
std::string_view connection_legs() noexcept;  // docs/connection-legs.json
}

namespace antiphon::app {
namespace {

std::vector<LegFault> read_faults() {
    std::vector<LegFault> faults;
    const boost::json::value document = boost::json::parse(embedded::connection_legs());
    for (const auto& one : document.as_array()) {
        const auto text = [&](std::string_view key) { return std::string(one.at(key).as_string()); };
        faults.push_back({text("code"), text("leg"), text("says"), text("advice")});
    }
    return faults;
}

}  // namespace

std::span<const LegFault> leg_faults() {
    static const std::vector<LegFault> faults = read_faults();
    return faults;
}

const LegFault* find_leg_fault(std::string_view code) {
    const auto faults = leg_faults();
    const auto found =
        std::find_if(faults.begin(), faults.end(), [&](const LegFault& one) { return one.code == code; });
    return found == faults.end() ? nullptr : &*found;
}

}  // namespace antiphon::app
