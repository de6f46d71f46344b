#include "app/self_signed.hpp"

#include "engine/file_descriptor.hpp"

#include <boost/asio/ip/address.hpp>

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>

namespace antiphon::app {
namespace {

using engine::FileDescriptor;
using engine::system_text;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Memory = std::unique_ptr<BIO, decltype(&BIO_free)>;

constexpr std::chrono::days kLife{365};
constexpr std::chrono::days kRenewBefore{30};
/// Clocks of callers may be behind ours.
constexpr std::chrono::hours kBackdated{24};

base::Error unavailable(std::string text) { return base::error(base::Errc::unavailable, std::move(text)); }
base::Error broken() { return base::error(base::Errc::engine, "OpenSSL could not make the self-signed certificate"); }

std::string contents(const std::filesystem::path& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

Memory memory_of(const std::string& text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const long length = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(std::max(length, 0L))};
}

/// Whole or not at all, and never readable by others.
base::Result<void> write_private(const std::filesystem::path& path, const std::string& text) {
    auto part = path;
    part += ".part";
    ::unlink(part.c_str());
    const FileDescriptor file(::open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!file) return unavailable(system_text("cannot write", part));
    if (::write(file.get(), text.data(), text.size()) != static_cast<::ssize_t>(text.size()))
        return unavailable(system_text("cannot write", part));
    if (::rename(part.c_str(), path.c_str()) != 0) return unavailable(system_text("cannot write", path));
    return {};
}

/// "DNS:localhost" or "IP:127.0.0.1", as OpenSSL's configuration writes alternative names.
std::string alternative_name(const std::string& name) {
    boost::system::error_code no_address;
    boost::asio::ip::make_address(name, no_address);
    return (no_address ? "DNS:" : "IP:") + name;
}

bool is_good_name(const std::string& name) {
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '-' || c == ':';
    });
}

bool add_extension(X509* certificate, int kind, const std::string& value) {
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
        X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), &X509_EXTENSION_free);
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

base::Result<std::string> make_certificate(EVP_PKEY* key, std::span<const std::string> names,
                                           std::chrono::system_clock::time_point now) {
    const Certificate certificate(X509_new(), &X509_free);
    if (!certificate) return broken();
    std::uint64_t serial = 0;
    if (RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1) return broken();
    std::string alternatives;
    std::string common = "antiphon";
    for (const std::string& name : names) {
        if (!is_good_name(name)) continue;
        alternatives += (alternatives.empty() ? "" : ",") + alternative_name(name);
        if (name != "localhost" && common == "antiphon" && name.size() <= 64 &&
            alternative_name(name).starts_with("DNS:"))
            common = name;
    }
    using std::chrono::system_clock;
    X509* made = certificate.get();
    X509_NAME* subject = X509_get_subject_name(made);
    const bool done =
        X509_set_version(made, X509_VERSION_3) == 1 &&
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), serial >> 1U | 1U) == 1 &&
        ASN1_TIME_set(X509_getm_notBefore(made), system_clock::to_time_t(now - kBackdated)) != nullptr &&
        ASN1_TIME_set(X509_getm_notAfter(made), system_clock::to_time_t(now + kLife)) != nullptr &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common.c_str()),
                                   -1, -1, 0) == 1 &&
        X509_set_issuer_name(made, subject) == 1 && X509_set_pubkey(made, key) == 1 &&
        add_extension(made, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(made, NID_key_usage, "critical,digitalSignature") &&
        add_extension(made, NID_ext_key_usage, "serverAuth") &&
        add_extension(made, NID_subject_alt_name, alternatives) && X509_sign(made, key, EVP_sha256()) > 0;
    const Memory out(BIO_new(BIO_s_mem()), &BIO_free);
    if (!done || !out || PEM_write_bio_X509(out.get(), made) != 1) return broken();
    return text_of(out.get());
}

/// The key in the file, or a new one, which is then in the file.
base::Result<Key> keep_key(const std::filesystem::path& file) {
    const std::string text = contents(file);
    if (!text.empty()) {
        Key kept(PEM_read_bio_PrivateKey(memory_of(text).get(), nullptr, nullptr, const_cast<char*>("")),
                 &EVP_PKEY_free);
        if (kept) return kept;
    }
    Key made(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    const Memory out(BIO_new(BIO_s_mem()), &BIO_free);
    if (!made || !out || PEM_write_bio_PrivateKey(out.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return broken();
    if (auto written = write_private(file, text_of(out.get())); !written) return written.error();
    return made;
}

bool names_all(X509* certificate, std::span<const std::string> names) {
    return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
        return !is_good_name(name) || X509_check_host(certificate, name.c_str(), 0, 0, nullptr) == 1 ||
               X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
    });
}

/// Whether the kept certificate is this key's, lasts long enough, and has all the names.
bool still_good(const std::filesystem::path& file, EVP_PKEY* key, std::span<const std::string> names,
                std::chrono::system_clock::time_point now) {
    const std::string text = contents(file);
    if (text.empty()) return false;
    const Certificate kept(PEM_read_bio_X509(memory_of(text).get(), nullptr, nullptr, nullptr), &X509_free);
    if (!kept || X509_check_private_key(kept.get(), key) != 1) return false;
    auto until = std::chrono::system_clock::to_time_t(now + kRenewBefore);
    return X509_cmp_time(X509_get0_notAfter(kept.get()), &until) > 0 && names_all(kept.get(), names);
}

}  // namespace

std::filesystem::path default_tls_folder() {
    if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data != '\0')
        return std::filesystem::path(data) / "antiphon" / "tls";
    const char* home = std::getenv("HOME");
    return std::filesystem::path(home != nullptr && *home != '\0' ? home : ".") / ".local" / "share" / "antiphon" /
           "tls";
}

std::vector<std::string> names_of_this_machine(const std::string& host) {
    std::vector<std::string> names{"localhost"};
    const auto add = [&](std::string name) {
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    };
    std::array<char, 256> own{};
    if (::gethostname(own.data(), own.size() - 1) == 0 && own[0] != '\0') add(own.data());
    ifaddrs* list = nullptr;
    if (::getifaddrs(&list) == 0) {
        const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
        for (const ifaddrs* one = list; one != nullptr; one = one->ifa_next) {
            if (one->ifa_addr == nullptr || (one->ifa_flags & IFF_UP) == 0) continue;
            if (one->ifa_addr->sa_family == AF_INET) {
                const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
                add(boost::asio::ip::address_v4(ntohl(address->sin_addr.s_addr)).to_string());
            } else if (one->ifa_addr->sa_family == AF_INET6) {
                const auto* address = reinterpret_cast<const sockaddr_in6*>(one->ifa_addr);
                boost::asio::ip::address_v6::bytes_type bytes{};
                std::copy(std::begin(address->sin6_addr.s6_addr), std::end(address->sin6_addr.s6_addr), bytes.begin());
                const boost::asio::ip::address_v6 six(bytes);
                // A link-local one needs a zone, which no certificate can name.
                if (!six.is_link_local()) add(six.to_string());
            }
        }
    }
    boost::system::error_code no_address;
    const auto given = boost::asio::ip::make_address(host, no_address);
    if (is_good_name(host) && (no_address || !given.is_unspecified())) add(no_address ? host : given.to_string());
    return names;
}

base::Result<CertificateFiles> keep_self_signed(const std::filesystem::path& folder, std::span<const std::string> names,
                                                std::chrono::system_clock::time_point now) {
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) return unavailable("cannot make the folder " + folder.string() + ": " + failure.message());
    ::chmod(folder.c_str(), 0700);
    const CertificateFiles files{folder / "certificate.pem", folder / "private-key.pem"};
    auto key = keep_key(files.private_key);
    if (!key) return key.error();
    if (still_good(files.certificate, key->get(), names, now)) return files;
    auto certificate = make_certificate(key->get(), names, now);
    if (!certificate) return certificate.error();
    if (auto written = write_private(files.certificate, *certificate); !written) return written.error();
    return files;
}

}  // namespace antiphon::app
