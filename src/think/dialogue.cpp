#include "think/dialogue.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace antiphon::think {
namespace {

auto place_of(auto& items, const std::string& id) {
    return std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.id == id; });
}

}  // namespace

base::Result<std::string> Dialogue::add(Item item, const std::optional<std::string>& previous) {
    if (items_.size() >= kMaxItems) return base::error(base::Errc::overloaded, "the conversation has too many items");
    if (std::as_const(*this).find(item.id) != nullptr)
        return base::error(base::Errc::conflict, "there is an item '" + item.id + "' already", "item.id");
    if (auto fits = check_call(item); !fits) return fits.error();
    auto place = items_.cend();
    if (previous && *previous == "root") {
        place = items_.cbegin();
    } else if (previous) {
        place = place_of(std::as_const(items_), *previous);
        if (place == items_.cend())
            return base::error(base::Errc::not_found, "there is no item '" + *previous + "'", "previous_item_id");
        ++place;
    }
    std::string before = place == items_.cbegin() ? std::string() : std::prev(place)->id;
    items_.insert(place, std::move(item));
    ++changes_;
    return before;
}

base::Result<void> Dialogue::check_call(const Item& item) const {
    if (item.kind != ItemKind::function_call && item.kind != ItemKind::function_call_output) return {};
    const auto is_there = [&](ItemKind kind) {
        return std::any_of(items_.begin(), items_.end(),
                           [&](const Item& other) { return other.kind == kind && other.call.id == item.call.id; });
    };
    const char* const param = "item.call_id";
    if (item.kind == ItemKind::function_call_output && !is_there(ItemKind::function_call))
        return base::error(base::Errc::not_found, "there is no function call '" + item.call.id + "'", param);
    if (is_there(item.kind))
        return base::error(base::Errc::conflict,
                           "the function call '" + item.call.id +
                               (item.kind == ItemKind::function_call ? "' is there already" : "' has its output already"),
                           param);
    return {};
}

Item* Dialogue::find(const std::string& id) {
    const auto found = place_of(items_, id);
    if (found == items_.end()) return nullptr;
    ++changes_;
    return &*found;
}

const Item* Dialogue::find(const std::string& id) const {
    const auto found = place_of(items_, id);
    return found == items_.end() ? nullptr : &*found;
}

std::string Dialogue::before(const std::string& id) const {
    const auto found = place_of(items_, id);
    return found == items_.end() || found == items_.begin() ? std::string() : std::prev(found)->id;
}

bool Dialogue::erase(const std::string& id) {
    if (std::erase_if(items_, [&](const Item& item) { return item.id == id; }) == 0) return false;
    ++changes_;
    return true;
}

}  // namespace antiphon::think
