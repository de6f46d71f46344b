#include "audio/sound_encoder.hpp"

#include "audio/libav.hpp"
#include "audio/pcm.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

namespace antiphon::audio {
namespace {

using namespace libav;

struct Kind {
    std::string_view name;
    SoundFormat format;
    std::string_view media_type;
    const char* muxer;    ///< null: written by hand
    const char* encoder;
    int bit_rate;         ///< 0: lossless
};

constexpr std::array<Kind, 6> kKinds{{
    {"pcm", SoundFormat::pcm, "audio/pcm", nullptr, nullptr, 0},
    {"wav", SoundFormat::wav, "audio/wav", nullptr, nullptr, 0},
    {"mp3", SoundFormat::mp3, "audio/mpeg", "mp3", "libmp3lame", 64'000},
    {"opus", SoundFormat::opus, "audio/ogg", "ogg", "libopus", 32'000},
    {"aac", SoundFormat::aac, "audio/aac", "adts", "aac", 64'000},
    {"flac", SoundFormat::flac, "audio/flac", "flac", "flac", 0},
}};

const Kind& kind_of(SoundFormat format) {
    return *std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) { return kind.format == format; });
}

base::Error failed(const char* what, int why) {
    return base::error(base::Errc::engine, std::string("the sound could not be ") + what + ": " + words_of(why));
}

void put(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xFF);
}

/// Sizes that no file reaches: the sound ends where the stream does.
std::string endless_wav_header(int sample_rate) {
    std::string header = "RIFF";
    put(header, 0xFFFF'FFFF, 4);
    header += "WAVEfmt ";
    put(header, 16, 4);
    put(header, 1, 2);  // PCM
    put(header, 1, 2);  // channels
    put(header, static_cast<std::uint32_t>(sample_rate), 4);
    put(header, static_cast<std::uint32_t>(sample_rate) * 2, 4);
    put(header, 2, 2);
    put(header, 16, 2);
    header += "data";
    put(header, 0xFFFF'FFFF, 4);
    return header;
}

class PlainEncoder final : public SoundEncoder {
public:
    explicit PlainEncoder(std::string header) : header_(std::move(header)) {}

    base::Result<std::string> encode(std::span<const float> samples) override {
        const auto bytes = to_s16le(samples);
        return std::exchange(header_, {}).append(bytes.begin(), bytes.end());
    }
    base::Result<std::string> finish() override { return std::exchange(header_, {}); }

private:
    std::string header_;  ///< until it was given
};

class LibavEncoder final : public SoundEncoder {
public:
    base::Result<void> open(const Kind& kind, int sample_rate) {
        const AVCodec* codec = avcodec_find_encoder_by_name(kind.encoder);
        AVFormatContext* output = nullptr;
        if (codec == nullptr || avformat_alloc_output_context2(&output, nullptr, kind.muxer, nullptr) < 0)
            return base::error(base::Errc::unsupported, "this build's FFmpeg has no encoder for " + std::string(kind.name));
        output_.reset(output);
        codec_.reset(avcodec_alloc_context3(codec));
        codec_->sample_rate = sample_rate;
        codec_->sample_fmt = codec->sample_fmts[0];
        for (const AVSampleFormat* one = codec->sample_fmts; *one != AV_SAMPLE_FMT_NONE; ++one)
            if (fits(*one)) codec_->sample_fmt = *one;
        if (!fits(codec_->sample_fmt)) return base::error(base::Errc::unsupported, "the encoder takes no samples of ours");
        av_channel_layout_default(&codec_->ch_layout, 1);
        codec_->time_base = {1, sample_rate};
        codec_->thread_count = 1;
        if (kind.bit_rate > 0) codec_->bit_rate = kind.bit_rate;
        if ((output->oformat->flags & AVFMT_GLOBALHEADER) != 0) codec_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
        if (kind.format == SoundFormat::opus) av_opt_set(codec_->priv_data, "application", "voip", 0);
        if (const int why = avcodec_open2(codec_.get(), codec, nullptr); why < 0) return failed("encoded", why);

        AVStream* stream = avformat_new_stream(output, nullptr);
        auto* buffer = static_cast<unsigned char*>(av_malloc(kIoBuffer));
        if (stream == nullptr || buffer == nullptr) return failed("encoded", AVERROR(ENOMEM));
        stream->time_base = codec_->time_base;
        avcodec_parameters_from_context(stream->codecpar, codec_.get());
        io_.reset(avio_alloc_context(buffer, kIoBuffer, 1, &bytes_, nullptr, &LibavEncoder::append, nullptr));
        io_->seekable = 0;
        output->pb = io_.get();
        output->flags |= AVFMT_FLAG_CUSTOM_IO;
        AVDictionary* options = nullptr;
        // Sound goes out as it is made: an Ogg page each 200 ms, and no MP3 header that would be filled in later.
        av_dict_set(&options, "page_duration", "200000", 0);
        av_dict_set(&options, "write_xing", "0", 0);
        av_dict_set(&options, "id3v2_version", "0", 0);
        const int why = avformat_write_header(output, &options);
        av_dict_free(&options);
        if (why < 0) return failed("written", why);
        frame_size_ = codec_->frame_size > 0 ? static_cast<std::size_t>(codec_->frame_size) : 1024;
        packet_.reset(av_packet_alloc());
        return {};
    }

    base::Result<std::string> encode(std::span<const float> samples) override {
        waiting_.insert(waiting_.end(), samples.begin(), samples.end());
        std::size_t at = 0;
        for (; waiting_.size() - at >= frame_size_; at += frame_size_)
            if (auto sent = send_samples(std::span<const float>(waiting_).subspan(at, frame_size_)); !sent) return sent.error();
        waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(at));
        return taken();
    }

    base::Result<std::string> finish() override {
        if (!waiting_.empty()) {
            if ((codec_->codec->capabilities & AV_CODEC_CAP_SMALL_LAST_FRAME) == 0) waiting_.resize(frame_size_, 0.0F);
            if (auto sent = send_samples(waiting_); !sent) return sent.error();
            waiting_.clear();
        }
        if (auto sent = send(nullptr); !sent) return sent.error();
        if (const int why = av_write_trailer(output_.get()); why < 0) return failed("written", why);
        return taken();
    }

private:
    /// One channel lies the same way whether it is called planar or not.
    static bool fits(AVSampleFormat format) {
        const auto packed = av_get_packed_sample_fmt(format);
        return packed == AV_SAMPLE_FMT_FLT || packed == AV_SAMPLE_FMT_S16;
    }

#if LIBAVFORMAT_VERSION_MAJOR >= 61
    using Written = const std::uint8_t;
#else
    using Written = std::uint8_t;
#endif
    static int append(void* bytes, Written* data, int size) {
        static_cast<std::string*>(bytes)->append(reinterpret_cast<const char*>(data), static_cast<std::size_t>(size));
        return size;
    }

    base::Result<void> send_samples(std::span<const float> samples) {
        const Frame frame(av_frame_alloc());
        frame->nb_samples = static_cast<int>(samples.size());
        frame->format = codec_->sample_fmt;
        frame->sample_rate = codec_->sample_rate;
        av_channel_layout_default(&frame->ch_layout, 1);
        if (const int why = av_frame_get_buffer(frame.get(), 0); why < 0) return failed("encoded", why);
        frame->pts = sent_;
        sent_ += frame->nb_samples;
        if (av_get_packed_sample_fmt(codec_->sample_fmt) == AV_SAMPLE_FMT_FLT) {
            std::copy(samples.begin(), samples.end(), reinterpret_cast<float*>(frame->data[0]));
        } else {
            const auto bytes = to_s16le(samples);
            auto* to = reinterpret_cast<std::int16_t*>(frame->data[0]);
            for (std::size_t i = 0; i < samples.size(); ++i)
                to[i] = static_cast<std::int16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
        }
        return send(frame.get());
    }

    /// A null frame is the end.
    base::Result<void> send(const AVFrame* frame) {
        if (const int why = avcodec_send_frame(codec_.get(), frame); why < 0) return failed("encoded", why);
        while (avcodec_receive_packet(codec_.get(), packet_.get()) >= 0) {
            av_packet_rescale_ts(packet_.get(), codec_->time_base, output_->streams[0]->time_base);
            packet_->stream_index = 0;
            if (const int why = av_write_frame(output_.get(), packet_.get()); why < 0) return failed("written", why);
            av_packet_unref(packet_.get());
        }
        return {};
    }

    std::string taken() {
        avio_flush(io_.get());
        return std::exchange(bytes_, {});
    }

    std::string bytes_;
    Io io_;
    Output output_;
    Codec codec_;
    Packet packet_;
    std::vector<float> waiting_;  ///< less than a frame
    std::size_t frame_size_ = 0;
    std::int64_t sent_ = 0;       ///< samples
};

}  // namespace

std::optional<SoundFormat> sound_format(std::string_view name) {
    for (const Kind& kind : kKinds)
        if (kind.name == name) return kind.format;
    return std::nullopt;
}

std::string_view media_type(SoundFormat format) { return kind_of(format).media_type; }

base::Result<std::unique_ptr<SoundEncoder>> SoundEncoder::open(SoundFormat format, int sample_rate) {
    constexpr std::array<int, 5> kRates{8000, 12000, 16000, 24000, 48000};
    if (std::find(kRates.begin(), kRates.end(), sample_rate) == kRates.end())
        return base::error(base::Errc::invalid, "no sound is encoded at " + std::to_string(sample_rate) + " samples per second");
    if (format == SoundFormat::pcm) return std::unique_ptr<SoundEncoder>(std::make_unique<PlainEncoder>(""));
    if (format == SoundFormat::wav)
        return std::unique_ptr<SoundEncoder>(std::make_unique<PlainEncoder>(endless_wav_header(sample_rate)));
    keep_quiet();
    auto encoder = std::make_unique<LibavEncoder>();
    if (auto opened = encoder->open(kind_of(format), sample_rate); !opened) return opened.error();
    return std::unique_ptr<SoundEncoder>(std::move(encoder));
}

}  // namespace antiphon::audio
