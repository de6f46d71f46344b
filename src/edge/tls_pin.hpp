// A public key's hash, which a caller can hold a server to whose certificate nobody vouches for.
//
// pure.
#pragma once

#include <openssl/types.h>

#include <string>

namespace antiphon::edge {

/// "sha256//" and the base64 of the SHA-256 of the SubjectPublicKeyInfo (RFC 7469, 2.4), the form of curl's
/// --pinnedpubkey. It stays when a certificate is renewed with the same key.
std::string public_key_pin(const X509& certificate);

}  // namespace antiphon::edge
