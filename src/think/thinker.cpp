#include "think/thinker.hpp"

#include <utility>

namespace antiphon::think {

Thinker::Thinker(std::shared_ptr<base::Strand> strand, engine::LanguageModel& model, base::Workers& workers,
                 Handler& handler)
    : strand_(std::move(strand)), model_(model), workers_(workers), handler_(handler), anchor_(this) {}

void Thinker::start(base::TurnId turn, engine::GenerationRequest request) {
    cancel();
    current_ = turn;
    Wanted wanted{turn, std::move(request)};
    if (running_) next_ = std::move(wanted);
    else submit(std::move(wanted));
}

base::Workers::Job Thinker::job(Wanted wanted) {
    stop_ = std::stop_source();
    return [strand = strand_, anchor = anchor_.handle(), &model = model_, turn = wanted.turn,
            request = std::move(wanted.request), stop = stop_.get_token()] {
        const base::Time began = strand->now();
        auto end = model.generate(
            request,
            [&](const engine::Fragment& fragment) {
                ThoughtPart part{std::string(fragment.text), fragment.call, std::string(fragment.tool)};
                strand->post(anchor.tie([turn, part = std::move(part)](Thinker& thinker) { thinker.take_part(turn, part); }));
            },
            stop);
        const base::Duration busy = strand->now() - began;
        strand->post(anchor.tie([turn, end = std::move(end), busy](Thinker& thinker) { thinker.finish(turn, end, busy); }));
    };
}

void Thinker::submit(Wanted wanted) {
    const base::TurnId turn = wanted.turn;
    running_ = true;
    if (auto taken = workers_.submit(job(std::move(wanted))); !taken) {
        // Answered by a post, like every other end, so that start() never calls the handler from within.
        strand_->post(anchor_.handle().tie([turn, failure = taken.error()](Thinker& thinker) {
            thinker.finish(turn, failure, base::Duration::zero());
        }));
    }
}

base::Result<void> Thinker::start_spare(base::TurnId turn, engine::GenerationRequest request) {
    if (running_ || current_) return base::error(base::Errc::overloaded, "something is being thought");
    auto taken = workers_.submit_spare([job = job({turn, std::move(request)}), stop = stop_](std::stop_token busy) mutable {
        const std::stop_callback yield(busy, [&stop] { stop.request_stop(); });
        job();
    });
    if (!taken) return taken;
    running_ = true;
    current_ = turn;
    return {};
}

void Thinker::take_part(base::TurnId turn, const ThoughtPart& part) {
    if (current_ == turn) handler_.on_thought_part(turn, part);
}

void Thinker::finish(base::TurnId turn, base::Result<engine::Generation> end, base::Duration busy) {
    running_ = false;
    if (current_ == turn) {
        current_.reset();
        handler_.on_thought(turn, std::move(end), busy);
    } else {
        handler_.on_thinking_wasted(busy);
    }
    if (!running_ && next_) {
        Wanted wanted = std::move(*next_);
        next_.reset();
        submit(std::move(wanted));
    }
}

void Thinker::cancel() {
    current_.reset();
    next_.reset();
    stop_.request_stop();
}

void Thinker::close() {
    cancel();
    anchor_.drop();
}

}  // namespace antiphon::think
