#include "edge/connections.hpp"

#include <utility>

namespace antiphon::edge {

ConnectionEntry Connections::add(const std::shared_ptr<Connection>& connection) {
    const std::scoped_lock lock(mutex_);
    if (draining_) connection->drain();
    if (finishing_) connection->finish();
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

void Connections::tell(bool Connections::* state, void (Connection::* what)()) {
    std::vector<std::shared_ptr<Connection>> open;
    {
        const std::scoped_lock lock(mutex_);
        this->*state = true;
        open = alive();
    }
    for (const auto& connection : open) (*connection.*what)();
}

void Connections::drain() { tell(&Connections::draining_, &Connection::drain); }

void Connections::finish() { tell(&Connections::finishing_, &Connection::finish); }

void Connections::shut_down() { tell(&Connections::shut_down_, &Connection::shut_down); }

std::shared_ptr<void> Connections::request() {
    ++*requests_;
    return {static_cast<void*>(this), [count = requests_](void*) { --*count; }};
}

std::size_t Connections::requests() const { return *requests_; }

void Connections::remove(std::uint64_t number) {
    const std::scoped_lock lock(mutex_);
    open_.erase(number);
}

}  // namespace antiphon::edge
