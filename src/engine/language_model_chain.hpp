// Several language models in order of preference, as one: when the first cannot answer, the next one does.
//
// thread-safe. Another model is tried only while nothing of the answer was given on: what the caller has begun to
// hear is never continued in another voice. A model behind a server that fails three times in a row is left alone
// (circuit_breaker.hpp) and probed from a thread of the chain's own, so that no caller waits for the probe.
#pragma once

#include "base/clock.hpp"
#include "engine/circuit_breaker.hpp"
#include "engine/language_model.hpp"

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace antiphon::engine {

class LanguageModelChain final : public LanguageModel {
public:
    /// Blocks until it is known whether the model can answer.
    using Probe = std::function<base::Result<void>(std::stop_token stop)>;

    struct Link {
        std::string name;  ///< for people: "llama3.2:3b"
        std::unique_ptr<LanguageModel> model;
        Probe probe{};     ///< none: the model is in this process, and always asked
    };

    /// One model that is not asked at present.
    struct Trouble {
        std::string name;
        std::string reason;  ///< a sentence
        bool operator==(const Trouble&) const = default;
    };

    /// At least one link.
    explicit LanguageModelChain(std::vector<Link> links, CircuitBreaker::Settings breaker = {});

    /// Ends the probing. Nobody may be in generate().
    ~LanguageModelChain() override;

    /// Probes each link once, in their order; one that fails is left alone until a later probe succeeds. Fails, as
    /// the first of them did, if no link is usable, or with `cancelled`.
    base::Result<void> check(std::stop_token stop);

    /// Which models are left alone now, and why; empty: all is well.
    std::vector<Trouble> troubles() const;

    /// The names of all models, in their order.
    std::vector<std::string> names() const;

    /// The first model's name: what this one goes by.
    const std::string& name() const noexcept { return links_.front().name; }

    /// As the interface says. Fails as the last model that was asked did, or with `unavailable` and the reason if all
    /// are left alone. `invalid`, `conflict` and `cancelled` are given on at once: another model changes nothing there.
    base::Result<Generation> generate(const GenerationRequest& request, const Sink& sink, std::stop_token stop) override;
    void forget(ConversationId conversation) override;
    std::size_t parallel() const noexcept override;        ///< the most that any link has
    std::size_t context_tokens() const noexcept override;  ///< the fewest that any link has: each can take over
    std::size_t count_tokens(std::string_view text) const override;  ///< the most that any link counts

private:
    struct State {
        CircuitBreaker breaker;
        std::string reason;
    };

    void probe_while_open(const std::stop_token& stop);
    bool closed(std::size_t link) const;
    void record(std::size_t link, const base::Result<void>& outcome, bool at_once);

    const std::vector<Link> links_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::vector<State> states_;  ///< of each link
    std::size_t failures_ = 0;   ///< recorded ones: what wakes the prober
    std::jthread prober_;        ///< the last member: it uses the others
};

}  // namespace antiphon::engine
