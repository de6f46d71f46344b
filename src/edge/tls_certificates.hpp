// The certificate that the server shows, and its private key, read from files and read again while it runs.
//
// thread-safe.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

namespace boost::asio::ssl {
class context;
}

namespace antiphon::edge {

/// What people compare, and what a caller can hold the server to.
struct CertificateFacts {
    std::string fingerprint;  ///< SHA-256 of the certificate, "AB:CD:...", as browsers show it
    std::string pin;          ///< "sha256//" and base64 of the public key's SHA-256, as curl --pinnedpubkey takes it
    std::chrono::system_clock::time_point expires;
};

/// Of the first certificate in a PEM file. `unavailable` when there is none to read.
base::Result<CertificateFacts> read_certificate(const std::filesystem::path& file);

class TlsCertificates {
public:
    /// `certificate` is a PEM file with the server's own certificate first and then those above it. Fails with a
    /// sentence that names the file: `unavailable` when it cannot be read, `invalid` when it does not hold what it
    /// should, or the key is another certificate's.
    static base::Result<std::shared_ptr<TlsCertificates>> open(std::filesystem::path certificate,
                                                               std::filesystem::path private_key);

    /// Reads both files again, for the connections to come. When that fails, the old ones stay.
    base::Result<void> read_again();

    /// For one connection; never null.
    std::shared_ptr<boost::asio::ssl::context> current() const;

    CertificateFacts facts() const;

private:
    TlsCertificates(std::filesystem::path certificate, std::filesystem::path private_key);

    const std::filesystem::path certificate_;
    const std::filesystem::path private_key_;
    mutable std::mutex mutex_;
    std::shared_ptr<boost::asio::ssl::context> context_;
    CertificateFacts facts_;
};

}  // namespace antiphon::edge
