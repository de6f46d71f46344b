#include "edge/webrtc_certificate.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>

namespace antiphon::edge {
namespace {

constexpr long kDay = 24L * 60 * 60;

template <auto Free>
struct Freed {
    template <typename T>
    void operator()(T* thing) const {
        Free(thing);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;

base::Error failed() { return base::error(base::Errc::engine, "OpenSSL made no certificate for WebRTC"); }

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

base::Result<std::string> whole_file(const std::string& name, const std::string& setting) {
    std::ifstream file(name, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (file && !text.empty()) return text;
    return base::error(base::Errc::unavailable, "the file \"" + name + "\" of " + setting + " cannot be read", setting);
}

}  // namespace

base::Result<WebRtcCertificate> make_webrtc_certificate() {
    const Key key(EVP_EC_gen("P-256"));
    const Certificate certificate(X509_new());
    std::uint64_t serial = 0;
    if (!key || !certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1)
        return failed();
    X509* const x509 = certificate.get();
    X509_NAME* const name = X509_get_subject_name(x509);
    const auto* const common_name = reinterpret_cast<const unsigned char*>("antiphon");
    if (X509_set_version(x509, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1U) != 1 ||
        X509_gmtime_adj(X509_getm_notBefore(x509), -kDay) == nullptr ||
        X509_gmtime_adj(X509_getm_notAfter(x509), 365 * kDay) == nullptr || X509_set_pubkey(x509, key.get()) != 1 ||
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name, -1, -1, 0) != 1 ||
        X509_set_issuer_name(x509, name) != 1 || X509_sign(x509, key.get(), EVP_sha256()) == 0)
        return failed();
    const Memory certificate_text(BIO_new(BIO_s_mem()));
    const Memory key_text(BIO_new(BIO_s_mem()));
    if (PEM_write_bio_X509(certificate_text.get(), x509) != 1 ||
        PEM_write_bio_PKCS8PrivateKey(key_text.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return failed();
    return WebRtcCertificate{text_of(certificate_text.get()), text_of(key_text.get())};
}

base::Result<WebRtcCertificate> read_webrtc_certificate(const std::string& certificate_file,
                                                        const std::string& key_file) {
    auto certificate_text = whole_file(certificate_file, "webrtc.certificate");
    if (!certificate_text) return certificate_text.error();
    auto key_text = whole_file(key_file, "webrtc.key");
    if (!key_text) return key_text.error();
    const auto bio = [](const std::string& text) {
        return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
    };
    const auto no_password = [](char*, int, int, void*) { return -1; };
    const Certificate certificate(PEM_read_bio_X509(bio(*certificate_text).get(), nullptr, no_password, nullptr));
    if (!certificate)
        return base::error(base::Errc::invalid, "\"" + certificate_file + "\" is no certificate in PEM",
                           "webrtc.certificate");
    const Key key(PEM_read_bio_PrivateKey(bio(*key_text).get(), nullptr, no_password, nullptr));
    if (!key)
        return base::error(base::Errc::invalid, "\"" + key_file + "\" is no key in PEM without a password",
                           "webrtc.key");
    if (X509_check_private_key(certificate.get(), key.get()) != 1)
        return base::error(base::Errc::invalid, "the key of webrtc.key is not that of webrtc.certificate",
                           "webrtc.key");
    return WebRtcCertificate{std::move(*certificate_text), std::move(*key_text)};
}

}  // namespace antiphon::edge
