// The certificate by which the server proves itself in DTLS; its fingerprint travels in the SDP (RFC 8122).
//
// pure, but for files and the random source.
#pragma once

#include "base/result.hpp"

#include <string>

namespace antiphon::edge {

struct WebRtcCertificate {
    std::string certificate;  ///< PEM
    std::string key;          ///< PEM
};

/// A new self-signed one on P-256, good for a year from yesterday.
base::Result<WebRtcCertificate> make_webrtc_certificate();

/// That of two PEM files. `unavailable` when one cannot be read, `invalid` for what is no certificate, no key or no
/// pair.
base::Result<WebRtcCertificate> read_webrtc_certificate(const std::string& certificate_file,
                                                        const std::string& key_file);

}  // namespace antiphon::edge
