// Client secrets that any process of the same Redis can take: made at one, presented at another.
//
// thread-safe. Redis is asked on a thread of their own, and `done` is called there, or at once where it need not be
// asked; it must only hand over. Redis keeps a secret's SHA-256 and what was made for it, for as long as it is good.
//
// While Redis is away, secrets are kept here, and good here only; one that another process may have made is then not
// known to be good or bad (`unavailable`). For a second after a failure Redis is not asked again.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/worker_pool.hpp"
#include "edge/client_secrets.hpp"
#include "store/notes.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace antiphon::edge {

class SharedSecrets {
public:
    using Made = std::function<void(base::Result<std::string>)>;
    using Taken = std::function<void(base::Result<PreparedCall>)>;
    using Found = std::function<void(base::Result<SecretBinding>)>;

    /// `here` keeps what Redis cannot, and must outlive this. `most`: that are made here and not expired.
    SharedSecrets(ClientSecrets& here, std::unique_ptr<store::Notes> notes, std::size_t most = 1'000);

    /// As ClientSecrets::make().
    void make(PreparedCall call, base::Duration life, Made done);

    /// As ClientSecrets::take(), of those here first; `unavailable` when Redis cannot say.
    void take(std::string secret, std::string origin, Taken done);

    /// As ClientSecrets::look_at(), likewise.
    void look_at(std::string secret, Found done);

    /// Nothing is called back after this, and nothing done.
    void close();

private:
    // On the pool's thread.
    base::Result<std::string> make_there(PreparedCall call, base::Duration life);
    base::Result<PreparedCall> read_there(std::string_view secret);
    base::Result<PreparedCall> take_there(std::string_view secret, std::string_view origin);
    /// Asks Redis, unless it has just failed.
    template <typename Ask>
    auto ask(Ask question) -> decltype(question());

    /// Counts one more that is made here; `overloaded`.
    base::Result<void> count(base::Time now, base::Duration life);
    template <typename Work, typename Done>
    void submit(Work work, Done done);

    ClientSecrets& here_;
    const std::unique_ptr<store::Notes> notes_;
    const std::size_t most_;
    base::Time ask_again_{};           ///< the pool's thread only
    std::mutex mutex_;
    std::vector<base::Time> expiries_;  ///< of those made here that Redis keeps
    std::unique_ptr<base::WorkerPool> pool_;  ///< none: closed
};

}  // namespace antiphon::edge
