// The FFmpeg libraries, with owners for what they allocate. Included by the .cpp files that use them, only.
//
// pure.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/log.h>
#include <libavutil/mem.h>
#include <libavutil/opt.h>
#include <libswresample/swresample.h>
}

#include <memory>
#include <mutex>
#include <string>

namespace antiphon::audio::libav {

struct FreeIo {
    void operator()(AVIOContext* io) const {
        av_freep(&io->buffer);  // the library may have put another one in the place of ours
        avio_context_free(&io);
    }
};
struct FreeCodec { void operator()(AVCodecContext* codec) const { avcodec_free_context(&codec); } };
struct FreePacket { void operator()(AVPacket* packet) const { av_packet_free(&packet); } };
struct FreeFrame { void operator()(AVFrame* frame) const { av_frame_free(&frame); } };
struct FreeConverter { void operator()(SwrContext* converter) const { swr_free(&converter); } };
struct CloseInput { void operator()(AVFormatContext* input) const { avformat_close_input(&input); } };
struct FreeOutput { void operator()(AVFormatContext* output) const { avformat_free_context(output); } };

using Io = std::unique_ptr<AVIOContext, FreeIo>;
using Codec = std::unique_ptr<AVCodecContext, FreeCodec>;
using Packet = std::unique_ptr<AVPacket, FreePacket>;
using Frame = std::unique_ptr<AVFrame, FreeFrame>;
using Converter = std::unique_ptr<SwrContext, FreeConverter>;
using Input = std::unique_ptr<AVFormatContext, CloseInput>;
using Output = std::unique_ptr<AVFormatContext, FreeOutput>;

constexpr int kIoBuffer = 32768;

inline std::string words_of(int failure) {
    char text[AV_ERROR_MAX_STRING_SIZE] = {};
    av_strerror(failure, text, sizeof text);
    return text;
}

/// The libraries write what they think of a file to standard error unless told not to.
inline void keep_quiet() {
    static std::once_flag once;
    std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

}  // namespace antiphon::audio::libav
