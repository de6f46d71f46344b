#include "edge/sdp_offer_audio.hpp"

#include "base/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace antiphon::edge {
namespace {

constexpr std::string_view kAudioLevel = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
constexpr std::string_view kMid = "urn:ietf:params:rtp-hdrext:sdes:mid";

/// "111 the rest" as number and rest.
std::optional<std::pair<int, std::string_view>> payload_and_rest(std::string_view value) {
    const auto space = value.find(' ');
    const auto payload = sdp_number(value.substr(0, space), 127);
    if (!payload || space == std::string_view::npos) return std::nullopt;
    return std::pair(static_cast<int>(*payload), base::trimmed(value.substr(space + 1)));
}

base::Result<void> read_codec(const SdpSection& section, SdpOffer& offer) {
    std::array<bool, 128> seen{};
    std::array<bool, 128> opus{};
    for (const auto& attribute : section.attributes) {
        if (attribute.name != "rtpmap") continue;
        const auto map = payload_and_rest(attribute.value);
        if (!map) return sdp_fault(attribute.line, "a=rtpmap needs a payload type from 0 to 127 and a codec");
        const auto payload = static_cast<std::size_t>(map->first);
        if (std::exchange(seen[payload], true))
            return sdp_fault(attribute.line, "two a=rtpmap give the same payload type a codec");
        opus[payload] = sdp_same(map->second, "opus/48000/2");
    }
    for (const auto format : section.formats) {
        const auto payload = sdp_number(format, 127);
        if (!payload) return sdp_fault(section.line, "the audio's formats are not payload types from 0 to 127");
        if (!opus[*payload]) continue;
        // RFC 3551 gives a codec to those below 35, RFC 5761 leaves 64 to 95 to RTCP.
        if (*payload < 35 || (*payload > 63 && *payload < 96))
            return sdp_fault(section.line, "Opus has a payload type that is not dynamic (96 to 127 or 35 to 63)");
        offer.opus_payload = static_cast<int>(*payload);
        return {};
    }
    return base::error(base::Errc::unsupported, "the offer's audio m-line has no Opus (a=rtpmap with opus/48000/2)");
}

void read_format(std::string_view parameters, SdpOffer& offer) {
    while (!parameters.empty()) {
        const auto one = parameters.substr(0, parameters.find(';'));
        parameters.remove_prefix(std::min(parameters.size(), one.size() + 1));
        const auto equals = std::min(one.find('='), one.size());
        const auto name = base::trimmed(one.substr(0, equals));
        const auto value = base::trimmed(one.substr(std::min(equals + 1, one.size())));
        if (sdp_same(name, "useinbandfec")) offer.opus_in_band_fec = value == "1";
        if (sdp_same(name, "stereo")) offer.opus_stereo = value == "1";
        if (!sdp_same(name, "maxaveragebitrate")) continue;
        const auto bitrate = sdp_number(value, 510'000);
        if (bitrate && *bitrate >= 6000) offer.opus_max_bitrate = static_cast<int>(*bitrate);
    }
}

base::Result<void> read_direction(const SdpText& text, const SdpSection& section, SdpOffer& offer) {
    const SdpAttribute* found = nullptr;
    for (const auto* attributes : {&section.attributes, &text.attributes}) {
        for (const auto& attribute : *attributes) {
            constexpr std::array<std::string_view, 4> kDirections{"sendrecv", "sendonly", "recvonly", "inactive"};
            if (std::find(kDirections.begin(), kDirections.end(), attribute.name) == kDirections.end()) continue;
            if (found != nullptr) return sdp_fault(attribute.line, "the audio m-line has two directions");
            found = &attribute;
        }
        if (found != nullptr) break;
    }
    const auto direction = found == nullptr ? std::string_view("sendrecv") : found->name;
    offer.client_sends = direction == "sendrecv" || direction == "sendonly";
    offer.client_receives = direction == "sendrecv" || direction == "recvonly";
    return {};
}

/// "1 urn:..." or "1/sendonly urn:... parameters".
base::Result<void> read_extension(const SdpAttribute& attribute, SdpOffer& offer) {
    const auto words = sdp_words(attribute.value);
    if (words.size() < 2) return sdp_fault(attribute.line, "a=extmap needs a number and a name");
    const auto number = sdp_number(words[0].substr(0, words[0].find('/')), 65535);
    if (!number || *number == 0) return sdp_fault(attribute.line, "a=extmap does not begin with a number");
    if (*number > 14 || (words[1] != kAudioLevel && words[1] != kMid)) return {};  // from 15 on: two-byte headers
    auto* place = words[1] == kAudioLevel ? &offer.audio_level_extension : &offer.mid_extension;
    if (*place) return sdp_fault(attribute.line, "a=extmap gives the same extension two numbers");
    *place = static_cast<std::uint8_t>(*number);
    if (offer.audio_level_extension == offer.mid_extension)
        return sdp_fault(attribute.line, "a=extmap gives two extensions the same number");
    return {};
}

}  // namespace

base::Result<void> read_offered_audio(const SdpText& text, const SdpSection& section, SdpOffer& offer) {
    if (section.find("rtcp-mux") == nullptr && section.find("rtcp-mux-only") == nullptr)
        return base::error(base::Errc::unsupported,
                           "the offer's audio m-line has no a=rtcp-mux, and RTCP has no port of its own here");
    if (const auto read = read_codec(section, offer); !read) return read.error();
    if (const auto read = read_direction(text, section, offer); !read) return read.error();
    for (const auto& attribute : section.attributes) {
        if (attribute.name == "fmtp") {
            const auto format = payload_and_rest(attribute.value);
            if (format && format->first == offer.opus_payload) read_format(format->second, offer);
        } else if (attribute.name == "rtcp-fb") {
            const auto words = sdp_words(attribute.value);
            const bool ours = !words.empty() && (words[0] == "*" || words[0] == std::to_string(offer.opus_payload));
            offer.nack = offer.nack || (ours && words.size() == 2 && words[1] == "nack");
        } else if (attribute.name == "extmap") {
            if (const auto read = read_extension(attribute, offer); !read) return read.error();
        } else if (attribute.name == "ssrc" && !offer.client_ssrc) {
            const auto number = sdp_number(attribute.value.substr(0, attribute.value.find(' ')), UINT32_MAX);
            if (!number) return sdp_fault(attribute.line, "a=ssrc does not begin with a number");
            offer.client_ssrc = static_cast<std::uint32_t>(*number);
        }
    }
    return {};
}

}  // namespace antiphon::edge
