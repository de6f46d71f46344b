#include "audio/decoded_sound.hpp"

#include "audio/libav.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

namespace antiphon::audio {
namespace {

using namespace libav;

constexpr const char* kContainers = "wav,mp3,ogg,matroska,mov,flac,aac";
constexpr const char* kCodecs =
    "pcm_u8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s32le,pcm_f32le,pcm_f64le,pcm_alaw,pcm_mulaw,"
    "mp3,mp3float,opus,libopus,vorbis,libvorbis,aac,alac,flac";
constexpr int kMaxStreams = 16;
constexpr int kMaxChannels = 16;
constexpr int kLowestRate = 4000;
constexpr int kHighestRate = 384'000;

base::Error refused(std::string why) { return base::error(base::Errc::invalid, std::move(why), "file"); }
base::Error no_memory() { return base::error(base::Errc::engine, "there is no memory to decode the sound"); }

/// The file as the library reads it.
struct Reader {
    std::span<const std::uint8_t> file;
    std::size_t at = 0;

    static int read(void* self, std::uint8_t* to, int wanted) {
        auto& reader = *static_cast<Reader*>(self);
        const auto count = std::min(static_cast<std::size_t>(wanted), reader.file.size() - reader.at);
        if (count == 0) return AVERROR_EOF;
        std::memcpy(to, reader.file.data() + reader.at, count);
        reader.at += count;
        return static_cast<int>(count);
    }
    static std::int64_t seek(void* self, std::int64_t offset, int whence) {
        auto& reader = *static_cast<Reader*>(self);
        const auto size = static_cast<std::int64_t>(reader.file.size());
        if (whence == AVSEEK_SIZE) return size;
        const std::int64_t from = whence == SEEK_CUR ? static_cast<std::int64_t>(reader.at) : whence == SEEK_END ? size : 0;
        if (offset < -from || offset > size - from) return AVERROR(EINVAL);
        reader.at = static_cast<std::size_t>(from + offset);
        return from + offset;
    }
};

int interrupted(void* stop) { return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0; }

/// A file may name others (playlists, references); none is opened.
int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

/// Brings the decoder's frames to the one form that we want.
class Mixdown {
public:
    Mixdown(int sample_rate, std::size_t most) : rate_(sample_rate), most_(most) {}

    base::Result<void> add(const AVFrame& frame) {
        if (auto ready = prepare(frame); !ready) return ready;
        return convert(const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples);
    }
    base::Result<void> finish() { return converter_ ? convert(nullptr, 0) : base::Result<void>(); }

    std::vector<float> samples;

private:
    base::Result<void> prepare(const AVFrame& frame) {
        const int channels = frame.ch_layout.nb_channels;
        if (channels < 1 || channels > kMaxChannels) return refused("the sound has " + std::to_string(channels) + " channels");
        if (frame.sample_rate < kLowestRate || frame.sample_rate > kHighestRate)
            return refused("the sound has " + std::to_string(frame.sample_rate) + " samples per second");
        if (converter_ && frame.format == format_ && frame.sample_rate == from_rate_ && channels == channels_) return {};
        if (auto rest = finish(); !rest) return rest;  // a stream may change its form on the way
        AVChannelLayout from;
        av_channel_layout_default(&from, channels);
        AVChannelLayout to = AV_CHANNEL_LAYOUT_MONO;
        SwrContext* made = nullptr;
        if (swr_alloc_set_opts2(&made, &to, AV_SAMPLE_FMT_FLT, rate_, &from, static_cast<AVSampleFormat>(frame.format),
                                frame.sample_rate, 0, nullptr) < 0)
            return no_memory();
        converter_.reset(made);
        av_opt_set_double(made, "rematrix_maxval", 1.0, 0);  // equal channels mixed are as loud as one
        if (const int failure = swr_init(made); failure < 0) return refused("the sound cannot be converted: " + words_of(failure));
        format_ = frame.format;
        from_rate_ = frame.sample_rate;
        channels_ = channels;
        return {};
    }

    base::Result<void> convert(const std::uint8_t** input, int count) {
        const int room = swr_get_out_samples(converter_.get(), count);
        if (room <= 0) return {};
        const std::size_t before = samples.size();
        samples.resize(before + static_cast<std::size_t>(room));
        auto* output = reinterpret_cast<std::uint8_t*>(samples.data() + before);
        const int made = swr_convert(converter_.get(), &output, room, input, count);
        samples.resize(before + static_cast<std::size_t>(std::max(made, 0)));
        if (made < 0) return refused("the sound cannot be converted: " + words_of(made));
        if (!all_finite(std::span<const float>(samples).subspan(before)))
            return refused("the sound holds samples that are not finite numbers");
        if (samples.size() > most_)
            return refused("the sound is longer than " + std::to_string(most_ / static_cast<std::size_t>(rate_)) + " seconds");
        return {};
    }

    const int rate_;
    const std::size_t most_;
    Converter converter_;
    int format_ = -1;
    int from_rate_ = 0;
    int channels_ = 0;
};

/// A packet that the decoder cannot use is passed over. Null: the end.
base::Result<void> decode(AVCodecContext& codec, const AVPacket* packet, AVFrame& frame, Mixdown& mixdown) {
    if (avcodec_send_packet(&codec, packet) < 0) return {};
    while (avcodec_receive_frame(&codec, &frame) >= 0) {
        auto added = mixdown.add(frame);
        av_frame_unref(&frame);
        if (!added) return added;
    }
    return {};
}

base::Result<Codec> decoder_of(const AVStream& stream) {
    const AVCodec* codec = avcodec_find_decoder(stream.codecpar->codec_id);
    if (codec == nullptr) return refused(std::string("the codec ") + avcodec_get_name(stream.codecpar->codec_id) + " is not read here");
    Codec context(avcodec_alloc_context3(codec));
    if (!context) return no_memory();
    if (avcodec_parameters_to_context(context.get(), stream.codecpar) < 0) return refused("the audio track is damaged");
    context->codec_whitelist = av_strdup(kCodecs);
    context->pkt_timebase = stream.time_base;
    context->thread_count = 1;
    if (avcodec_open2(context.get(), codec, nullptr) < 0)
        return refused(std::string("the codec ") + codec->name + " is not read here, or its header is damaged");
    return context;
}

base::Result<Pcm> decode(std::span<const std::uint8_t> file, int sample_rate, base::Duration longest, const std::stop_token& stop) {
    if (file.empty()) return refused("the file is empty");
    Reader reader{file};
    auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBuffer));
    if (buffer == nullptr) return no_memory();
    const Io io(avio_alloc_context(buffer, kIoBuffer, 0, &reader, &Reader::read, nullptr, &Reader::seek));
    if (!io) {
        av_free(buffer);
        return no_memory();
    }
    AVFormatContext* opening = avformat_alloc_context();
    if (opening == nullptr) return no_memory();
    opening->pb = io.get();
    opening->flags |= AVFMT_FLAG_CUSTOM_IO;
    opening->format_whitelist = av_strdup(kContainers);
    opening->codec_whitelist = av_strdup(kCodecs);
    opening->max_streams = kMaxStreams;
    opening->io_open = &refuse_to_open;
    std::stop_token token = stop;
    opening->interrupt_callback = {&interrupted, &token};
    // On failure it frees the context by itself.
    if (avformat_open_input(&opening, nullptr, nullptr, nullptr) < 0)
        return refused("the file is not WAV, MP3, M4A, MP4, Ogg, WebM or FLAC, or it is damaged");
    const Input input(opening);
    for (unsigned i = 0; i < input->nb_streams; ++i)
        if (input->streams[i]->codecpar->codec_type != AVMEDIA_TYPE_AUDIO) input->streams[i]->discard = AVDISCARD_ALL;
    if (avformat_find_stream_info(input.get(), nullptr) < 0)
        return refused("the file is damaged");
    const int chosen = av_find_best_stream(input.get(), AVMEDIA_TYPE_AUDIO, -1, -1, nullptr, 0);
    if (chosen < 0) return refused("the file has no audio track");
    auto codec = decoder_of(*input->streams[chosen]);
    if (!codec) return codec.error();

    const Packet packet(av_packet_alloc());
    const Frame frame(av_frame_alloc());
    if (!packet || !frame) return no_memory();
    Mixdown mixdown(sample_rate, samples_in(longest, sample_rate));
    while (av_read_frame(input.get(), packet.get()) >= 0) {
        base::Result<void> decoded;
        if (packet->stream_index == chosen) decoded = decode(**codec, packet.get(), *frame, mixdown);
        av_packet_unref(packet.get());
        if (!decoded) return decoded.error();
        if (stop.stop_requested()) break;
    }
    if (auto rest = decode(**codec, nullptr, *frame, mixdown); !rest) return rest.error();
    if (auto rest = mixdown.finish(); !rest) return rest.error();
    if (mixdown.samples.empty()) return refused("there is no sound in the file");
    return Pcm{std::move(mixdown.samples), sample_rate};
}

}  // namespace

base::Result<Pcm> decode_sound(std::span<const std::uint8_t> file, int sample_rate, base::Duration longest,
                               const std::stop_token& stop) {
    keep_quiet();
    auto sound = decode(file, sample_rate, longest, stop);
    // Interrupted, the library fails in whichever way the place that it was at fails.
    if (stop.stop_requested()) return base::error(base::Errc::cancelled, "the decoding was stopped");
    return sound;
}

}  // namespace antiphon::audio
