#include "edge/sdp_offer.hpp"

#include "edge/sdp_lines.hpp"
#include "edge/sdp_offer_audio.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

using Kind = SdpOfferedLine::Kind;

constexpr std::size_t kMaxMid = 16;
constexpr std::size_t kMaxMessage = (1U << 30U) - 1;
constexpr std::size_t kFingerprint = 32 * 3 - 1;

base::Error unsupported(std::string why) { return base::error(base::Errc::unsupported, std::move(why)); }

/// The attribute if it is there; twice is a fault, since two readers could take either one.
base::Result<const SdpAttribute*> once(const SdpAttributes& attributes, std::string_view name) {
    const SdpAttribute* found = nullptr;
    for (const auto& one : attributes) {
        if (one.name != name) continue;
        if (found != nullptr) return sdp_fault(one.line, "a=" + std::string(name) + " is there twice");
        found = &one;
    }
    return found;
}

/// That of the m-line, or else of the session.
base::Result<const SdpAttribute*> nearest(const SdpText& text, const SdpSection& section, std::string_view name) {
    const auto near = once(section.attributes, name);
    if (!near || *near != nullptr) return near;
    return once(text.attributes, name);
}

base::Result<std::string> read_mid(const SdpSection& section) {
    const auto mid = once(section.attributes, "mid");
    if (!mid) return mid.error();
    if (*mid == nullptr) return std::string();
    if (!is_sdp_token((*mid)->value, kMaxMid)) return sdp_fault((*mid)->line, "a=mid is not a word of 1 to 16 characters");
    return std::string((*mid)->value);
}

base::Result<Kind> kind_of(const SdpSection& section) {
    if (section.port == 0 && section.find("bundle-only") == nullptr) return Kind::rejected;
    const std::string protocol(section.protocol);
    if (section.media == "audio") {
        if (protocol == "UDP/TLS/RTP/SAVPF") return Kind::audio;
        return unsupported("the audio's protocol is " + protocol + ", and only UDP/TLS/RTP/SAVPF (DTLS-SRTP) is answered");
    }
    if (section.media == "application") {
        if (protocol == "UDP/DTLS/SCTP" && section.formats.front() == "webrtc-datachannel") return Kind::data;
        return unsupported("the application m-line is no data channel: only UDP/DTLS/SCTP webrtc-datachannel is answered");
    }
    if (section.media == "video")
        return unsupported("the offer has a video m-line, and only sound and a data channel are answered: leave it out");
    return unsupported("the offer has an m-line of " + std::string(section.media) +
                       ", and only sound and a data channel are answered");
}

struct Sections {
    const SdpSection* audio = nullptr;
    const SdpSection* data = nullptr;
};

base::Result<Sections> read_order(const SdpText& text, SdpOffer& offer) {
    Sections found;
    for (const auto& section : text.sections) {
        const auto kind = kind_of(section);
        if (!kind) return kind.error();
        auto mid = read_mid(section);
        if (!mid) return mid.error();
        const auto same_mid = [&](const SdpOfferedLine& other) { return !mid->empty() && other.mid == *mid; };
        if (std::any_of(offer.order.begin(), offer.order.end(), same_mid))
            return sdp_fault(section.line, "two m-lines have the same a=mid");
        if (*kind != Kind::rejected && mid->empty()) return sdp_fault(section.line, "the m-line has no a=mid");
        SdpOfferedLine line{*kind, std::move(*mid), {}};
        if (*kind == Kind::rejected) {
            line.rejected = std::string(section.media) + " 0 " + std::string(section.protocol) + ' ';
            line.rejected += section.formats.front();
        } else {
            auto& place = *kind == Kind::audio ? found.audio : found.data;
            if (place != nullptr)
                return unsupported(*kind == Kind::audio ? "the offer has a second audio m-line, and exactly one is answered"
                                                        : "the offer has a second data m-line, and at most one is answered");
            place = &section;
            (*kind == Kind::audio ? offer.audio_mid : offer.data_mid.emplace()) = line.mid;
        }
        offer.order.push_back(std::move(line));
    }
    if (found.audio == nullptr) return unsupported("the offer has no audio m-line in use, and exactly one is answered");
    return found;
}

base::Result<void> read_bundle(const SdpText& text, SdpOffer& offer) {
    const SdpAttribute* group = nullptr;
    for (const auto& attribute : text.attributes) {
        if (attribute.name != "group" || !attribute.value.starts_with("BUNDLE")) continue;
        if (group != nullptr) return unsupported("the offer has two groups of BUNDLE, and one is answered");
        group = &attribute;
    }
    if (group != nullptr) {
        auto mids = sdp_words(group->value);
        mids.erase(mids.begin());
        for (auto mid = mids.begin(); mid != mids.end(); ++mid) {
            const auto named = [&](const SdpOfferedLine& one) { return one.mid == *mid; };
            const auto line = std::find_if(offer.order.begin(), offer.order.end(), named);
            if (line == offer.order.end()) return sdp_fault(group->line, "BUNDLE names a mid that no m-line has");
            if (std::find(mids.begin(), mid, *mid) != mid) return sdp_fault(group->line, "BUNDLE names a mid twice");
            if (line->kind != Kind::rejected) offer.bundle.emplace_back(*mid);
        }
    }
    if (offer.data_mid && offer.bundle.size() != 2)
        return unsupported("sound and data channel have to share one transport: the offer needs a=group:BUNDLE with both mids");
    return {};
}

base::Result<void> read_fingerprint(const SdpAttributes& attributes, std::string& fingerprint, bool& another) {
    for (const auto& attribute : attributes) {
        if (attribute.name != "fingerprint") continue;
        const auto words = sdp_words(attribute.value);
        if (words.size() != 2) return sdp_fault(attribute.line, "a=fingerprint needs a hash function and a value");
        if (!sdp_same(words[0], "sha-256")) {
            another = true;
            continue;
        }
        std::string value(words[1]);
        bool good = value.size() == kFingerprint;
        for (std::size_t at = 0; at < value.size() && good; ++at) {
            char& c = value[at];
            if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
            good = at % 3 == 2 ? c == ':' : (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
        }
        if (!good) return sdp_fault(attribute.line, "the sha-256 fingerprint is not 32 bytes in hexadecimal with colons");
        if (!fingerprint.empty() && fingerprint != value)
            return sdp_fault(attribute.line, "there are two sha-256 fingerprints");
        fingerprint = std::move(value);
    }
    return {};
}

base::Result<void> read_security(const SdpText& text, const SdpSection& section, SdpOffer& offer) {
    bool another = false;
    auto read = read_fingerprint(section.attributes, offer.fingerprint, another);
    if (read && offer.fingerprint.empty() && !another)
        read = read_fingerprint(text.attributes, offer.fingerprint, another);
    if (!read) return read.error();
    if (offer.fingerprint.empty())
        return unsupported(another ? "the offer's certificate has no sha-256 fingerprint, and only that one is checked"
                                   : "the offer has no a=fingerprint, and without one the media cannot be encrypted");
    const auto setup = nearest(text, section, "setup");
    if (!setup) return setup.error();
    // RFC 4145 section 4: who says nothing is active.
    const auto value = *setup == nullptr ? std::string_view("active") : (*setup)->value;
    if (value == "actpass") offer.setup = SdpSetup::actpass;
    else if (value == "active") offer.setup = SdpSetup::active;
    else if (value == "passive") offer.setup = SdpSetup::passive;
    else return sdp_fault((*setup)->line, "a=setup is not actpass, active or passive");
    return {};
}

base::Result<void> read_candidates(const SdpSection& section, SdpOffer& offer) {
    for (const auto& attribute : section.attributes) {
        if (attribute.name != "candidate") continue;
        auto candidate = read_candidate("candidate:" + std::string(attribute.value));
        if (!candidate) {
            if (candidate.error().code == base::Errc::invalid) return sdp_fault(attribute.line, candidate.error().text);
        } else if (offer.candidates.size() < kMaxOfferCandidates) {
            offer.candidates.push_back(std::move(*candidate));
        }
    }
    return {};
}

/// The options stand between spaces; libdatachannel writes commas.
bool names_trickle(std::string_view options) {
    std::string spaced(options);
    std::replace(spaced.begin(), spaced.end(), ',', ' ');
    const auto words = sdp_words(spaced);
    return std::find(words.begin(), words.end(), "trickle") != words.end();
}

base::Result<void> read_ice(const SdpText& text, const SdpSection& section, SdpOffer& offer) {
    if (text.find("ice-lite") != nullptr)
        return unsupported("the offer is of an ICE-lite client, which cannot find the way to us");
    const auto user = nearest(text, section, "ice-ufrag");
    if (!user) return user.error();
    const auto password = nearest(text, section, "ice-pwd");
    if (!password) return password.error();
    if (*user == nullptr || *password == nullptr)
        return base::error(base::Errc::invalid, "the SDP has no a=ice-ufrag and a=ice-pwd for its transport");
    if (!is_ice_text((*user)->value, 4, 256))
        return sdp_fault((*user)->line, "a=ice-ufrag is not 4 to 256 letters, digits, + or /");
    if (!is_ice_text((*password)->value, 22, 256))
        return sdp_fault((*password)->line, "a=ice-pwd is not 22 to 256 letters, digits, + or /");
    offer.ice_user = (*user)->value;
    offer.ice_password = (*password)->value;
    for (const auto* attributes : {&text.attributes, &section.attributes})
        for (const auto& attribute : *attributes)
            if (attribute.name == "ice-options") offer.trickle = offer.trickle || names_trickle(attribute.value);
    return read_candidates(section, offer);
}

base::Result<void> read_data(const SdpSection& section, SdpOffer& offer) {
    const auto port = once(section.attributes, "sctp-port");
    if (!port) return port.error();
    if (*port != nullptr) {
        const auto number = sdp_number((*port)->value, 65535);
        if (!number || *number == 0) return sdp_fault((*port)->line, "a=sctp-port is not a number from 1 to 65535");
        offer.sctp_port = static_cast<std::uint16_t>(*number);
    }
    const auto size = once(section.attributes, "max-message-size");
    if (!size) return size.error();
    if (*size != nullptr) {
        const auto number = sdp_number((*size)->value, UINT64_MAX);
        if (!number) return sdp_fault((*size)->line, "a=max-message-size is not a number");
        offer.max_message_size = *number == 0 ? kMaxMessage : std::min<std::uint64_t>(*number, kMaxMessage);
    }
    return {};
}

}  // namespace

base::Result<SdpOffer> read_offer(std::string_view text) {
    if (text.size() > kMaxOffer)
        return base::error(base::Errc::invalid, "the SDP is larger than " + std::to_string(kMaxOffer) + " bytes");
    const auto lines = read_sdp_lines(text);
    if (!lines) return lines.error();
    SdpOffer offer;
    const auto sections = read_order(*lines, offer);
    if (!sections) return sections.error();
    if (const auto read = read_bundle(*lines, offer); !read) return read.error();
    const bool data_first = !offer.bundle.empty() && offer.bundle.front() != offer.audio_mid;
    const SdpSection& transport = data_first ? *sections->data : *sections->audio;
    if (const auto read = read_ice(*lines, transport, offer); !read) return read.error();
    if (const auto read = read_security(*lines, transport, offer); !read) return read.error();
    if (const auto read = read_offered_audio(*lines, *sections->audio, offer); !read) return read.error();
    if (sections->data != nullptr)
        if (const auto read = read_data(*sections->data, offer); !read) return read.error();
    return offer;
}

}  // namespace antiphon::edge
