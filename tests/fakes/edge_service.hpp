// The service behind Microsoft Edge's "read aloud", on the loopback: it speaks the protocol of edge_protocol.hpp as
// seen from the other side, with espeak-ng for a voice, and can be told to misbehave.
#pragma once

#include "audio/resampler.hpp"
#include "audio/sound_encoder.hpp"
#include "engine/espeak/espeak_synthesizer.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/stream.hpp>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::fakes {

class EdgeService {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using Stream = boost::beast::websocket::stream<Socket&>;
    using Head = boost::beast::http::request<boost::beast::http::string_body>;

    /// What it does instead of answering well, if it is told to.
    struct Manners {
        /// Answers the WebSocket's request itself; true: it did.
        std::function<bool(Socket&, const Head&)> at_the_door;
        /// Answers the two messages itself; true: it did, and the connection ends.
        std::function<bool(EdgeService&, Stream&)> at_the_text;
    };

    explicit EdgeService(Manners manners = {}) : manners_(std::move(manners)) {
        auto voice = engine::espeak::EspeakSynthesizer::open({});
        if (!voice) throw std::runtime_error(voice.error().text);
        voice_ = std::move(*voice);
        acceptor_.open(boost::asio::ip::tcp::v4());
        acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
        acceptor_.listen();
        thread_ = std::thread([this] { accept(); });
    }
    ~EdgeService() {
        {
            const std::lock_guard lock(mutex_);
            closing_ = true;
            for (Socket& socket : sockets_) ::shutdown(socket.native_handle(), SHUT_RDWR);
        }
        changed_.notify_all();
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
    }
    EdgeService(const EdgeService&) = delete;
    EdgeService& operator=(const EdgeService&) = delete;

    unsigned short port() const { return acceptor_.local_endpoint().port(); }
    std::string url() const { return "ws://127.0.0.1:" + std::to_string(port()) + "/readaloud/edge/v1"; }

    /// Everything that was sent to it so far.
    std::vector<Head> heads() const { return locked(heads_); }
    std::vector<std::string> texts() const { return locked(texts_); }

    /// Until the test is over: for a service that hangs.
    void hang() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return closing_; });
    }

    static void send_text(Stream& stream, const std::string& path, const std::string& body) {
        stream.text(true);
        stream.write(boost::asio::buffer("X-RequestId:0\r\nContent-Type:application/json\r\nPath:" + path + "\r\n\r\n" + body));
    }
    static void send_sound(Stream& stream, const std::string& mp3, const std::string& headers =
                                                                       "Path:audio\r\nContent-Type:audio/mpeg\r\n") {
        std::string bytes{static_cast<char>(headers.size() >> 8U), static_cast<char>(headers.size() & 0xFFU)};
        stream.binary(true);
        stream.write(boost::asio::buffer(bytes + headers + mp3));
    }

    /// The text, spoken: MP3 at 24 kHz, with half a second of silence before and after it, as the service has it.
    std::string mp3_of(const std::string& text, const std::string& language, float speed) {
        std::vector<float> samples(static_cast<std::size_t>(voice_->sample_rate()) / 2, 0.0F);
        const auto take = [&](const audio::Pcm& chunk) {
            samples.insert(samples.end(), chunk.samples.begin(), chunk.samples.end());
        };
        (void)voice_->synthesize({text, language, "", speed}, take, {});
        samples.resize(samples.size() + static_cast<std::size_t>(voice_->sample_rate()) / 2, 0.0F);
        auto encoder = audio::SoundEncoder::open(audio::SoundFormat::mp3, 24'000);
        std::string mp3 = *(*encoder)->encode(*audio::resample(samples, voice_->sample_rate(), 24'000));
        return mp3 + *(*encoder)->finish();
    }

private:
    template <typename List>
    List locked(const List& list) const {
        const std::lock_guard lock(mutex_);
        return list;
    }

    void accept() {
        std::list<std::thread> threads;
        for (;;) {
            boost::system::error_code failure;
            Socket socket = acceptor_.accept(failure);
            if (failure) break;
            const std::lock_guard lock(mutex_);
            Socket& kept = sockets_.emplace_back(std::move(socket));
            threads.emplace_back([this, &kept] {
                try {
                    serve(kept);
                } catch (const boost::system::system_error&) {
                    // The client has gone: that is its right.
                }
                const std::lock_guard lock_again(mutex_);
                ::shutdown(kept.native_handle(), SHUT_RDWR);
            });
        }
        for (std::thread& thread : threads) thread.join();
    }

    void serve(Socket& socket) {
        boost::beast::flat_buffer buffer;
        Head head;
        boost::beast::http::read(socket, buffer, head);
        {
            const std::lock_guard lock(mutex_);
            heads_.push_back(head);
        }
        if (manners_.at_the_door && manners_.at_the_door(socket, head)) return;
        Stream stream(socket);
        boost::beast::websocket::permessage_deflate deflate;
        deflate.server_enable = true;
        stream.set_option(deflate);
        stream.accept(head);
        const std::string config = read(stream);
        const std::string ssml = read(stream);
        if (manners_.at_the_text && manners_.at_the_text(*this, stream)) return;
        // Whoever breaks the protocol gets nothing.
        if (config.find("Path:speech.config") == std::string::npos || ssml.find("Path:ssml") == std::string::npos) return;
        answer(stream, ssml);
        boost::beast::flat_buffer rest;
        boost::system::error_code ended;
        stream.read(rest, ended);
    }

    std::string read(Stream& stream) {
        boost::beast::flat_buffer buffer;
        stream.read(buffer);
        std::string text(static_cast<const char*>(buffer.data().data()), buffer.size());
        const std::lock_guard lock(mutex_);
        texts_.push_back(text);
        return text;
    }

    void answer(Stream& stream, const std::string& ssml) {
        const std::string language = between(ssml, "<voice name='Microsoft Server Speech Text to Speech Voice (", ", ");
        const float speed = 1.0F + std::stof(between(ssml, " rate='", "%'")) / 100.0F;
        std::string text = between(ssml, "volume='+0%'>", "</prosody>");
        for (const auto& [entity, letter] : {std::pair{"&lt;", "<"}, {"&gt;", ">"}, {"&quot;", "\""}, {"&apos;", "'"}, {"&amp;", "&"}})
            for (auto at = text.find(entity); at != std::string::npos; at = text.find(entity, at + 1))
                text.replace(at, std::string(entity).size(), letter);
        send_text(stream, "turn.start", "{}");
        send_text(stream, "response", "{}");
        const std::string mp3 = mp3_of(text, language, speed);
        for (std::size_t at = 0; at < mp3.size(); at += 720) {
            send_sound(stream, mp3.substr(at, 720));
            if (at == 0) send_text(stream, "audio.metadata", R"({"Metadata":[]})");
        }
        send_sound(stream, "", "Path:audio\r\n");
        send_text(stream, "turn.end", "{}");
    }

    static std::string between(const std::string& text, const std::string& before, const std::string& after) {
        const auto begin = text.find(before) + before.size();
        return text.substr(begin, text.find(after, begin) - begin);
    }

    const Manners manners_;
    std::unique_ptr<engine::espeak::EspeakSynthesizer> voice_;
    boost::asio::io_context io_;
    boost::asio::ip::tcp::acceptor acceptor_{io_};
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool closing_ = false;
    std::list<Socket> sockets_;
    std::vector<Head> heads_;
    std::vector<std::string> texts_;
    std::thread thread_;
};

}  // namespace antiphon::fakes
