#include "edge/sdp_answer.hpp"

#include "edge/sdp_lines.hpp"

#include <algorithm>
#include <utility>

namespace antiphon::edge {
namespace {

using Kind = SdpOfferedLine::Kind;

/// The default destination (RFC 8839 section 4.3.1): IPv4 before IPv6, for those who know nothing of candidates.
struct Destination {
    std::string port = "9";
    std::string address = "IP4 0.0.0.0";
};

Destination destination(const std::vector<SdpCandidate>& candidates) {
    for (const bool six : {false, true})
        for (const auto& candidate : candidates)
            if (!candidate.is_name() && (candidate.address.find(':') != std::string::npos) == six)
                return {std::to_string(candidate.port), (six ? "IP6 " : "IP4 ") + candidate.address};
    return {};
}

class Writer {
public:
    Writer(const SdpOffer& offer, const SdpAnswer& answer)
        : offer_(offer), answer_(answer), to_(destination(answer.candidates)) {}

    std::string write() {
        line("v=0");
        line("o=- " + std::to_string(answer_.session_id) + " 1 IN " + to_.address);
        line("s=-");
        line("t=0 0");
        if (!offer_.bundle.empty()) {
            std::string group = "a=group:BUNDLE";
            for (const auto& mid : offer_.bundle) group += ' ' + mid;
            line(group);
        }
        line("a=msid-semantic: WMS antiphon");
        for (const auto& media : offer_.order) {
            if (media.kind == Kind::rejected) write_rejected(media);
            else if (media.kind == Kind::audio) write_audio();
            else write_data();
        }
        return std::move(text_);
    }

private:
    void line(std::string_view words) { (text_ += words) += "\r\n"; }

    void write_rejected(const SdpOfferedLine& media) {
        line("m=" + media.rejected);
        line("c=IN IP4 0.0.0.0");
        if (!media.mid.empty()) line("a=mid:" + media.mid);
        line("a=inactive");
    }

    void write_audio() {
        const auto payload = std::to_string(offer_.opus_payload);
        line("m=audio " + to_.port + " UDP/TLS/RTP/SAVPF " + payload);
        line("c=IN " + to_.address);
        line("a=rtcp:" + to_.port + " IN " + to_.address);
        line("a=mid:" + offer_.audio_mid);
        write_transport(offer_.audio_mid);
        write_extension(offer_.audio_level_extension, "ssrc-audio-level");
        write_extension(offer_.mid_extension, "sdes:mid");
        const bool sends = offer_.client_receives;
        if (sends) line(offer_.client_sends ? "a=sendrecv" : "a=sendonly");
        else line(offer_.client_sends ? "a=recvonly" : "a=inactive");
        line("a=rtcp-mux");
        line("a=rtpmap:" + payload + " opus/48000/2");
        if (offer_.nack) line("a=rtcp-fb:" + payload + " nack");
        line("a=fmtp:" + payload + " minptime=10;stereo=0;useinbandfec=1;usedtx=1");
        if (!sends) return;
        line("a=msid:antiphon voice");
        const auto ssrc = "a=ssrc:" + std::to_string(answer_.ssrc);
        line(ssrc + " cname:" + answer_.cname);
        line(ssrc + " msid:antiphon voice");
    }

    void write_extension(const std::optional<std::uint8_t>& number, std::string_view name) {
        if (number) line("a=extmap:" + std::to_string(*number) + " urn:ietf:params:rtp-hdrext:" + std::string(name));
    }

    void write_data() {
        line("m=application " + to_.port + " UDP/DTLS/SCTP webrtc-datachannel");
        line("c=IN " + to_.address);
        line("a=mid:" + *offer_.data_mid);
        write_transport(*offer_.data_mid);
        line("a=sctp-port:5000");
        line("a=max-message-size:" + std::to_string(kMaxMessageSize));
    }

    void write_transport(const std::string& mid) {
        line("a=ice-ufrag:" + answer_.ice_user);
        line("a=ice-pwd:" + answer_.ice_password);
        line("a=fingerprint:sha-256 " + answer_.fingerprint);
        line(answers_as_active(offer_) ? "a=setup:active" : "a=setup:passive");
        if (mid != (offer_.bundle.empty() ? offer_.audio_mid : offer_.bundle.front())) return;
        for (const auto& candidate : answer_.candidates) line(write_candidate(candidate));
        line("a=end-of-candidates");
    }

    const SdpOffer& offer_;
    const SdpAnswer& answer_;
    const Destination to_;
    std::string text_;
};

base::Error missing(const std::string& what) {
    return base::error(base::Errc::engine, "the WebRTC library's description " + what);
}

}  // namespace

std::string write_answer(const SdpOffer& offer, const SdpAnswer& answer) { return Writer(offer, answer).write(); }

base::Result<SdpAnswer> read_local_description(std::string_view text) {
    const auto lines = read_sdp_lines(text);
    if (!lines) return missing("cannot be read: " + lines.error().text);
    SdpAnswer answer;
    auto attributes = lines->attributes;
    for (const auto& section : lines->sections)
        attributes.insert(attributes.end(), section.attributes.begin(), section.attributes.end());
    for (const auto& [name, value, number] : attributes) {
        if (name == "ice-ufrag" && answer.ice_user.empty()) answer.ice_user = value;
        if (name == "ice-pwd" && answer.ice_password.empty()) answer.ice_password = value;
        if (name == "fingerprint" && value.starts_with("sha-256 ")) answer.fingerprint = value.substr(8);
        if (name == "candidate") {
            auto candidate = read_candidate("candidate:" + std::string(value));
            if (!candidate && candidate.error().code == base::Errc::invalid)
                return missing("cannot be read: " + candidate.error().text);
            if (candidate) answer.candidates.push_back(std::move(*candidate));
        }
        if (name == "ssrc" && answer.cname.empty()) {
            const auto words = sdp_words(value);
            const auto ssrc = words.empty() ? std::nullopt : sdp_number(words[0], UINT32_MAX);
            if (!ssrc) return missing("has a malformed a=ssrc");
            answer.ssrc = static_cast<std::uint32_t>(*ssrc);
            if (words.size() > 1 && words[1].starts_with("cname:")) answer.cname = words[1].substr(6);
        }
    }
    if (const auto words = sdp_words(lines->origin); words.size() > 1)
        answer.session_id = sdp_number(words[1], INT64_MAX).value_or(0);
    if (answer.ice_user.empty() || answer.ice_password.empty()) return missing("has no ICE user and password");
    if (answer.fingerprint.empty()) return missing("has no sha-256 fingerprint");
    return answer;
}

}  // namespace antiphon::edge
