#include "audio/wav.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>

namespace antiphon::audio {
namespace {

constexpr int kPcm = 1;
constexpr int kFloat = 3;
constexpr int kExtensible = 0xFFFE;

std::uint32_t u32(std::span<const std::uint8_t> b, std::size_t at) {
    return static_cast<std::uint32_t>(b[at]) | static_cast<std::uint32_t>(b[at + 1]) << 8 |
           static_cast<std::uint32_t>(b[at + 2]) << 16 | static_cast<std::uint32_t>(b[at + 3]) << 24;
}
int u16(std::span<const std::uint8_t> b, std::size_t at) { return b[at] | b[at + 1] << 8; }
bool tag_is(std::span<const std::uint8_t> b, std::size_t at, std::string_view tag) {
    return std::memcmp(b.data() + at, tag.data(), 4) == 0;
}

struct Format {
    int code = 0;
    int channels = 0;
    int rate = 0;
    int bits = 0;
};

float sample_at(std::span<const std::uint8_t> data, std::size_t at, const Format& format) {
    if (format.code == kFloat) {
        const std::uint32_t raw = u32(data, at);
        float value = 0.0F;
        std::memcpy(&value, &raw, sizeof value);
        return value;
    }
    return static_cast<float>(static_cast<std::int16_t>(u16(data, at))) / 32768.0F;
}

void put(std::vector<std::uint8_t>& out, std::string_view tag) { out.insert(out.end(), tag.begin(), tag.end()); }
void put(std::vector<std::uint8_t>& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

}  // namespace

base::Result<Pcm> decode_wav(std::span<const std::uint8_t> file) {
    const auto refuse = [](std::string why) { return base::error(base::Errc::invalid, "not a usable WAV file: " + std::move(why)); };
    if (file.size() < 12 || !tag_is(file, 0, "RIFF") || !tag_is(file, 8, "WAVE")) return refuse("no RIFF/WAVE header");
    Format format;
    for (std::size_t at = 12; at + 8 <= file.size();) {
        const std::size_t size = u32(file, at + 4);
        const std::size_t body = at + 8;
        const std::size_t there = std::min(size, file.size() - body);
        if (tag_is(file, at, "fmt ")) {
            if (there < 16) return refuse("a short fmt chunk");
            format = {u16(file, body), u16(file, body + 2), static_cast<int>(u32(file, body + 4)), u16(file, body + 14)};
            if (format.code == kExtensible && there >= 26) format.code = u16(file, body + 24);
        } else if (tag_is(file, at, "data")) {
            const bool known = (format.code == kPcm && format.bits == 16) || (format.code == kFloat && format.bits == 32);
            if (!known) return refuse("only 16-bit PCM and 32-bit float are read");
            if (format.channels < 1 || format.channels > 16) return refuse(std::to_string(format.channels) + " channels");
            if (format.rate < 8000 || format.rate > 192000) return refuse(std::to_string(format.rate) + " Hz");
            const auto width = static_cast<std::size_t>(format.bits / 8);
            const auto channels = static_cast<std::size_t>(format.channels);
            Pcm sound{std::vector<float>(there / (width * channels)), format.rate};
            const auto data = file.subspan(body, there);
            for (std::size_t i = 0; i < sound.samples.size(); ++i) {
                float sum = 0.0F;
                for (std::size_t c = 0; c < channels; ++c) sum += sample_at(data, (i * channels + c) * width, format);
                sound.samples[i] = sum / static_cast<float>(channels);
            }
            return sound;
        }
        at = body + size + size % 2;  // chunks begin at even offsets
    }
    return refuse("no data chunk");
}

std::vector<std::uint8_t> encode_wav(std::span<const Pcm> channels) {
    std::size_t frames = 0;
    for (const Pcm& channel : channels) frames = std::max(frames, channel.samples.size());
    const int rate = channels.empty() ? 24000 : channels.front().sample_rate;
    const auto count = static_cast<std::uint32_t>(channels.size());
    const auto bytes = static_cast<std::uint32_t>(frames) * count * 2;
    std::vector<std::uint8_t> out;
    out.reserve(44 + bytes);
    put(out, "RIFF");
    put(out, 36 + bytes, 4);
    put(out, "WAVEfmt ");
    put(out, 16, 4);
    put(out, kPcm, 2);
    put(out, count, 2);
    put(out, static_cast<std::uint32_t>(rate), 4);
    put(out, static_cast<std::uint32_t>(rate) * count * 2, 4);
    put(out, count * 2, 2);
    put(out, 16, 2);
    put(out, "data");
    put(out, bytes, 4);
    std::vector<std::vector<std::uint8_t>> encoded;
    encoded.reserve(channels.size());
    for (const Pcm& channel : channels) encoded.push_back(to_s16le(channel.samples));
    for (std::size_t i = 0; i < frames * 2; i += 2)
        for (const auto& channel : encoded)
            for (std::size_t j = i; j < i + 2; ++j) out.push_back(j < channel.size() ? channel[j] : std::uint8_t{0});
    return out;
}

std::vector<std::uint8_t> encode_wav(const Pcm& sound) { return encode_wav(std::span<const Pcm>(&sound, 1)); }

base::Result<Pcm> read_wav(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) return base::error(base::Errc::not_found, "cannot open " + path.string());
    std::vector<std::uint8_t> file;
    std::array<char, 65536> block{};
    while (in.read(block.data(), block.size()), in.gcount() > 0)
        file.insert(file.end(), block.begin(), block.begin() + in.gcount());
    if (in.bad()) return base::error(base::Errc::unavailable, "cannot read " + path.string());
    auto sound = decode_wav(file);
    if (!sound) return base::error(sound.error().code, path.string() + ": " + sound.error().text);
    return sound;
}

base::Result<void> write_wav(const std::filesystem::path& path, std::span<const std::uint8_t> file) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out.write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
    if (!out.flush()) return base::error(base::Errc::unavailable, "cannot write " + path.string());
    return {};
}

}  // namespace antiphon::audio
