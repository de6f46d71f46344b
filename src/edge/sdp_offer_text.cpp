#include "edge/sdp_offer.hpp"

namespace antiphon::edge {
namespace {

void write_transport(std::string& text, const SdpOffer& offer) {
    text += "a=ice-ufrag:" + offer.ice_user + "\r\na=ice-pwd:" + offer.ice_password + "\r\n";
    text += "a=fingerprint:sha-256 " + offer.fingerprint + "\r\n";
    text += answers_as_active(offer) ? "a=setup:passive\r\n" : "a=setup:active\r\n";
}

void write_audio(std::string& text, const SdpOffer& offer) {
    const auto payload = std::to_string(offer.opus_payload);
    text += "m=audio 9 UDP/TLS/RTP/SAVPF " + payload + "\r\nc=IN IP4 0.0.0.0\r\na=mid:" + offer.audio_mid + "\r\n";
    write_transport(text, offer);
    if (offer.audio_level_extension)
        text += "a=extmap:" + std::to_string(*offer.audio_level_extension) + " urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n";
    if (offer.mid_extension)
        text += "a=extmap:" + std::to_string(*offer.mid_extension) + " urn:ietf:params:rtp-hdrext:sdes:mid\r\n";
    text += !offer.client_sends && !offer.client_receives ? "a=inactive\r\n"
            : !offer.client_sends                         ? "a=recvonly\r\n"
            : !offer.client_receives                      ? "a=sendonly\r\n"
                                                          : "a=sendrecv\r\n";
    text += "a=rtcp-mux\r\na=rtpmap:" + payload + " opus/48000/2\r\n";
    if (offer.nack) text += "a=rtcp-fb:" + payload + " nack\r\n";
    text += "a=fmtp:" + payload + (offer.opus_in_band_fec ? " useinbandfec=1" : " useinbandfec=0");
    text += offer.opus_stereo ? ";stereo=1" : ";stereo=0";
    if (offer.opus_max_bitrate) text += ";maxaveragebitrate=" + std::to_string(*offer.opus_max_bitrate);
    text += "\r\n";
    if (offer.client_ssrc) text += "a=ssrc:" + std::to_string(*offer.client_ssrc) + " cname:client\r\n";
}

void write_data(std::string& text, const SdpOffer& offer) {
    text += "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:" + *offer.data_mid + "\r\n";
    write_transport(text, offer);
    text += "a=sctp-port:" + std::to_string(offer.sctp_port) + "\r\n";
    text += "a=max-message-size:" + std::to_string(offer.max_message_size) + "\r\n";
}

}  // namespace

std::string write_offer(const SdpOffer& offer) {
    std::string text = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";
    if (!offer.bundle.empty()) {
        text += "a=group:BUNDLE";
        for (const auto& mid : offer.bundle) text += ' ' + mid;
        text += "\r\n";
    }
    if (offer.trickle) text += "a=ice-options:trickle\r\n";
    for (const auto& line : offer.order) {
        if (line.kind == SdpOfferedLine::Kind::rejected) continue;
        if (line.kind == SdpOfferedLine::Kind::audio) write_audio(text, offer);
        else write_data(text, offer);
        if (line.mid != (offer.bundle.empty() ? offer.audio_mid : offer.bundle.front())) continue;
        for (const auto& candidate : offer.candidates)
            if (!candidate.is_name()) text += write_candidate(candidate) + "\r\n";
    }
    return text;
}

}  // namespace antiphon::edge
