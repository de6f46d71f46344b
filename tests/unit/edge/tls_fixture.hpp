// A certificate for localhost and its key, made for one test.
#pragma once

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

namespace antiphon::edge {

class TlsFiles {
public:
    TlsFiles() {
        std::string name = ::testing::TempDir() + "antiphon-tls-XXXXXX";
        folder_ = mkdtemp(name.data());
        write("one");
    }
    ~TlsFiles() { std::filesystem::remove_all(folder_); }
    TlsFiles(const TlsFiles&) = delete;
    TlsFiles& operator=(const TlsFiles&) = delete;

    std::filesystem::path certificate() const { return folder_ / "certificate.pem"; }
    std::filesystem::path private_key() const { return folder_ / "key.pem"; }

    /// Puts another pair in their place.
    void write(const char* common_name) {
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), &X509_free);
        ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
        X509_gmtime_adj(X509_getm_notBefore(made.get()), -60);
        X509_gmtime_adj(X509_getm_notAfter(made.get()), 3'600);
        X509_NAME* subject = X509_get_subject_name(made.get());
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(common_name), -1,
                                   -1, 0);
        X509_set_issuer_name(made.get(), subject);
        X509_set_pubkey(made.get(), key.get());
        X509_sign(made.get(), key.get(), EVP_sha256());
        std::FILE* out = std::fopen(certificate().c_str(), "w");
        PEM_write_X509(out, made.get());
        std::fclose(out);
        out = std::fopen(private_key().c_str(), "w");
        PEM_write_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        std::fclose(out);
    }

private:
    std::filesystem::path folder_;
};

}  // namespace antiphon::edge
