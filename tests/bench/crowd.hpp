// Many callers on a few threads, and what they see: the definitions stand in load_caller.cpp.
#pragma once

#include "audio/pcm.hpp"
#include "audio/resampler.hpp"
#include "base/base64.hpp"
#include "base/clock.hpp"
#include "bench/bare_web_socket.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <future>
#include <memory>
#include <numbers>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace antiphon::bench {

namespace asio = boost::asio;
using base::Clock;
using base::milliseconds;
using boost::system::error_code;

inline constexpr int kRate = 24'000;
inline constexpr std::size_t kFrameSamples = 480;
inline constexpr milliseconds kFrame{20};
inline constexpr std::size_t kSpeechFrames = 40;
inline constexpr int kWindowMs = 32;            // the voice detector's window
inline constexpr milliseconds kLate{5};
inline constexpr std::chrono::seconds kPatience{10};
inline constexpr int kLeadFrames = 10;          // of an answer, that do not count as paced

// ---- the sound

inline std::string append_frame(std::span<const float> samples) {
    return BareWebSocket::text_frame(R"({"type":"input_audio_buffer.append","audio":")" +
                                     base::base64_encode(audio::to_s16le(samples)) + "\"}");
}

/// The WebSocket frames of one turn's speech, and of 20 ms of silence, made once for all callers.
struct Sound {
    std::vector<std::string> speech;
    std::string silence;

    Sound() {
        std::vector<float> frame(kFrameSamples);
        for (std::size_t n = 0; n < kSpeechFrames; ++n) {
            for (std::size_t i = 0; i < kFrameSamples; ++i) {
                const double t = static_cast<double>(n * kFrameSamples + i) / kRate;
                const double syllables = 0.7 + 0.3 * std::sin(2 * std::numbers::pi * 4.0 * t);
                frame[i] = static_cast<float>(0.3 * syllables * std::sin(2 * std::numbers::pi * 180.0 * t));
            }
            speech.push_back(append_frame(frame));
        }
        std::fill(frame.begin(), frame.end(), 0.0F);
        silence = append_frame(frame);
    }
};

/// How many frames the server must have got for it to have that much sound at 16 kHz, by its own resampler.
class FramesNeeded {
public:
    std::size_t for_samples(std::size_t samples) {
        while (had_.empty() || had_.back() < samples) add_frame();
        return static_cast<std::size_t>(std::lower_bound(had_.begin(), had_.end(), samples) - had_.begin());
    }

    /// With each frame that is sent, so that not all of it is to be done when an event has come and the next waits.
    void prepare(std::size_t frames) {
        while (had_.size() <= frames) add_frame();
    }

private:
    void add_frame() {
        had_.push_back((had_.empty() ? 0 : had_.back()) + resampler_.process(std::vector<float>(kFrameSamples)).size());
    }
    static audio::Resampler open() {
        auto opened = audio::Resampler::open(kRate, 16'000);
        if (!opened) throw std::runtime_error(opened.error().text);
        return std::move(*opened);
    }
    audio::Resampler resampler_ = open();
    std::vector<std::size_t> had_;
};

// ---- what the callers of one thread have seen

struct Seen {
    std::vector<float> spoken_event, spoken_sound, typed_event, typed_sound, gaps;  ///< milliseconds
    std::size_t lost = 0;
    std::size_t turns = 0;
    std::size_t frames = 0;
    std::size_t late = 0;
    std::string why_lost;

    void add(const Seen& other) {
        const auto join = [](auto& to, const auto& from) { to.insert(to.end(), from.begin(), from.end()); };
        join(spoken_event, other.spoken_event);
        join(spoken_sound, other.spoken_sound);
        join(typed_event, other.typed_event);
        join(typed_sound, other.typed_sound);
        join(gaps, other.gaps);
        lost += other.lost;
        turns += other.turns;
        frames += other.frames;
        late += other.late;
        if (why_lost.empty()) why_lost = other.why_lost;
    }
};

inline float milliseconds_between(base::Time from, base::Time to) {
    return static_cast<float>(base::seconds(to - from) * 1000.0);
}

enum class Manner { talk, idle, one_typed_turn };

/// One io thread's world; everything in it is touched by that thread alone.
struct World {
    const Sound& sound;
    asio::ip::tcp::endpoint server;
    Manner manner;
    int silence_ms;
    bool resumable = false;
    FramesNeeded frames_needed{};
    Seen seen{};
    bool measuring = false;
    std::size_t open = 0;
};

class Caller final : public std::enable_shared_from_this<Caller> {
public:
    Caller(asio::io_context& io, World& world, std::size_t number)
        : world_(world), socket_(io), timer_(io), type_next_(number % 2 == 1) {}

    void start() {
        BareWebSocket::Events events;
        events.opened = [this] {
            open_ = true;
            ++world_.open;
        };
        events.message = [this](std::string_view event) { received(event, Clock::now()); };
        events.ended = [this](const std::string& why) {
            if (!ending_) lose(why);
            drop();
        };
        socket_.connect(world_.server, "/v1/realtime?model=load", std::move(events), shared_from_this());
    }

    /// Ends in order.
    void hang_up() {
        ending_ = true;
        timer_.cancel();
        if (!open_) return drop();
        socket_.send(BareWebSocket::close_frame(), shared_from_this());
    }

    bool done() const { return done_; }

private:
    enum class Turn { none, speaking, waiting, typed, answered };

    void received(std::string_view event, base::Time now) {
        constexpr std::string_view kType = R"({"type":")";
        if (!event.starts_with(kType)) return lose("an event without its type in front");
        const std::string_view type = event.substr(kType.size(), event.find('"', kType.size()) - kType.size());
        if (type == "response.output_audio.delta") return heard(now);
        if (type == "input_audio_buffer.speech_stopped") return turn_ended(event, now);
        if (type == "response.created") return answer_begins(now);
        if (type == "response.done") return answer_ended(event);
        if (type == "session.created") return begin();
        if (type == "error") return lose(std::string(event.substr(0, 300)));
    }

    void begin() {
        switch (world_.manner) {
            case Manner::idle: return;
            case Manner::one_typed_turn:
                write_text(R"({"type":"session.update","session":{"type":"realtime","output_modalities":["text"]}})");
                write(world_.sound.silence);
                return type_turn();
            case Manner::talk:
                if (world_.resumable)
                    write_text(R"({"type":"session.update","session":{"type":"realtime","antiphon":{"resumable":true}}})");
                next_frame_ = Clock::now();
                begin_turn();
                return tick();
        }
    }

    // ---- the turns

    void begin_turn() {
        turn_began_ = Clock::now();
        if (world_.manner == Manner::talk && std::exchange(type_next_, !type_next_)) return type_turn();
        turn_ = Turn::speaking;
        spoken_ = 0;
    }

    void type_turn() {
        turn_ = Turn::typed;
        turn_began_ = Clock::now();
        write_text(R"({"type":"conversation.item.create","item":{"type":"message","role":"user",)"
                   R"("content":[{"type":"input_text","text":"What time is it?"}]}})");
        typed_ = true;
        cause_ = Clock::now();
        write_text(R"({"type":"response.create"})");
    }

    void turn_ended(std::string_view event, base::Time now) {
        constexpr std::string_view kField = R"("audio_end_ms":)";
        const auto at = event.find(kField);
        std::size_t silence_began = 0;
        std::from_chars(event.data() + at + kField.size(), event.data() + event.size(), silence_began);
        const std::size_t windows = static_cast<std::size_t>((world_.silence_ms + kWindowMs - 1) / kWindowMs);
        const std::size_t frame = world_.frames_needed.for_samples(silence_began * 16 + windows * 512);
        if (at == event.npos || turn_ != Turn::waiting || frame >= frames_sent_ || frames_sent_ - frame > sent_at_.size())
            return lose("the end of a turn that was not spoken: " + std::string(event));
        typed_ = false;
        cause_ = sent_at_[frame % sent_at_.size()];
        if (world_.measuring) world_.seen.spoken_event.push_back(milliseconds_between(cause_, now));
    }

    void answer_begins(base::Time now) {
        answer_frames_ = 0;
        if (typed_ && world_.measuring) world_.seen.typed_event.push_back(milliseconds_between(cause_, now));
    }

    void heard(base::Time now) {
        ++answer_frames_;
        if (world_.measuring) {
            if (answer_frames_ == 1)
                (typed_ ? world_.seen.typed_sound : world_.seen.spoken_sound).push_back(milliseconds_between(cause_, now));
            if (answer_frames_ > kLeadFrames) world_.seen.gaps.push_back(milliseconds_between(last_heard_, now));
        }
        last_heard_ = now;
    }

    void answer_ended(std::string_view event) {
        if (event.find(R"("status":"completed")") == event.npos) return lose("not answered: " + std::string(event.substr(0, 300)));
        if (world_.manner == Manner::talk && answer_frames_ == 0) return lose("an answer without sound");
        if (world_.measuring) ++world_.seen.turns;
        turn_ = Turn::answered;
        pause_ = kSpeechFrames / 2;
        if (world_.manner == Manner::one_typed_turn) hang_up();
    }

    // ---- the microphone

    void tick() {
        timer_.expires_at(next_frame_);
        timer_.async_wait([self = shared_from_this()](error_code cancelled) {
            if (cancelled || self->done_ || self->ending_) return;
            self->send_frame();
            self->next_frame_ += kFrame;
            self->tick();
        });
    }

    void send_frame() {
        const auto now = Clock::now();
        if (world_.measuring) {
            ++world_.seen.frames;
            if (now - next_frame_ > kLate) ++world_.seen.late;
        }
        if (now - turn_began_ > kPatience) return lose("a turn was not answered in time");
        sent_at_[frames_sent_++ % sent_at_.size()] = now;
        world_.frames_needed.prepare(frames_sent_);
        if (turn_ == Turn::speaking) {
            write(world_.sound.speech[spoken_++]);
            if (spoken_ == kSpeechFrames) turn_ = Turn::waiting;
            return;
        }
        write(world_.sound.silence);
        if (turn_ == Turn::answered && pause_-- == 0) begin_turn();
    }

    void write_text(std::string_view text) { write(BareWebSocket::text_frame(text)); }

    void write(std::string_view frame) { socket_.send(frame, shared_from_this()); }

    void lose(const std::string& why) {
        if (!done_ && !ending_) {
            ++world_.seen.lost;
            if (world_.seen.why_lost.empty()) world_.seen.why_lost = why;
        }
        drop();
    }

    void drop() {
        if (done_) return;
        done_ = true;
        if (open_) --world_.open;
        timer_.cancel();
        socket_.close();
    }

    World& world_;
    BareWebSocket socket_;
    asio::steady_timer timer_;
    bool open_ = false;
    bool ending_ = false;
    bool done_ = false;

    Turn turn_ = Turn::none;
    bool type_next_;
    bool typed_ = false;
    base::Time turn_began_{};
    base::Time cause_{};  ///< when the turn that is answered was written
    base::Time next_frame_{};
    base::Time last_heard_{};
    std::array<base::Time, 256> sent_at_{};  ///< of the last frames, by their number
    std::size_t frames_sent_ = 0;
    std::size_t spoken_ = 0;
    std::size_t pause_ = 0;
    int answer_frames_ = 0;
};

/// Callers on a few threads of their own.
class Crowd {
public:
    /// `resumable`: the calls ask to be kept in the session store.
    Crowd(const Sound& sound, asio::ip::tcp::endpoint server, Manner manner, int silence_ms, int threads, bool resumable = false) {
        for (int i = 0; i < threads; ++i)
            parts_.push_back(std::make_unique<Part>(World{sound, server, manner, silence_ms, resumable}));
        for (auto& part : parts_) part->thread = std::jthread([&io = part->io] { io.run(); });
    }
    ~Crowd() {
        for (auto& part : parts_) {
            part->work.reset();
            part->io.stop();
        }
        for (auto& part : parts_) part->thread.join();
    }

    void add() {
        Part& part = *parts_[added_ % parts_.size()];
        const std::size_t number = added_++;
        asio::post(part.io, [&part, number] {
            part.callers.push_back(std::make_shared<Caller>(part.io, part.world, number / 2));
            part.callers.back()->start();
        });
    }
    void measure(bool on) {
        for (auto& part : parts_) on_thread(*part, [on](Part& p) { p.world.measuring = on; });
    }
    std::size_t open() {
        std::size_t count = 0;
        for (auto& part : parts_) on_thread(*part, [&](Part& p) { count += p.world.open; });
        return count;
    }
    bool all_done() {
        bool all = true;
        for (auto& part : parts_)
            on_thread(*part, [&](Part& p) {
                std::erase_if(p.callers, [](const auto& caller) { return caller->done(); });
                all = all && p.callers.empty();
            });
        return all;
    }
    void hang_up() {
        for (auto& part : parts_)
            on_thread(*part, [](Part& p) {
                for (auto& caller : p.callers) caller->hang_up();
            });
        for (int i = 0; i < 250 && !all_done(); ++i) std::this_thread::sleep_for(milliseconds(20));
    }
    Seen seen() {
        Seen all;
        for (auto& part : parts_) on_thread(*part, [&](Part& p) { all.add(p.world.seen); });
        return all;
    }

private:
    struct Part {
        explicit Part(World the_world) : world(std::move(the_world)) {}
        World world;
        asio::io_context io{1};
        asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(io);
        std::vector<std::shared_ptr<Caller>> callers;
        std::jthread thread;
    };

    template <typename Action>
    static void on_thread(Part& part, Action action) {
        std::promise<void> done;
        asio::post(part.io, [&] {
            action(part);
            done.set_value();
        });
        done.get_future().wait();
    }

    std::vector<std::unique_ptr<Part>> parts_;
    std::size_t added_ = 0;
};

}  // namespace antiphon::bench
