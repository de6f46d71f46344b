#include "edge/connections.hpp"

#include <utility>
#include <vector>

namespace antiphon::edge {

ConnectionEntry Connections::add(const std::shared_ptr<Connection>& connection) {
    const std::scoped_lock lock(mutex_);
    if (shut_down_) connection->shut_down();
    const std::uint64_t number = next_++;
    open_.emplace(number, connection);
    return {static_cast<void*>(this), [list = shared_from_this(), number](void*) { list->remove(number); }};
}

void Connections::shut_down() {
    std::vector<std::shared_ptr<Connection>> open;
    {
        const std::scoped_lock lock(mutex_);
        shut_down_ = true;
        for (const auto& [number, connection] : open_)
            if (auto alive = connection.lock()) open.push_back(std::move(alive));
    }
    // Outside the lock: the last reference may go here, and its entry with it.
    for (const auto& connection : open) connection->shut_down();
}

void Connections::remove(std::uint64_t number) {
    const std::scoped_lock lock(mutex_);
    open_.erase(number);
}

}  // namespace antiphon::edge
