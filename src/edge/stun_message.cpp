#include "edge/stun_message.hpp"

#include "edge/hmac_sha1.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstdlib>

namespace antiphon::edge {
namespace {

using Bytes = std::span<const std::uint8_t>;
using Endpoint = boost::asio::ip::udp::endpoint;

constexpr std::uint32_t kCookie = 0x2112A442;
constexpr std::size_t kHeader = 20;
constexpr std::size_t kMaxText = 763;  // RFC 8489, 14.9: a realm or nonce of 127 characters of UTF-8
constexpr std::size_t kMaxReason = 128;

constexpr std::uint16_t kBinding = 0x0001;
constexpr std::uint16_t kAllocate = 0x0003;
constexpr std::uint16_t kRefresh = 0x0004;
constexpr std::uint16_t kSuccess = 0x0100;
constexpr std::uint16_t kFailure = 0x0110;
constexpr std::uint16_t kClassBits = 0x0110;

constexpr std::uint16_t kMappedAddress = 0x0001;
constexpr std::uint16_t kUsername = 0x0006;
constexpr std::uint16_t kMessageIntegrity = 0x0008;
constexpr std::uint16_t kErrorCode = 0x0009;
constexpr std::uint16_t kLifetime = 0x000D;
constexpr std::uint16_t kRealm = 0x0014;
constexpr std::uint16_t kNonce = 0x0015;
constexpr std::uint16_t kXorRelayedAddress = 0x0016;
constexpr std::uint16_t kRequestedTransport = 0x0019;
constexpr std::uint16_t kXorMappedAddress = 0x0020;

constexpr std::uint8_t kUdp = 17;

std::uint16_t u16(Bytes bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8U | bytes[at + 1]); }

void put16(std::vector<std::uint8_t>& out, std::size_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8U & 0xFFU));
    out.push_back(static_cast<std::uint8_t>(value & 0xFFU));
}

/// A message while it is written; the length in its header is kept right.
class Writer {
public:
    Writer(std::uint16_t type, const StunTransaction& id) {
        put16(out_, type);
        put16(out_, 0);
        put16(out_, kCookie >> 16U);
        put16(out_, kCookie & 0xFFFFU);
        out_.insert(out_.end(), id.begin(), id.end());
    }

    void add(std::uint16_t type, Bytes value) {
        put16(out_, type);
        put16(out_, value.size());
        out_.insert(out_.end(), value.begin(), value.end());
        while (out_.size() % 4 != 0) out_.push_back(0);
        set_length(out_.size() - kHeader);
    }

    void add(std::uint16_t type, std::string_view text) {
        add(type, Bytes(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    }

    /// USERNAME, REALM, NONCE and the integrity over all before it, whose key is MD5(name ":" realm ":" password).
    void sign(const StunCredential& credential) {
        add(kUsername, credential.username);
        add(kRealm, credential.realm);
        add(kNonce, credential.nonce);
        const std::string secret = credential.username + ":" + credential.realm + ":" + credential.password;
        std::array<std::uint8_t, 16> key{};
        unsigned int length = 0;
        if (EVP_Digest(secret.data(), secret.size(), key.data(), &length, EVP_md5(), nullptr) != 1) std::abort();
        // The length that is signed counts the integrity itself (RFC 8489, 14.5).
        set_length(out_.size() - kHeader + 4 + Sha1Mac().size());
        add(kMessageIntegrity, hmac_sha1(key, out_));
    }

    std::vector<std::uint8_t> take() { return std::move(out_); }

private:
    void set_length(std::size_t length) {
        out_[2] = static_cast<std::uint8_t>(length >> 8U & 0xFFU);
        out_[3] = static_cast<std::uint8_t>(length & 0xFFU);
    }

    std::vector<std::uint8_t> out_;
};

/// An address attribute; `mask` is the cookie and the transaction id for the XOR forms, zeroes for the plain one.
std::optional<Endpoint> read_address(Bytes value, std::array<std::uint8_t, 16> mask) {
    if (value.size() < 4) return std::nullopt;
    const auto port = static_cast<std::uint16_t>(u16(value, 2) ^ (mask[0] << 8U | mask[1]));
    const Bytes rest = value.subspan(4);
    if (value[1] == 1 && rest.size() == 4) {
        boost::asio::ip::address_v4::bytes_type bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(rest[i] ^ mask[i]);
        return Endpoint(boost::asio::ip::address_v4(bytes), port);
    }
    if (value[1] == 2 && rest.size() == 16) {
        boost::asio::ip::address_v6::bytes_type bytes{};
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(rest[i] ^ mask[i]);
        return Endpoint(boost::asio::ip::address_v6(bytes), port);
    }
    return std::nullopt;
}

std::string printable(Bytes text, std::size_t most) {
    std::string out;
    for (const std::uint8_t c : text.first(std::min(text.size(), most)))
        out += c >= 0x20 && c < 0x7F ? static_cast<char>(c) : '?';
    return out;
}

base::Error malformed(const char* what) {
    return base::error(base::Errc::invalid, std::string("the STUN response ") + what);
}

}  // namespace

StunTransaction random_transaction() {
    StunTransaction id;
    if (RAND_bytes(id.data(), static_cast<int>(id.size())) != 1) std::abort();
    return id;
}

std::vector<std::uint8_t> binding_request(const StunTransaction& id) { return Writer(kBinding, id).take(); }

std::vector<std::uint8_t> allocate_request(const StunTransaction& id, const std::optional<StunCredential>& credential) {
    Writer message(kAllocate, id);
    message.add(kRequestedTransport, std::array<std::uint8_t, 4>{kUdp, 0, 0, 0});
    if (credential) message.sign(*credential);
    return message.take();
}

std::vector<std::uint8_t> release_request(const StunTransaction& id, const StunCredential& credential) {
    Writer message(kRefresh, id);
    message.add(kLifetime, std::array<std::uint8_t, 4>{0, 0, 0, 0});
    message.sign(credential);
    return message.take();
}

base::Result<StunResponse> read_stun_response(Bytes bytes, const StunTransaction& id) {
    if (bytes.size() < kHeader) return malformed("is shorter than a header");
    const std::uint16_t type = u16(bytes, 0);
    if ((type & 0xC000U) != 0 || (static_cast<std::uint32_t>(u16(bytes, 4)) << 16U | u16(bytes, 6)) != kCookie)
        return malformed("is no STUN message");
    const std::uint16_t kind = type & kClassBits;
    if (kind != kSuccess && kind != kFailure) return malformed("is no response");
    if (!std::equal(id.begin(), id.end(), bytes.begin() + 8)) return malformed("answers another request");
    if (u16(bytes, 2) != bytes.size() - kHeader || bytes.size() % 4 != 0)
        return malformed("has another length than it says");

    std::array<std::uint8_t, 16> mask{0x21, 0x12, 0xA4, 0x42};
    std::copy(id.begin(), id.end(), mask.begin() + 4);
    StunResponse response;
    response.success = kind == kSuccess;
    std::optional<Endpoint> plain;
    for (std::size_t at = kHeader; at < bytes.size();) {
        if (bytes.size() - at < 4) return malformed("ends within an attribute");
        const std::uint16_t attribute = u16(bytes, at);
        const std::size_t length = u16(bytes, at + 2);
        if (length > bytes.size() - at - 4) return malformed("ends within an attribute");
        const Bytes value = bytes.subspan(at + 4, length);
        at += 4 + (length + 3) / 4 * 4;
        switch (attribute) {
            case kXorMappedAddress:
                if (!response.mapped && !(response.mapped = read_address(value, mask)))
                    return malformed("has a broken address");
                break;
            case kXorRelayedAddress:
                if (!response.relayed && !(response.relayed = read_address(value, mask)))
                    return malformed("has a broken address");
                break;
            case kMappedAddress:
                if (!plain && !(plain = read_address(value, {}))) return malformed("has a broken address");
                break;
            case kErrorCode:
                if (value.size() < 4 || response.error != 0) break;
                response.error = (value[2] & 7U) * 100 + value[3] % 100;
                response.reason = printable(value.subspan(4), kMaxReason);
                break;
            case kRealm:
            case kNonce: {
                std::string& text = attribute == kRealm ? response.realm : response.nonce;
                if (value.size() > kMaxText) return malformed("has an overlong text");
                if (text.empty()) text.assign(value.begin(), value.end());
                break;
            }
            // What follows the integrity is not covered by it (RFC 8489, 14.5), and nothing of it is needed.
            case kMessageIntegrity: at = bytes.size(); break;
            default: break;
        }
    }
    if (!response.mapped) response.mapped = plain;
    return response;
}

}  // namespace antiphon::edge
