#include "edge/connections.hpp"

#include <utility>

namespace antiphon::edge {

ConnectionEntry Connections::add(const std::shared_ptr<Connection>& connection) {
    const std::scoped_lock lock(mutex_);
    if (draining_) connection->drain();
    if (shut_down_) connection->shut_down();
    const std::uint64_t number = next_++;
    open_.emplace(number, connection);
    return {static_cast<void*>(this), [list = shared_from_this(), number](void*) { list->remove(number); }};
}

std::vector<std::shared_ptr<Connection>> Connections::alive() const {
    std::vector<std::shared_ptr<Connection>> all;
    for (const auto& [number, connection] : open_)
        if (auto one = connection.lock()) all.push_back(std::move(one));
    return all;
}

void Connections::drain() {
    std::vector<std::shared_ptr<Connection>> open;
    {
        const std::scoped_lock lock(mutex_);
        draining_ = true;
        open = alive();
    }
    for (const auto& connection : open) connection->drain();
}

void Connections::shut_down() {
    std::vector<std::shared_ptr<Connection>> open;
    {
        const std::scoped_lock lock(mutex_);
        shut_down_ = true;
        open = alive();
    }
    for (const auto& connection : open) connection->shut_down();
}

void Connections::remove(std::uint64_t number) {
    const std::scoped_lock lock(mutex_);
    open_.erase(number);
}

}  // namespace antiphon::edge
