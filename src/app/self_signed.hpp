// A certificate that nobody vouches for, made once and kept: browsers ask about it once, and let the page have the
// microphone then, which they do not over http.
//
// Runs on the main thread.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace antiphon::app {

struct CertificateFiles {
    std::filesystem::path certificate;
    std::filesystem::path private_key;
};

/// antiphon/tls in XDG_DATA_HOME, else in ~/.local/share.
std::filesystem::path default_tls_folder();

/// What this machine can be called by: localhost, its host name, its addresses, and `host` if that is another one.
std::vector<std::string> names_of_this_machine(const std::string& host);

/// The files in `folder`, certificate.pem and private-key.pem, readable by their owner alone. The certificate is made
/// when there is none, when it is good for less than 30 days, and when it lacks one of `names`; it lasts a year from
/// `now`. The key is made once and kept, so that what callers were told of it (its pin) stays true. `unavailable` when
/// the files cannot be written, `engine` when OpenSSL fails.
base::Result<CertificateFiles> keep_self_signed(const std::filesystem::path& folder, std::span<const std::string> names,
                                                std::chrono::system_clock::time_point now);

}  // namespace antiphon::app
