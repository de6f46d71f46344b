// The other end of a call over WebRTC: the library's own connection, in the same process.
#pragma once

#include "audio/opus_codec.hpp"
#include "edge/rtp_packet.hpp"

#include <rtc/rtc.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace antiphon::edge {

class WebRtcClient {
public:
    struct Wish {
        bool data = true;
        bool sends = true;
        bool receives = true;
        std::string label = "oai-events";
    };

    WebRtcClient() : WebRtcClient(Wish{}) {}
    explicit WebRtcClient(const Wish& wish) {
        rtc::Configuration configuration;
        configuration.bindAddress = "127.0.0.1";
        configuration.disableAutoNegotiation = true;
        connection_ = std::make_shared<rtc::PeerConnection>(configuration);
        connection_->onStateChange([this](rtc::PeerConnection::State state) { change([&] { state_ = state; }); });
        using Direction = rtc::Description::Direction;
        rtc::Description::Audio audio("0", wish.sends && wish.receives ? Direction::SendRecv
                                           : wish.sends                ? Direction::SendOnly
                                                                       : Direction::RecvOnly);
        audio.addOpusCodec(kPayload, "minptime=10;useinbandfec=1");
        audio.addSSRC(kSsrc, "client");
        track_ = connection_->addTrack(std::move(audio));
        track_->onOpen([this] { change([&] { track_open_ = true; }); });
        track_->onMessage([this](const rtc::message_variant& given) {
            const auto* bytes = std::get_if<rtc::binary>(&given);
            if (bytes == nullptr) return;
            const auto* data = reinterpret_cast<const std::uint8_t*>(bytes->data());
            change([&] { packets_.emplace_back(data, data + bytes->size()); });
        });
        if (!wish.data) return;
        channel_ = connection_->createDataChannel(wish.label);
        channel_->onOpen([this] { change([&] { channel_open_ = true; }); });
        channel_->onClosed([this] { change([&] { channel_closed_ = true; }); });
        channel_->onMessage([this](const rtc::message_variant& given) {
            if (const auto* text = std::get_if<std::string>(&given)) change([&] { messages_.push_back(*text); });
        });
    }

    ~WebRtcClient() {
        track_->resetCallbacks();
        if (channel_) channel_->resetCallbacks();
        connection_->resetCallbacks();
    }

    std::string offer() {
        connection_->setLocalDescription(rtc::Description::Type::Offer);
        return std::string(*connection_->localDescription());
    }
    /// False when the connection has been closed meanwhile.
    bool take(const std::string& answer) {
        try {
            connection_->setRemoteDescription(rtc::Description(answer, "answer"));
            return true;
        } catch (const std::exception&) {
            return false;
        }
    }

    /// Waits until it holds, for as long as a slow machine may need.
    bool wait(const std::function<bool()>& holds, std::chrono::seconds longest = std::chrono::seconds(20)) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, longest, holds);
    }
    bool wait_open() {
        return wait([this] { return track_open_ && (!channel_ || channel_open_); });
    }
    bool wait_closed() {
        return wait([this] {
            return state_ == rtc::PeerConnection::State::Closed || state_ == rtc::PeerConnection::State::Disconnected;
        });
    }

    void say(const std::string& message) { channel_->send(message); }
    void send(std::span<const std::uint8_t> packet) {
        track_->send(reinterpret_cast<const rtc::byte*>(packet.data()), packet.size());
    }
    void send_opus(std::span<const std::uint8_t> payload) {
        RtpPacket packet;
        packet.payload_type = kPayload;
        packet.sequence = sequence_++;
        packet.timestamp = timestamp_ += 960;
        packet.ssrc = kSsrc;
        packet.payload = payload;
        send(write_rtp(packet));
    }
    void close() { connection_->close(); }
    void close_channel() { channel_->close(); }
    std::size_t max_message() const { return channel_->maxMessageSize(); }

    std::size_t count() {
        const std::scoped_lock lock(mutex_);
        return packets_.size();
    }

    // To be read within wait(), or when nothing comes any more.
    const std::vector<std::string>& messages() const { return messages_; }
    const std::vector<std::vector<std::uint8_t>>& packets() const { return packets_; }
    bool channel_closed() const { return channel_closed_; }
    bool open() const { return channel_open_; }

    static constexpr int kPayload = 111;
    static constexpr std::uint32_t kSsrc = 4711;

private:
    template <typename Change>
    void change(Change apply) {
        {
            const std::scoped_lock lock(mutex_);
            apply();
        }
        changed_.notify_all();
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    rtc::PeerConnection::State state_ = rtc::PeerConnection::State::New;
    bool track_open_ = false;
    bool channel_open_ = false;
    bool channel_closed_ = false;
    std::vector<std::string> messages_;
    std::vector<std::vector<std::uint8_t>> packets_;
    std::uint16_t sequence_ = 100;
    std::uint32_t timestamp_ = 5000;
    std::shared_ptr<rtc::PeerConnection> connection_;
    std::shared_ptr<rtc::Track> track_;
    std::shared_ptr<rtc::DataChannel> channel_;
};

}  // namespace antiphon::edge
