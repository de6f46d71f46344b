#include "edge/frame_socket.hpp"

#include <cstdint>
#include <limits>

namespace antiphon::edge {
namespace {

/// Of one write. More would have to go out whole before a close.
constexpr std::size_t kMaxChunk = 64U << 10U;
/// Memory that is kept for the next one; a frame of sound takes 1.5 KB.
constexpr std::size_t kKept = 8U << 10U;

void append_header(std::string& bytes, std::size_t length, bool binary) {
    bytes += static_cast<char>(binary ? 0x82 : 0x81);
    const auto append_number = [&](int octets) {
        for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) bytes += static_cast<char>(length >> shift & 0xFFU);
    };
    if (length < 126) {
        bytes += static_cast<char>(length);
    } else if (length <= std::numeric_limits<std::uint16_t>::max()) {
        bytes += static_cast<char>(126);
        append_number(2);
    } else {
        bytes += static_cast<char>(127);
        append_number(8);
    }
}

}  // namespace

void FrameSocket::put(std::string_view message, bool binary) {
    if (flight_ != nullptr && !flight_->line.empty() && flight_->line.back().bytes.size() < kMaxChunk) {
        std::string& bytes = flight_->line.back().bytes;
        const std::size_t before = bytes.size();
        append_header(bytes, message.size(), binary);
        bytes += message;
        waiting_ += bytes.size() - before;
        return;
    }
    Chunk chunk;
    chunk.bytes = std::exchange(spare_, {});
    append_header(chunk.bytes, message.size(), binary);
    chunk.bytes += message;
    queue(std::move(chunk));
}

void FrameSocket::queue(Chunk chunk) {
    waiting_ += chunk.bytes.size();
    if (flight_ != nullptr) {
        flight_->line.push_back(std::move(chunk));
        return;
    }
    auto flight = std::make_unique<Flight>(Flight{owner_.lock(), std::move(chunk), 0, {}});
    flight_ = flight.get();
    write(std::move(flight));
}

void FrameSocket::drop_waiting() {
    if (flight_ == nullptr) return;
    for (Chunk& chunk : std::exchange(flight_->line, {})) {
        waiting_ -= chunk.bytes.size();
        for (auto& waiter : chunk.waiters) waiter->tell(get_executor(), {});
    }
}

void FrameSocket::write(std::unique_ptr<Flight> flight) {
    const auto rest = boost::asio::buffer(flight->chunk.bytes) + flight->sent;
    socket_.async_write_some(rest, [this, flight = std::move(flight)](Failure failure, std::size_t count) mutable {
        on_write(std::move(flight), failure, count);
    });
}

void FrameSocket::on_write(std::unique_ptr<Flight> flight, Failure failure, std::size_t count) {
    const std::shared_ptr<void> owner = flight->owner;
    Chunk& chunk = flight->chunk;
    flight->sent += count;
    waiting_ -= count;
    if (!failure && flight->sent < chunk.bytes.size()) {
        write(std::move(flight));
    } else {
        for (auto& waiter : chunk.waiters) waiter->tell(get_executor(), failure);
        if (failure) {
            for (Chunk& lost : flight->line)
                for (auto& waiter : lost.waiters) waiter->tell(get_executor(), failure);
            flight->line.clear();
            waiting_ = 0;
        }
        chunk.bytes.clear();
        if (chunk.bytes.capacity() <= kKept) spare_ = std::move(chunk.bytes);
        if (flight->line.empty()) {
            flight_ = nullptr;
        } else {
            flight->chunk = std::move(flight->line.front());
            flight->line.erase(flight->line.begin());
            flight->sent = 0;
            write(std::move(flight));
        }
    }
    if (owner && written_) written_(failure);
}

}  // namespace antiphon::edge
