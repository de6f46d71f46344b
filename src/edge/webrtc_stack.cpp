#include "edge/webrtc_stack.hpp"

#include "base/log.hpp"

#include <boost/asio/ip/address.hpp>
#include <rtc/rtc.hpp>

#include <pthread.h>

#include <charconv>
#include <chrono>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::chrono::seconds kClosePatience{2};
/// Between the end of a data channel and that of its connection. The library may drop the one for the other, and a client
/// that is not told of the channel's end takes it for a lost line.
constexpr std::chrono::milliseconds kFarewell{250};
/// How often a connection that closes is looked at; the library has no callback for it that may destroy it.
constexpr std::chrono::milliseconds kLook{20};
/// Less when the server ends.
constexpr std::chrono::milliseconds kLastPatience{300};
constexpr std::chrono::seconds kCleanupPatience{5};

struct Ports {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};

std::optional<Ports> read_ports(std::string_view text) {
    const auto number = [](std::string_view part, std::uint16_t& value) {
        const auto [end, failure] = std::from_chars(part.data(), part.data() + part.size(), value);
        return failure == std::errc{} && end == part.data() + part.size();
    };
    Ports ports;
    const auto dash = text.find('-');
    if (!number(text.substr(0, dash), ports.first)) return std::nullopt;
    ports.last = ports.first;
    if (dash != std::string_view::npos && !number(text.substr(dash + 1), ports.last)) return std::nullopt;
    if (ports.first > ports.last || (ports.first != 0 && ports.first < 1024)) return std::nullopt;
    if (ports.first == 0 && ports.last != 0) return std::nullopt;
    return ports;
}

bool is_address(const std::string& text) {
    boost::system::error_code failure;
    boost::asio::ip::make_address(text, failure);
    return !failure;
}

void set_up_library() {
    // What it warns of is the doing of clients and networks.
    rtc::InitLogger(rtc::LogLevel::Warning, [](rtc::LogLevel, const std::string& message) {
        base::log::debug("webrtc.library", {{"says", message}});
    });
    rtc::SctpSettings sctp;
    // A client that has vanished is found within the idle timeout.
    sctp.heartbeatInterval = std::chrono::milliseconds(3000);
    sctp.maxRetransmitTimeout = std::chrono::milliseconds(3000);
    // The data channel opens by four messages in a row, and the call with it: each that is lost costs this once.
    sctp.initialRetransmitTimeout = std::chrono::milliseconds(400);
    // A cut link is given up by the idle timeout, not by the data channel: five attempts are over after nine seconds.
    sctp.maxRetransmitAttempts = 50;
    rtc::SetSctpSettings(sctp);
    rtc::Preload();
}

}  // namespace

base::Result<std::unique_ptr<WebRtcStack>> WebRtcStack::open(const WebRtcSettings& settings, LineMetrics* metrics) {
    const auto ports = read_ports(settings.ports);
    if (!ports)
        return base::error(base::Errc::invalid,
                           "webrtc.ports is \"" + settings.ports +
                               "\"; it must be a port from 1024 on, two of them with a dash between, or 0",
                           "webrtc.ports");
    for (const auto& [address, setting] : {std::pair(settings.bind_address, "webrtc.bind_address"),
                                           std::pair(settings.public_address, "webrtc.public_address")})
        if (!address.empty() && !is_address(address))
            return base::error(base::Errc::invalid,
                               std::string(setting) + " is \"" + address + "\"; it must be an IP address", setting);
    if (settings.certificate_file.empty() != settings.key_file.empty())
        return base::error(base::Errc::invalid,
                           "webrtc.certificate and webrtc.key belong together: one of them is empty",
                           settings.key_file.empty() ? "webrtc.key" : "webrtc.certificate");
    auto certificate = settings.certificate_file.empty()
                           ? make_webrtc_certificate()
                           : read_webrtc_certificate(settings.certificate_file, settings.key_file);
    if (!certificate) return certificate.error();
    set_up_library();
    std::unique_ptr<rtc::IceUdpMuxListener> one_port;
    if (ports->first == ports->last && ports->first != 0) {
        try {
            one_port = std::make_unique<rtc::IceUdpMuxListener>(
                ports->first, settings.bind_address.empty() ? std::nullopt : std::optional(settings.bind_address));
        } catch (const std::exception&) {
            return base::error(
                base::Errc::unavailable,
                "cannot listen for calls on UDP port " + settings.ports + ": it is taken, or the address is not ours",
                "webrtc.ports");
        }
    }
    std::unique_ptr<WebRtcStack> stack(new WebRtcStack(settings));
    stack->certificate_ = std::move(*certificate);
    stack->first_port_ = ports->first;
    stack->last_port_ = ports->last;
    stack->one_port_ = std::move(one_port);
    stack->line_metrics_ = metrics;
    return stack;
}

WebRtcStack::WebRtcStack(const WebRtcSettings& settings) : settings_(settings), thread_([this] { run(); }) {
    ::pthread_setname_np(thread_.native_handle(), "webrtc");
}

WebRtcStack::~WebRtcStack() {
    close();
    retiring_.clear();  // of peers that went after that
    one_port_.reset();
    if (rtc::Cleanup().wait_for(kCleanupPatience) != std::future_status::ready)
        base::log::warning("webrtc.still_running", {{"because", "the library did not end its threads"}});
}

rtc::Configuration WebRtcStack::configuration() const {
    rtc::Configuration configuration;
    if (!settings_.bind_address.empty()) configuration.bindAddress = settings_.bind_address;
    configuration.mtu = settings_.mtu;
    configuration.certificatePemFile = certificate_.certificate;
    configuration.keyPemFile = certificate_.key;
    if (first_port_ != 0) {
        configuration.portRangeBegin = first_port_;
        configuration.portRangeEnd = last_port_;
    }
    configuration.enableIceUdpMux = one_port_ != nullptr;
    return configuration;
}

std::shared_ptr<HandOver> WebRtcStack::hand_over(std::shared_ptr<base::Strand> strand) {
    auto way = std::make_shared<HandOver>(std::move(strand));
    const std::scoped_lock lock(mutex_);
    if (refusing_) way->close();
    std::erase_if(ways_, [](const auto& other) { return other.expired(); });
    ways_.push_back(way);
    return way;
}

base::Result<void> WebRtcStack::submit(std::function<void()> job) {
    {
        const std::scoped_lock lock(mutex_);
        if (refusing_) return base::error(base::Errc::unavailable, "the server is shutting down");
        if (jobs_.size() >= kMaxWaiting)
            return base::error(base::Errc::overloaded, "too many calls are being set up at once; try again");
        jobs_.push_back(std::move(job));
    }
    changed_.notify_one();
    return {};
}

void WebRtcStack::retire(std::shared_ptr<rtc::PeerConnection> connection) {
    if (!connection) return;
    {
        const std::scoped_lock lock(mutex_);
        retiring_.push_back(std::move(connection));
    }
    changed_.notify_one();
}

void WebRtcStack::keep(std::shared_ptr<void> thing) {
    const std::scoped_lock lock(mutex_);
    const void* const name = thing.get();
    kept_.emplace(name, std::move(thing));
}

void WebRtcStack::let_go(const void* thing) {
    std::shared_ptr<void> last;  // goes outside the lock
    const std::scoped_lock lock(mutex_);
    if (const auto found = kept_.find(thing); found != kept_.end()) {
        last = std::move(found->second);
        kept_.erase(found);
    }
}

void WebRtcStack::close() {
    std::vector<std::shared_ptr<HandOver>> ways;
    decltype(kept_) kept;
    {
        const std::scoped_lock lock(mutex_);
        refusing_ = true;
        kept.swap(kept_);
        for (const auto& way : ways_)
            if (auto open = way.lock()) ways.push_back(std::move(open));
    }
    for (const auto& way : ways) way->close();
    kept.clear();  // what they had open is retired
    {
        const std::scoped_lock lock(mutex_);
        closing_ = true;
    }
    changed_.notify_one();
    if (thread_.joinable()) thread_.join();
}

void WebRtcStack::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        const auto ready = [this] { return closing_ || !jobs_.empty() || !retiring_.empty(); };
        if (retired_.empty() && leaving_.empty())
            changed_.wait(lock, ready);
        else
            changed_.wait_for(lock, kLook, ready);
        auto jobs = std::exchange(jobs_, {});
        auto retiring = std::exchange(retiring_, {});
        const bool closing = closing_;
        lock.unlock();
        const base::Time now = base::Clock::now();
        for (auto& connection : retiring) leaving_.push_back({std::move(connection), now + kFarewell});
        retiring.clear();
        close_leaving(closing ? base::Time::max() : now);
        if (!closing)
            for (const auto& job : jobs) job();
        jobs.clear();
        destroy_closed(base::Clock::now() + (closing ? kClosePatience - kLastPatience : base::Duration::zero()));
        lock.lock();
        if (closing_ && retiring_.empty() && leaving_.empty() && retired_.empty()) return;
    }
}

void WebRtcStack::close_leaving(base::Time now) {
    std::erase_if(leaving_, [&](Retired& one) {
        if (now < one.until && one.connection->state() == rtc::PeerConnection::State::Connected) return false;
        one.connection->close();
        retired_.push_back({std::move(one.connection), base::Clock::now() + kClosePatience});
        return true;
    });
}

void WebRtcStack::destroy_closed(base::Time now) {
    std::erase_if(retired_, [&](const Retired& retired) {
        return retired.connection->state() == rtc::PeerConnection::State::Closed || now >= retired.until;
    });
}

}  // namespace antiphon::edge
