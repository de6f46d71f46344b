#include "engine/language_model_chain.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace antiphon::engine {
namespace {

using base::Errc;

/// Another model would say the same, or nobody waits any more.
bool is_final(Errc code) { return code == Errc::cancelled || code == Errc::invalid || code == Errc::conflict; }

/// Says that the model will not answer the next caller either.
bool counts(Errc code) { return code == Errc::unavailable || code == Errc::engine || code == Errc::not_found; }

}  // namespace

LanguageModelChain::LanguageModelChain(std::vector<Link> links, CircuitBreaker::Settings breaker)
    : links_(std::move(links)) {
    assert(!links_.empty());
    for (std::size_t i = 0; i < links_.size(); ++i) states_.push_back({CircuitBreaker(breaker), {}});
    const bool any_probe = std::any_of(links_.begin(), links_.end(), [](const Link& link) { return bool(link.probe); });
    if (any_probe) prober_ = std::jthread([this](std::stop_token stop) { probe_while_open(stop); });
}

LanguageModelChain::~LanguageModelChain() = default;

bool LanguageModelChain::closed(std::size_t link) const {
    const std::lock_guard lock(mutex_);
    return !links_[link].probe || states_[link].breaker.state() == CircuitBreaker::State::closed;
}

void LanguageModelChain::record(std::size_t link, const base::Result<void>& outcome, bool at_once) {
    const std::lock_guard lock(mutex_);
    State& state = states_[link];
    const bool was_closed = state.breaker.state() == CircuitBreaker::State::closed;
    if (outcome) {
        state.breaker.succeeded();
        state.reason.clear();
        if (!was_closed) base::log::info("language_model.recovered", {{"model", links_[link].name}});
        return;
    }
    if (!links_[link].probe) return;
    if (outcome.error().code == Errc::cancelled) return state.breaker.withdrawn();
    state.reason = outcome.error().text;
    const auto now = base::Clock::now();
    if (at_once && was_closed) state.breaker.open(now);
    else state.breaker.failed(now);
    if (was_closed && state.breaker.state() != CircuitBreaker::State::closed)
        base::log::warning("language_model.left_alone", {{"model", links_[link].name}, {"because", state.reason}});
    ++failures_;
    changed_.notify_all();
}

base::Result<void> LanguageModelChain::check(std::stop_token stop) {
    std::optional<base::Error> first;
    bool usable = false;
    for (std::size_t i = 0; i < links_.size(); ++i) {
        const auto outcome = links_[i].probe ? links_[i].probe(stop) : base::Result<void>();
        if (stop.stop_requested()) return base::error(Errc::cancelled, "loading was stopped");
        if (links_[i].probe) record(i, outcome, true);
        if (outcome) usable = true;
        else if (!first) first = outcome.error();
    }
    if (!usable) return *std::move(first);
    return {};
}

void LanguageModelChain::probe_while_open(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        const auto now = base::Clock::now();
        std::optional<std::size_t> due;
        std::optional<base::Time> next;
        for (std::size_t i = 0; i < states_.size() && !due; ++i) {
            if (!links_[i].probe || states_[i].breaker.state() == CircuitBreaker::State::closed) continue;
            if (states_[i].breaker.admit(now)) due = i;
            else next = std::min(next.value_or(base::Time::max()), states_[i].breaker.next_probe());
        }
        if (due) {
            lock.unlock();
            record(*due, links_[*due].probe(stop), true);
            lock.lock();
        } else if (next) {
            changed_.wait_until(lock, stop, *next, [&, seen = failures_] { return failures_ != seen; });
        } else {
            changed_.wait(lock, stop, [&, seen = failures_] { return failures_ != seen; });
        }
    }
}

std::vector<std::string> LanguageModelChain::names() const {
    std::vector<std::string> names;
    for (const Link& link : links_) names.push_back(link.name);
    return names;
}

std::vector<LanguageModelChain::Trouble> LanguageModelChain::troubles() const {
    const std::lock_guard lock(mutex_);
    std::vector<Trouble> troubles;
    for (std::size_t i = 0; i < states_.size(); ++i)
        if (states_[i].breaker.state() != CircuitBreaker::State::closed)
            troubles.push_back({links_[i].name, states_[i].reason});
    return troubles;
}

base::Result<Generation> LanguageModelChain::generate(const GenerationRequest& request, const Sink& sink,
                                                      std::stop_token stop) {
    std::optional<base::Error> failure;
    for (std::size_t i = 0; i < links_.size(); ++i) {
        if (!closed(i)) continue;
        bool begun = false;
        auto generation = links_[i].model->generate(
            request,
            [&](const Fragment& fragment) {
                begun = true;
                sink(fragment);
            },
            stop);
        if (generation) {
            record(i, {}, false);
            return generation;
        }
        failure = generation.error();
        if (counts(failure->code)) record(i, *failure, false);
        if (begun || is_final(failure->code)) return *std::move(failure);
        if (i + 1 < links_.size())
            base::log::warning("language_model.passed_on",
                               {{"model", links_[i].name}, {"because", failure->text}});
    }
    if (failure) return *std::move(failure);
    const auto all = troubles();
    return base::error(Errc::unavailable, all.empty() ? "no language model can be reached"
                                                      : "no language model can be reached: " + all.front().reason);
}

void LanguageModelChain::forget(ConversationId conversation) {
    for (const Link& link : links_) link.model->forget(conversation);
}

std::size_t LanguageModelChain::parallel() const noexcept {
    std::size_t most = 1;
    for (const Link& link : links_) most = std::max(most, link.model->parallel());
    return most;
}

std::size_t LanguageModelChain::context_tokens() const noexcept {
    std::size_t fewest = links_.front().model->context_tokens();
    for (const Link& link : links_) fewest = std::min(fewest, link.model->context_tokens());
    return fewest;
}

std::size_t LanguageModelChain::count_tokens(std::string_view text) const {
    std::size_t most = 0;
    for (const Link& link : links_) most = std::max(most, link.model->count_tokens(text));
    return most;
}

}  // namespace antiphon::engine
