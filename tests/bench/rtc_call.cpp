#include "bench/rtc_call.hpp"

#include "edge/rtp_packet.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <rtc/rtc.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <stdexcept>
#include <utility>
#include <variant>

namespace antiphon::bench {
namespace {

namespace asio = boost::asio;
constexpr int kClockRate = 48'000;
constexpr std::uint32_t kTicks = 960;  ///< 20 ms
constexpr std::string_view kCandidate = "a=candidate:";

std::string header_of(std::string_view head, std::string_view name) {
    const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b)); };
    const std::string wanted = "\r\n" + std::string(name) + ": ";
    const auto found = std::search(head.begin(), head.end(), wanted.begin(), wanted.end(), same);
    if (found == head.end()) return {};
    const auto begin = found + static_cast<std::ptrdiff_t>(wanted.size());
    return {begin, std::find(begin, head.end(), '\r')};
}

/// Without the addresses of the caller: its checks tell where it is, and nothing goes past the way.
std::string without_candidates(const std::string& description) {
    std::string left;
    for (std::size_t at = 0; at < description.size();) {
        const auto end = std::min(description.find('\n', at), description.size() - 1) + 1;
        const std::string_view line(description.data() + at, end - at);
        if (!line.starts_with(kCandidate) && !line.starts_with("a=end-of-candidates")) left += line;
        at = end;
    }
    return left;
}

std::uint16_t port_of_candidate(std::string_view candidate) {
    std::size_t at = 0;
    for (int words = 0; words < 5; ++words) at = candidate.find(' ', at) + 1;
    return static_cast<std::uint16_t>(std::stoi(std::string(candidate.substr(at, candidate.find(' ', at) - at))));
}

}  // namespace

HttpAnswer post(const std::string& host, std::uint16_t port, std::string_view target, std::string_view type, std::string_view body) {
    asio::io_context io;
    asio::ip::tcp::socket socket(io);
    socket.connect({asio::ip::make_address(host), port});
    socket.set_option(asio::ip::tcp::no_delay(true));
    std::string request = "POST " + std::string(target) + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n";
    if (!type.empty()) request += "Content-Type: " + std::string(type) + "\r\n";
    request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
    asio::write(socket, asio::buffer(request));
    std::string answer;
    boost::system::error_code end;
    asio::read(socket, asio::dynamic_buffer(answer), end);
    const auto blank = answer.find("\r\n\r\n");
    if (blank == answer.npos || answer.size() < 12) throw std::runtime_error("no answer to a POST: " + end.message());
    return {std::stoi(answer.substr(9, 3)), header_of(std::string_view(answer).substr(0, blank), "Location"), answer.substr(blank + 4)};
}

RtcCall::RtcCall(std::uint32_t ssrc, Events events) : ssrc_(ssrc), events_(std::move(events)) {
    rtc::Configuration configuration;
    configuration.bindAddress = "127.0.0.1";
    configuration.disableAutoNegotiation = true;
    connection_ = std::make_shared<rtc::PeerConnection>(configuration);
    connection_->onStateChange([this](rtc::PeerConnection::State state) {
        using State = rtc::PeerConnection::State;
        if (state == State::Failed) events_.ended("the connection failed");
        if (state == State::Disconnected || state == State::Closed) events_.ended("the connection was closed");
    });
    rtc::Description::Audio audio("0", rtc::Description::Direction::SendRecv);
    audio.addOpusCodec(kOpus, "minptime=10;useinbandfec=1");
    audio.addSSRC(ssrc_, "caller");
    track_ = connection_->addTrack(std::move(audio));
    track_->onOpen([this] { events_.open(); });
    track_->onMessage([this](const rtc::message_variant& given) {
        const auto now = base::Clock::now();
        if (const auto* bytes = std::get_if<rtc::binary>(&given))
            take_packet({reinterpret_cast<const std::uint8_t*>(bytes->data()), bytes->size()}, now);
    });
    channel_ = connection_->createDataChannel("oai-events");
    channel_->onMessage([this](const rtc::message_variant& given) {
        if (const auto* text = std::get_if<std::string>(&given)) events_.message(*text);
    });
}

RtcCall::~RtcCall() {
    track_->resetCallbacks();
    channel_->resetCallbacks();
    connection_->resetCallbacks();
    connection_->close();
    if (way_) way_->close();
}

base::Duration RtcCall::call(const std::string& host, std::uint16_t port, UdpWays* ways) {
    connection_->setLocalDescription(rtc::Description::Type::Offer);
    const std::string offer = without_candidates(std::string(*connection_->localDescription()));
    const auto began = base::Clock::now();
    const HttpAnswer answer = post(host, port, "/v1/realtime/calls?model=load", "application/sdp", offer);
    const auto took = base::Clock::now() - began;
    if (answer.status != 201) throw std::runtime_error("the offer was answered with " + std::to_string(answer.status) + ": " + answer.body);
    std::string description = answer.body;
    if (ways != nullptr) {
        const auto found = description.find(kCandidate);
        if (found == description.npos) throw std::runtime_error("an answer without an address");
        way_ = ways->add(port_of_candidate(std::string_view(description).substr(found)));
        description = without_candidates(description);
        description += "a=candidate:1 1 UDP 2122317823 127.0.0.1 " + std::to_string(way_->port()) + " typ host\r\n";
        // At the end stands the last m-line's; with BUNDLE it counts for all.
    }
    connection_->setRemoteDescription(rtc::Description(description, rtc::Description::Type::Answer));
    return took;
}

void RtcCall::take_packet(std::span<const std::uint8_t> bytes, base::Time arrived) {
    if (edge::is_rtcp(bytes)) {
        const auto news = edge::read_rtcp(bytes);
        if (!news || !news->sender) return;
        const std::scoped_lock lock(mutex_);
        if (reception_ && reception_->ssrc() == news->sender->ssrc) reception_->sender_report(news->sender->info, arrived);
        return;
    }
    const auto packet = edge::read_rtp(bytes);
    if (!packet || packet->payload_type != kOpus) return;
    {
        const std::scoped_lock lock(mutex_);
        if (!reception_) reception_.emplace(packet->ssrc, kClockRate);
        reception_->received(packet->sequence, packet->timestamp, arrived);
    }
    events_.sound(packet->sequence, packet->timestamp, packet->payload, arrived);
}

void RtcCall::send_sound(std::span<const std::uint8_t> opus, bool talk_begins) {
    edge::RtpPacket packet;
    packet.marker = talk_begins;
    packet.payload_type = kOpus;
    packet.sequence = sequence_++;
    packet.timestamp = timestamp_;
    packet.ssrc = ssrc_;
    packet.payload = opus;
    timestamp_ += kTicks;
    const auto bytes = edge::write_rtp(packet);
    if (track_->isOpen()) track_->send(reinterpret_cast<const rtc::byte*>(bytes.data()), bytes.size());
}

void RtcCall::skip_sound() { timestamp_ += kTicks; }

void RtcCall::send_event(const std::string& event) { channel_->send(event); }

void RtcCall::send_report() {
    std::vector<edge::ReportBlock> blocks;
    {
        const std::scoped_lock lock(mutex_);
        if (!reception_) return;
        if (auto block = reception_->report(base::Clock::now())) blocks.push_back(*block);
    }
    const auto bytes = edge::write_receiver_report(ssrc_, blocks, "caller");
    if (track_->isOpen()) track_->send(reinterpret_cast<const rtc::byte*>(bytes.data()), bytes.size());
}

void RtcCall::close() { connection_->close(); }

}  // namespace antiphon::bench
