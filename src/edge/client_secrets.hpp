// Short-lived secrets for browsers: each opens one call, with the session it was made for. Those of this process; what
// several that share a Redis make is in shared_secrets.hpp.
//
// thread-safe. A page's own server asks for one (POST /v1/realtime/client_secrets) and hands it to the page, which
// presents it when it calls. Kept are only the secrets' hashes, so that nobody reads them out of a core dump. A secret
// that was made for pages of one origin is refused to everybody else, and not used up by that.
#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "edge/credentials.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace antiphon::edge {

/// What a call gets that presents the secret.
struct PreparedCall {
    std::string agent;        ///< empty: as the call itself says
    std::string model;        ///< likewise
    std::string session;      ///< applied before session.created: a JSON object as session.update takes it
    SecretBinding binding{};
};

class ClientSecrets {
public:
    /// `most`: that can be open at the same time; `longest`: that one may live.
    explicit ClientSecrets(std::size_t most = 1'000, base::Duration longest = std::chrono::seconds(60))
        : most_(most), longest_(longest) {}

    base::Duration longest() const { return longest_; }

    /// Makes a secret that can be taken until `now` + `life` (at most longest()). `overloaded`
    /// when as many as can be are open.
    base::Result<std::string> make(PreparedCall call, base::Time now, base::Duration life);

    /// The same for a secret that new_secret() gave.
    base::Result<void> keep(std::string_view secret, PreparedCall call, base::Time now, base::Duration life);

    /// Gives what belongs to the secret, once. `not_found` for one that was never made, has been taken, or has expired:
    /// the same words for all three. `conflict`, and it stays open, when it was made for pages of another origin than
    /// `origin`, the request's Origin header.
    base::Result<PreparedCall> take(std::string_view secret, std::string_view origin, base::Time now);

    /// Whose an open secret is, which stays open; `not_found` as above.
    base::Result<SecretBinding> look_at(std::string_view secret, base::Time now) const;

private:
    using Hash = std::array<std::uint8_t, 32>;
    struct Open {
        PreparedCall call;
        base::Time expires;
    };

    static Hash hash_of(std::string_view secret);

    const std::size_t most_;
    const base::Duration longest_;
    mutable std::mutex mutex_;
    std::map<Hash, Open> open_;
};

/// One that nobody has guessed: "ek_" and 248 bits. thread-safe.
std::string new_secret();

/// `not_found`, in the words for every secret that opens nothing.
base::Error opens_nothing();

/// `conflict` when a secret that is bound to `bound` is presented by a page of another origin, or by no page. pure.
base::Result<void> check_origin_of_secret(std::string_view bound, std::string_view origin);

}  // namespace antiphon::edge
