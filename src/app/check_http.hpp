// The plain requests of `antiphon check` and `antiphon call`.
//
// Blocks for at most its time limit. thread-safe.
#pragma once

#include "base/result.hpp"
#include "edge/tls_relay.hpp"

#include <chrono>
#include <string>

namespace antiphon::app {

struct HttpAnswer {
    int status = 0;
    std::string body;      ///< at most 1 MiB
    std::string date;      ///< the header, empty without one
    std::string location;  ///< likewise
    std::string resume_token;  ///< Antiphon-Resume-Token, likewise
};

/// `unavailable` with the reason when no answer comes; redirects are answers. `key` is sent as the Authorization
/// header's bearer; empty: none.
base::Result<HttpAnswer> http_get(const std::string& url, const edge::TlsTrust& trust, std::chrono::seconds limit,
                                  const std::string& key = {});

/// The same for a POST.
base::Result<HttpAnswer> http_post(const std::string& url, const std::string& content_type, const std::string& body,
                                   const edge::TlsTrust& trust, std::chrono::seconds limit,
                                   const std::string& key = {});

}  // namespace antiphon::app
