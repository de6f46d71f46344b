#include "edge/tls_certificates.hpp"

#include "edge/tls_pin.hpp"

#include <boost/asio/ssl/context.hpp>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509err.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <utility>

namespace antiphon::edge {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

/// Of TLS 1.2; those of 1.3 are all fit.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

base::Error unreadable(const std::filesystem::path& file, const std::string& why) {
    return base::error(base::Errc::unavailable, "the file " + file.string() + " cannot be read: " + why);
}

/// Keys with a passphrase would have OpenSSL ask for it on the terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

base::Result<std::shared_ptr<ssl::context>> make_context(const std::filesystem::path& certificate,
                                                         const std::filesystem::path& private_key) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    SSL_CTX* native = context->native_handle();
    SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(native, kCiphers);
    SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    // Buffers go back while a connection is idle: a call is, most of the time.
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(native, no_passphrase);
    error_code failure;
    context->use_certificate_chain_file(certificate.string(), failure);
    if (failure)
        return base::error(base::Errc::invalid,
                           certificate.string() + " holds no certificate in PEM: " + failure.message());
    context->use_private_key_file(private_key.string(), ssl::context::pem, failure);
    const int reason = ERR_GET_REASON(static_cast<unsigned long>(static_cast<unsigned int>(failure.value())));
    if (failure && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH))
        return base::error(base::Errc::invalid, "the private key of " + private_key.string() +
                                                    " belongs to another certificate than " + certificate.string());
    if (failure)
        return base::error(
            base::Errc::invalid,
            private_key.string() + " holds no private key in PEM without a passphrase: " + failure.message());
    return context;
}

std::string in_colons(const std::array<unsigned char, 32>& digest) {
    std::string text;
    for (const unsigned char byte : digest) {
        if (!text.empty()) text += ':';
        text += "0123456789ABCDEF"[byte >> 4U];
        text += "0123456789ABCDEF"[byte & 15U];
    }
    return text;
}

}  // namespace

base::Result<CertificateFacts> read_certificate(const std::filesystem::path& path) {
    const File file(std::fopen(path.c_str(), "re"), &std::fclose);
    if (!file) return unreadable(path, std::generic_category().message(errno));
    const Certificate certificate(PEM_read_X509(file.get(), nullptr, no_passphrase, nullptr), &X509_free);
    std::array<unsigned char, 32> digest{};
    unsigned int length = 0;
    std::tm expires{};
    if (!certificate || X509_digest(certificate.get(), EVP_sha256(), digest.data(), &length) != 1 ||
        ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &expires) != 1)
        return base::error(base::Errc::unavailable, path.string() + " holds no certificate in PEM");
    return CertificateFacts{in_colons(digest), public_key_pin(*certificate),
                            std::chrono::system_clock::from_time_t(timegm(&expires))};
}

TlsCertificates::TlsCertificates(std::filesystem::path certificate, std::filesystem::path private_key)
    : certificate_(std::move(certificate)), private_key_(std::move(private_key)) {}

base::Result<std::shared_ptr<TlsCertificates>> TlsCertificates::open(std::filesystem::path certificate,
                                                                     std::filesystem::path private_key) {
    std::shared_ptr<TlsCertificates> made(new TlsCertificates(std::move(certificate), std::move(private_key)));
    if (auto read = made->read_again(); !read) return read.error();
    return made;
}

base::Result<void> TlsCertificates::read_again() {
    for (const auto& file : {certificate_, private_key_})
        if (const File opened(std::fopen(file.c_str(), "re"), &std::fclose); !opened)
            return unreadable(file, std::generic_category().message(errno));
    auto context = make_context(certificate_, private_key_);
    if (!context) return context.error();
    auto facts = read_certificate(certificate_);
    if (!facts) return facts.error();
    const std::scoped_lock lock(mutex_);
    context_ = std::move(*context);
    facts_ = std::move(*facts);
    return {};
}

std::shared_ptr<ssl::context> TlsCertificates::current() const {
    const std::scoped_lock lock(mutex_);
    return context_;
}

CertificateFacts TlsCertificates::facts() const {
    const std::scoped_lock lock(mutex_);
    return facts_;
}

}  // namespace antiphon::edge
