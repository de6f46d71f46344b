// What the encoder writes, the decoder reads; and what the decoder must refuse.
#include "audio/decoded_sound.hpp"
#include "audio/sound_encoder.hpp"
#include "audio/wav.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <iterator>
#include <string>
#include <vector>

namespace antiphon::audio {
namespace {

using std::chrono::seconds;

std::vector<float> tone(int rate, double length, double hertz = 440.0) {
    std::vector<float> samples(static_cast<std::size_t>(length * rate));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = 0.3F * static_cast<float>(std::sin(2.0 * 3.14159265358979 * hertz * static_cast<double>(i) / rate));
    return samples;
}

std::string encoded(SoundFormat format, const std::vector<float>& samples, int rate = 24000, std::size_t piece = 1000) {
    auto encoder = SoundEncoder::open(format, rate);
    EXPECT_TRUE(encoder) << encoder.error().text;
    if (!encoder) return {};
    std::string file;
    for (std::size_t at = 0; at < samples.size(); at += piece) {
        auto bytes = (*encoder)->encode(std::span<const float>(samples).subspan(at, std::min(piece, samples.size() - at)));
        EXPECT_TRUE(bytes) << bytes.error().text;
        if (bytes) file += *bytes;
    }
    auto rest = (*encoder)->finish();
    EXPECT_TRUE(rest) << rest.error().text;
    return rest ? file + *rest : file;
}

base::Result<Pcm> decoded(const std::string& file, base::Duration longest = seconds(60), const std::stop_token& stop = {}) {
    return decode_sound({reinterpret_cast<const std::uint8_t*>(file.data()), file.size()}, 16000, longest, stop);
}
base::Result<Pcm> decoded(const std::vector<std::uint8_t>& file) { return decode_sound(file, 16000, seconds(60), {}); }

/// How much of the sound is this tone: 1 for nothing else.
double purity(const std::vector<float>& samples, int rate, double hertz) {
    double re = 0.0;
    double im = 0.0;
    double power = 0.0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double angle = 2.0 * 3.14159265358979 * hertz * static_cast<double>(i) / rate;
        re += samples[i] * std::cos(angle);
        im += samples[i] * std::sin(angle);
        power += static_cast<double>(samples[i]) * samples[i];
    }
    return 2.0 * (re * re + im * im) / (power * static_cast<double>(samples.size()));
}

class SoundFormats : public testing::TestWithParam<std::string> {};

TEST_P(SoundFormats, ComeBackAsTheyWere) {
    const auto format = *sound_format(GetParam());
    const auto file = encoded(format, tone(24000, 3.0));
    const auto sound = decoded(file);
    ASSERT_TRUE(sound) << sound.error().text;
    EXPECT_EQ(sound->sample_rate, 16000);
    EXPECT_NEAR(base::seconds(sound->duration()), 3.0, 0.12) << "codecs pad";
    EXPECT_GT(purity(sound->samples, 16000, 440.0), 0.9);
    EXPECT_NEAR(rms(std::span<const float>(sound->samples).subspan(8000, 24000)), 0.3F / std::sqrt(2.0F), 0.03F);
}

TEST_P(SoundFormats, GoOutWhileTheyAreMade) {
    auto encoder = SoundEncoder::open(*sound_format(GetParam()), 24000);
    ASSERT_TRUE(encoder) << encoder.error().text;
    std::size_t bytes = 0;
    for (int i = 0; i < 10; ++i) bytes += (*encoder)->encode(tone(24000, 0.1))->size();
    EXPECT_GT(bytes, 500U) << "after a second of sound";
}

TEST_P(SoundFormats, NoSoundIsAFileAllTheSame) {
    auto encoder = SoundEncoder::open(*sound_format(GetParam()), 24000);
    ASSERT_TRUE(encoder);
    const auto file = (*encoder)->finish();
    ASSERT_TRUE(file) << file.error().text;
    const auto sound = decoded(*file);
    EXPECT_TRUE(!sound || base::seconds(sound->duration()) < 0.1);
}

TEST_P(SoundFormats, ATruncatedFileIsTakenAsFarAsItGoes) {
    auto file = encoded(*sound_format(GetParam()), tone(24000, 3.0));
    file.resize(file.size() / 2);
    const auto sound = decoded(file);
    ASSERT_TRUE(sound) << sound.error().text;
    EXPECT_GT(base::seconds(sound->duration()), 0.8);
    EXPECT_LT(base::seconds(sound->duration()), 2.2);
}

TEST_P(SoundFormats, DamagedBytesEndInSoundOrARefusal) {
    const auto file = encoded(*sound_format(GetParam()), tone(24000, 1.0));
    std::uint32_t state = 7;
    for (int round = 0; round < 40; ++round) {
        auto damaged = file;
        for (int i = 0; i < 20; ++i) {
            state = state * 1664525U + 1013904223U;
            damaged[state % damaged.size()] = static_cast<char>(state >> 24);
        }
        const auto sound = decoded(damaged);
        if (sound) EXPECT_TRUE(all_finite(sound->samples));
        else EXPECT_EQ(sound.error().code, base::Errc::invalid);
    }
}

INSTANTIATE_TEST_SUITE_P(All, SoundFormats, testing::Values("wav", "mp3", "opus", "aac", "flac"),
                         [](const auto& of) { return of.param; });

TEST(SoundFormat, RawPcmIsSixteenBitLittleEndian) {
    EXPECT_EQ(encoded(SoundFormat::pcm, {0.0F, 0.5F, -1.0F}), std::string("\0\0\0\x40\0\x80", 6));
}

TEST(SoundFormat, Names) {
    EXPECT_EQ(media_type(*sound_format("opus")), "audio/ogg");
    EXPECT_FALSE(sound_format("ogg"));
    EXPECT_FALSE(SoundEncoder::open(SoundFormat::opus, 22050));
}

TEST(DecodedSound, ReadsTheRecordingOfTheTests) {
    std::ifstream in(ANTIPHON_SOURCE_DIR "/tests/golden/jfk.wav", std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
    const auto sound = decoded(std::string(bytes.begin(), bytes.end()));
    ASSERT_TRUE(sound) << sound.error().text;
    EXPECT_NEAR(base::seconds(sound->duration()), 11.0, 0.01);
}

TEST(DecodedSound, MixesChannelsDownWithoutGettingLouder) {
    const Pcm left{tone(16000, 1.0), 16000};
    const Pcm right{tone(16000, 1.0), 16000};
    const auto sound = decoded(encode_wav(std::vector<Pcm>{left, right}));
    ASSERT_TRUE(sound) << sound.error().text;
    EXPECT_NEAR(rms(sound->samples), rms(left.samples), 0.01F);
}

void expect_refused(const base::Result<Pcm>& sound, const std::string& words) {
    ASSERT_FALSE(sound);
    EXPECT_EQ(sound.error().code, base::Errc::invalid);
    EXPECT_EQ(sound.error().param, "file");
    EXPECT_NE(sound.error().text.find(words), std::string::npos) << sound.error().text;
}

TEST(DecodedSound, RefusesWhatIsNoSound) {
    expect_refused(decoded(std::string()), "empty");
    expect_refused(decoded(std::string("This is a text, not a sound.\n")), "is not WAV");
    expect_refused(decoded(std::string(100'000, '\0')), "is not WAV");
    expect_refused(decoded(std::string("RIFF")), "is not WAV");
    expect_refused(decoded(std::string("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n")), "is not WAV");
    expect_refused(decoded(std::string("ffconcat version 1.0\nfile /etc/passwd\n")), "is not WAV");
    expect_refused(decoded(encode_wav(Pcm{{}, 16000})), "");
}

TEST(DecodedSound, RefusesSamplesThatAreNoNumbers) {
    std::string file = encoded(SoundFormat::wav, tone(24000, 0.5));
    // The same file as 32-bit floats, with one NaN.
    std::string floats = file.substr(0, 44);
    floats[20] = 3;
    floats[32] = 4;
    floats[34] = 32;
    for (int i = 0; i < 1000; ++i) {
        const float sample = i == 500 ? std::numeric_limits<float>::quiet_NaN() : 0.1F;
        floats.append(reinterpret_cast<const char*>(&sample), 4);
    }
    expect_refused(decoded(floats), "not finite");
}

TEST(DecodedSound, RefusesWhatIsTooLong) {
    const auto file = encoded(SoundFormat::opus, tone(24000, 3.0));
    expect_refused(decoded(file, seconds(2)), "longer than 2 seconds");
}

TEST(DecodedSound, StopsWhenTold) {
    std::stop_source stop;
    stop.request_stop();
    const auto sound = decoded(encoded(SoundFormat::mp3, tone(24000, 1.0)), seconds(60), stop.get_token());
    ASSERT_FALSE(sound);
    EXPECT_EQ(sound.error().code, base::Errc::cancelled);
}

}  // namespace
}  // namespace antiphon::audio
