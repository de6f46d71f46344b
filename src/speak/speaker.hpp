// The speaking lane of a call: pieces of text in, sound out, in order.
//
// strand. One piece at a time is made on the synthesizer's workers; sound and ends come back by posts to
// the strand. Behind the closed gate only the first piece is made. After cancel() or close() nothing of
// the turn reaches the handler but on_speaking_wasted.
#pragma once

#include "audio/pcm.hpp"
#include "base/anchor.hpp"
#include "base/ids.hpp"
#include "base/strand.hpp"
#include "base/workers.hpp"
#include "engine/synthesizer.hpp"
#include "speak/speak_settings.hpp"

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace antiphon::speak {

/// How the pieces of one answer are spoken.
struct Manner {
    std::string language;
    std::string voice;
    float speed = 1.0F;
    int sample_rate = 24000;  ///< of the sound that the handler gets
};

class Speaker {
public:
    /// Called on the strand from a posted task.
    class Handler {
    public:
        virtual ~Handler() = default;
        virtual void on_sound(base::TurnId turn, std::size_t piece, std::span<const float> samples) = 0;
        virtual void on_spoken(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy) = 0;
        /// A cancelled synthesis has ended.
        virtual void on_speaking_wasted(base::Duration busy) = 0;
    };

    Speaker(const SpeakSettings& settings, std::shared_ptr<base::Strand> strand, engine::Synthesizer& synthesizer,
            base::Workers& workers, Handler& handler);

    /// A new answer begins, with its gate closed; one that is under way is cancelled first.
    void start(base::TurnId turn, Manner manner);
    /// The next piece of it.
    void say(std::size_t piece, std::string text);
    void open_gate();

    /// How much sound waits to be sent; beyond the limit the next piece is not begun.
    void set_waiting(base::Duration waiting);

    void cancel();
    void close();

private:
    struct Piece {
        std::size_t number;
        std::string text;
    };

    void pump();
    void submit(Piece piece);
    void finish(base::TurnId turn, std::size_t piece, base::Result<void> end, base::Duration busy);

    const SpeakSettings settings_;
    const std::shared_ptr<base::Strand> strand_;
    engine::Synthesizer& synthesizer_;
    base::Workers& workers_;
    Handler& handler_;

    std::optional<base::TurnId> current_;
    Manner manner_;
    std::deque<Piece> pieces_;
    bool gate_open_ = false;
    std::size_t begun_ = 0;     ///< pieces of this turn given to the synthesizer
    base::Duration waiting_{};
    std::stop_source stop_;
    bool running_ = false;      ///< a piece of this turn is being made
    base::Anchor<Speaker> anchor_;
};

}  // namespace antiphon::speak
