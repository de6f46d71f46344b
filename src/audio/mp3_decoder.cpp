#include "audio/mp3_decoder.hpp"

#include "audio/libav.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace antiphon::audio {
namespace {

struct CloseParser { void operator()(AVCodecParserContext* parser) const { av_parser_close(parser); } };
using Parser = std::unique_ptr<AVCodecParserContext, CloseParser>;

}  // namespace

struct Mp3Decoder::State {
    int sample_rate = 0;
    libav::Codec codec;
    Parser parser;
    libav::Packet packet;
    libav::Frame frame;
    std::vector<std::uint8_t> padded;  ///< the library reads beyond the end of what it is given

    base::Result<void> take_frames(const AVPacket* from, std::vector<float>& samples) {
        if (avcodec_send_packet(codec.get(), from) < 0) return {};
        while (avcodec_receive_frame(codec.get(), frame.get()) >= 0) {
            const auto failure = add(samples);
            av_frame_unref(frame.get());
            if (!failure) return failure;
        }
        return {};
    }

    base::Result<void> add(std::vector<float>& samples) const {
        if (frame->sample_rate != sample_rate || frame->format != AV_SAMPLE_FMT_FLTP || frame->ch_layout.nb_channels < 1)
            return base::error(base::Errc::invalid, "the MP3 has " + std::to_string(frame->sample_rate) +
                                                        " samples per second, not " + std::to_string(sample_rate));
        const int channels = frame->ch_layout.nb_channels;
        for (int i = 0; i < frame->nb_samples; ++i) {
            float sum = 0.0F;
            for (int channel = 0; channel < channels; ++channel)
                sum += reinterpret_cast<const float*>(frame->extended_data[channel])[i];
            samples.push_back(sum / static_cast<float>(channels));
        }
        return {};
    }
};

Mp3Decoder::Mp3Decoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
Mp3Decoder::Mp3Decoder(Mp3Decoder&&) noexcept = default;
Mp3Decoder& Mp3Decoder::operator=(Mp3Decoder&&) noexcept = default;
Mp3Decoder::~Mp3Decoder() = default;

base::Result<Mp3Decoder> Mp3Decoder::open(int sample_rate) {
    libav::keep_quiet();
    const AVCodec* codec = avcodec_find_decoder_by_name("mp3float");
    auto state = std::make_unique<State>();
    state->sample_rate = sample_rate;
    state->parser.reset(av_parser_init(AV_CODEC_ID_MP3));
    if (codec == nullptr || !state->parser)
        return base::error(base::Errc::unsupported, "FFmpeg was built without its MP3 decoder");
    state->codec.reset(avcodec_alloc_context3(codec));
    state->packet.reset(av_packet_alloc());
    state->frame.reset(av_frame_alloc());
    if (!state->codec || !state->packet || !state->frame)
        return base::error(base::Errc::engine, "there is no memory to decode the sound");
    state->codec->thread_count = 1;
    if (const int failure = avcodec_open2(state->codec.get(), codec, nullptr); failure < 0)
        return base::error(base::Errc::unsupported, "FFmpeg's MP3 decoder does not start: " + libav::words_of(failure));
    return Mp3Decoder(std::move(state));
}

base::Result<std::vector<float>> Mp3Decoder::process(std::span<const std::uint8_t> bytes) {
    State& state = *state_;
    std::vector<float> samples;
    state.padded.assign(bytes.begin(), bytes.end());
    state.padded.resize(bytes.size() + AV_INPUT_BUFFER_PADDING_SIZE, 0);
    for (std::size_t at = 0; at < bytes.size();) {
        std::uint8_t* found = nullptr;
        int size = 0;
        const int used = av_parser_parse2(state.parser.get(), state.codec.get(), &found, &size, state.padded.data() + at,
                                          static_cast<int>(bytes.size() - at), AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
        if (used < 0 || (used == 0 && size == 0)) break;
        at += static_cast<std::size_t>(used);
        if (size == 0) continue;
        state.packet->data = found;
        state.packet->size = size;
        if (auto taken = state.take_frames(state.packet.get(), samples); !taken) return taken.error();
    }
    return samples;
}

base::Result<std::vector<float>> Mp3Decoder::finish() {
    State& state = *state_;
    std::vector<float> samples;
    std::uint8_t* found = nullptr;
    int size = 0;
    av_parser_parse2(state.parser.get(), state.codec.get(), &found, &size, nullptr, 0, AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
    if (size > 0) {
        state.packet->data = found;
        state.packet->size = size;
        if (auto taken = state.take_frames(state.packet.get(), samples); !taken) return taken.error();
    }
    if (auto taken = state.take_frames(nullptr, samples); !taken) return taken.error();
    return samples;
}

}  // namespace antiphon::audio
