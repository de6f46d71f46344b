// libFuzzer's entry for WebRTC offers. What comes out must be within the bounds that the header states, and both texts
// that are made of it - the library's and the answer - must read as SDP again, the former with the same meaning. The same
// bytes are also read as the library's own description.
//
//     clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Isrc -o sdp_offer_fuzz
//         tests/fuzz/sdp_offer_fuzz.cpp src/edge/sdp_*.cpp src/base/{error,utf8}.cpp
//     ./sdp_offer_fuzz -max_len=66000 -dict=tests/fuzz/sdp.dict tests/fuzz/corpus/sdp_offer tests/golden/sdp
#include "edge/sdp_answer.hpp"
#include "edge/sdp_lines.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace antiphon::edge;

void check(bool holds) {
    if (!holds) std::abort();
}

bool is_plain(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

void check_fields(const SdpOffer& offer) {
    check(is_ice_text(offer.ice_user, 4, 256) && is_ice_text(offer.ice_password, 22, 256));
    check(offer.fingerprint.size() == 95 && offer.fingerprint.find_first_not_of("0123456789ABCDEF:") == std::string::npos);
    check(is_sdp_token(offer.audio_mid, 16) && (!offer.data_mid || is_sdp_token(*offer.data_mid, 16)));
    check((offer.opus_payload >= 96 && offer.opus_payload <= 127) || (offer.opus_payload >= 35 && offer.opus_payload <= 63));
    check(offer.sctp_port > 0 && offer.max_message_size > 0 && offer.max_message_size < 1U << 30U);
    check(!offer.opus_max_bitrate || (*offer.opus_max_bitrate >= 6000 && *offer.opus_max_bitrate <= 510'000));
    check(offer.candidates.size() <= kMaxOfferCandidates && offer.order.size() <= kMaxSdpMedia);
    check(!offer.data_mid || offer.bundle.size() == 2);
}

void check_written(const SdpOffer& offer) {
    SdpOffer expected = offer;
    expected.setup = answers_as_active(offer) ? SdpSetup::passive : SdpSetup::active;
    std::erase_if(expected.candidates, [](const auto& one) { return one.is_name(); });
    std::erase_if(expected.order, [](const auto& line) { return line.kind == SdpOfferedLine::Kind::rejected; });
    const auto again = read_offer(write_offer(offer));
    check(again && *again == expected);
}

void check_answer(const SdpOffer& offer) {
    const SdpAnswer ours{"antI", "phonphonphonphonphonphon", offer.fingerprint, 4711, "antiphon", {{"1", 9, "::1", 9, "host"}}, 7};
    const auto text = write_answer(offer, ours);
    const auto lines = read_sdp_lines(text);
    check(lines && lines->sections.size() == offer.order.size());
    const auto read = read_local_description(text);
    check(read && read->ice_user == ours.ice_user && read->candidates == ours.candidates && read->fingerprint == ours.fingerprint);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto local = read_local_description(text); !local) check(is_plain(local.error().text));
    const auto offer = read_offer(text);
    if (!offer) {
        check(is_plain(offer.error().text));
        return 0;
    }
    check_fields(*offer);
    check_written(*offer);
    check_answer(*offer);
    return 0;
}
