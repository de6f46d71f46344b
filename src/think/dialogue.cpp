#include "think/dialogue.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::think {
namespace {

void append(std::vector<engine::Message>& messages, engine::Role role, std::string text) {
    if (base::trimmed(text).empty()) return;
    if (!messages.empty() && messages.back().role == role) {
        messages.back().text += role == engine::Role::system ? "\n" : " ";
        messages.back().text += text;
        return;
    }
    messages.push_back({role, std::move(text)});
}

}  // namespace

base::Result<std::string> Dialogue::add(Item item, const std::optional<std::string>& previous) {
    if (items_.size() >= kMaxItems) return base::error(base::Errc::overloaded, "the conversation has too many items");
    if (find(item.id) != nullptr)
        return base::error(base::Errc::conflict, "there is an item '" + item.id + "' already", "item.id");
    auto place = items_.end();
    if (previous && *previous == "root") {
        place = items_.begin();
    } else if (previous) {
        place = std::find_if(items_.begin(), items_.end(), [&](const Item& other) { return other.id == *previous; });
        if (place == items_.end())
            return base::error(base::Errc::not_found, "there is no item '" + *previous + "'", "previous_item_id");
        ++place;
    }
    std::string before = place == items_.begin() ? std::string() : std::prev(place)->id;
    items_.insert(place, std::move(item));
    return before;
}

Item* Dialogue::find(const std::string& id) {
    const auto found = std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.id == id; });
    return found == items_.end() ? nullptr : &*found;
}

bool Dialogue::erase(const std::string& id) {
    return std::erase_if(items_, [&](const Item& item) { return item.id == id; }) > 0;
}

std::vector<engine::Message> Dialogue::messages(const std::string& instructions,
                                                const std::optional<std::string>& pending) const {
    auto messages = messages_of(items_, instructions);
    if (pending) append(messages, engine::Role::user, *pending);
    return messages;
}

std::vector<engine::Message> messages_of(const std::vector<Item>& items, const std::string& instructions) {
    std::vector<engine::Message> messages;
    append(messages, engine::Role::system, instructions);
    for (const Item& item : items) append(messages, item.role, words_of(item));
    return messages;
}

}  // namespace antiphon::think
