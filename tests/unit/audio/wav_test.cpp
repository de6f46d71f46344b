#include "audio/wav.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>

namespace antiphon::audio {
namespace {

using testing::HasSubstr;

void put(std::vector<std::uint8_t>& file, std::string_view tag) { file.insert(file.end(), tag.begin(), tag.end()); }
void put(std::vector<std::uint8_t>& file, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) file.push_back(static_cast<std::uint8_t>(value >> 8 * i));
}

struct Header {
    std::uint32_t format = 1;
    std::uint32_t channels = 1;
    std::uint32_t rate = 16000;
    std::uint32_t bits = 16;
    std::uint32_t claimed = 0;  ///< the data chunk's size; 0: as it is
    bool extensible = false;
    bool list_before = false;  ///< a chunk of odd size between fmt and data
};

std::vector<std::uint8_t> wav(const Header& header, const std::vector<std::uint8_t>& data) {
    std::vector<std::uint8_t> file;
    put(file, "RIFF");
    put(file, 0, 4);  // many writers leave it wrong; nobody reads it
    put(file, "WAVEfmt ");
    put(file, header.extensible ? 40 : 16, 4);
    put(file, header.extensible ? 0xFFFE : header.format, 2);
    put(file, header.channels, 2);
    put(file, header.rate, 4);
    put(file, header.rate * header.channels * header.bits / 8, 4);
    put(file, header.channels * header.bits / 8, 2);
    put(file, header.bits, 2);
    if (header.extensible) {
        put(file, 22, 2);
        put(file, header.bits, 2);
        put(file, 0, 4);
        put(file, header.format, 2);
        file.insert(file.end(), 14, 0);
    }
    if (header.list_before) {
        put(file, "LIST");
        put(file, 5, 4);
        put(file, std::string_view("data!\0", 6));
    }
    put(file, "data");
    put(file, header.claimed != 0 ? header.claimed : static_cast<std::uint32_t>(data.size()), 4);
    file.insert(file.end(), data.begin(), data.end());
    return file;
}

const std::vector<std::uint8_t> kHalves{0x00, 0x40, 0x00, 0xC0};  ///< 0.5, -0.5

TEST(Wav, ReadsSixteenBitPcm) {
    const auto sound = decode_wav(wav({}, kHalves));
    ASSERT_TRUE(sound) << sound.error().text;
    EXPECT_EQ(sound->sample_rate, 16000);
    EXPECT_EQ(sound->samples, (std::vector<float>{0.5F, -0.5F}));
}

TEST(Wav, ReadsFloats) {
    std::vector<std::uint8_t> data(8);
    const float values[] = {0.25F, -3.0F};
    std::memcpy(data.data(), values, 8);
    Header header;
    header.format = 3;
    header.bits = 32;
    for (const bool extensible : {false, true}) {
        header.extensible = extensible;
        const auto sound = decode_wav(wav(header, data));
        ASSERT_TRUE(sound);
        EXPECT_EQ(sound->samples, (std::vector<float>{0.25F, -3.0F}));
    }
}

TEST(Wav, MixesChannelsDown) {
    Header header;
    header.channels = 2;
    const auto sound = decode_wav(wav(header, {0x00, 0x40, 0x00, 0x00, 0x00, 0x20, 0x00, 0x20}));
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->samples, (std::vector<float>{0.25F, 0.25F}));
}

TEST(Wav, PassesOverOtherChunksAndTheirPadding) {
    Header header;
    header.list_before = true;
    const auto sound = decode_wav(wav(header, kHalves));
    ASSERT_TRUE(sound) << sound.error().text;
    EXPECT_EQ(sound->samples.size(), 2U);
}

TEST(Wav, TakesALongerClaimAsFarAsTheFileGoes) {
    Header header;
    header.claimed = 0xFFFFFFFF;  // what a pipe writes
    const auto sound = decode_wav(wav(header, kHalves));
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->samples.size(), 2U);
}

TEST(Wav, RefusesWhatItCannotRead) {
    const auto refused = [](const Header& header) {
        const auto sound = decode_wav(wav(header, std::vector<std::uint8_t>(64)));
        EXPECT_FALSE(sound);
        return sound ? std::string() : sound.error().text;
    };
    Header bits24;
    bits24.bits = 24;
    EXPECT_THAT(refused(bits24), HasSubstr("only 16-bit PCM and 32-bit float"));
    Header alaw;
    alaw.format = 6;
    alaw.bits = 8;
    EXPECT_THAT(refused(alaw), HasSubstr("only 16-bit PCM and 32-bit float"));
    Header none;
    none.channels = 0;
    EXPECT_THAT(refused(none), HasSubstr("0 channels"));
    Header many;
    many.channels = 17;
    EXPECT_THAT(refused(many), HasSubstr("17 channels"));
    for (const std::uint32_t rate : {0U, 7999U, 192001U, 0xFFFFFFFFU}) {
        Header odd;
        odd.rate = rate;
        EXPECT_THAT(refused(odd), HasSubstr(" Hz"));
    }
}

TEST(Wav, RefusesWhatIsNoWav) {
    for (const std::string text :
         {"", "RIFF", "hello, this is no sound at all", "RIFF\1\1\1\1AVI LIST", "RIFX\1\1\1\1WAVEfmt "}) {
        const auto sound = decode_wav(std::vector<std::uint8_t>(text.begin(), text.end()));
        ASSERT_FALSE(sound) << text;
        EXPECT_EQ(sound.error().code, base::Errc::invalid);
        EXPECT_THAT(sound.error().text, HasSubstr("no RIFF/WAVE header"));
    }
}

TEST(Wav, CutAtEveryByteItIsRefusedOrShorter) {
    Header header;
    header.extensible = true;
    header.list_before = true;
    const auto file = wav(header, std::vector<std::uint8_t>(40, 0x11));
    const std::size_t data_begin = file.size() - 40;
    for (std::size_t size = 0; size <= file.size(); ++size) {
        // A copy of exactly this size, so that a sanitizer sees any byte read beyond it.
        const std::vector<std::uint8_t> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
        const auto sound = decode_wav(cut);
        ASSERT_EQ(sound.has_value(), size >= data_begin) << size;
        if (sound) {
            EXPECT_EQ(sound->samples.size(), (size - data_begin) / 2) << size;
        }
    }
}

TEST(Wav, NoByteIsTrusted) {
    Header header;
    header.channels = 2;
    header.list_before = true;
    const auto good = wav(header, std::vector<std::uint8_t>(32, 0x22));
    std::mt19937 random(1);
    for (int round = 0; round < 50'000; ++round) {
        auto file = good;
        for (std::uint32_t changes = random() % 4 + 1; changes > 0; --changes)
            file[random() % file.size()] = static_cast<std::uint8_t>(random() % 3 == 0 ? 0xFF : random());
        file.resize(random() % 3 == 0 ? random() % (file.size() + 1) : file.size());
        file.shrink_to_fit();
        if (const auto sound = decode_wav(file)) {
            ASSERT_GE(sound->sample_rate, 8000);
            ASSERT_LE(sound->sample_rate, 192000);
            ASSERT_LE(sound->samples.size(), file.size() / 2);
        }
    }
}

TEST(Wav, WhatIsWrittenIsRead) {
    Pcm sound{{0.0F, 0.5F, -0.5F, 1.0F, -1.0F, 0.1F, 0.2F}, 22050};
    const auto back = decode_wav(encode_wav(sound));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->sample_rate, 22050);
    ASSERT_EQ(back->samples.size(), 7U);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_NEAR(back->samples[i], sound.samples[i], 1.0F / 32767.0F);
    const auto nothing = decode_wav(encode_wav(Pcm{{}, 24000}));
    ASSERT_TRUE(nothing);
    EXPECT_TRUE(nothing->samples.empty());
}

TEST(Wav, ChannelsLieSideBySideAndShorterOnesAreSilentAtTheEnd) {
    const Pcm channels[] = {{{0.5F, 0.5F, 0.5F}, 24000}, {{-0.5F}, 24000}};
    const auto file = encode_wav(channels);
    ASSERT_EQ(file.size(), 44U + 12U);
    EXPECT_EQ(file[22], 2) << "channels";
    EXPECT_EQ(file[32], 4) << "bytes of a frame";
    EXPECT_EQ(file[40], 12) << "bytes of data";
    const auto samples = from_s16le(std::span<const std::uint8_t>(file).subspan(44));
    EXPECT_EQ(samples, (std::vector<float>{0.5F, -0.5F, 0.5F, 0.0F, 0.5F, 0.0F}));
}

TEST(Wav, FilesNameThemselvesInTheirErrors) {
    const auto path =
        std::filesystem::temp_directory_path() / ("antiphon_wav_test_" + std::to_string(::getpid()) + ".wav");
    const auto missing = read_wav(path);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::not_found);
    EXPECT_THAT(missing.error().text, HasSubstr(path.string()));

    const std::vector<std::uint8_t> junk{'j', 'u', 'n', 'k'};
    ASSERT_TRUE(write_wav(path, junk));
    const auto damaged = read_wav(path);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, base::Errc::invalid);
    EXPECT_THAT(damaged.error().text, HasSubstr(path.string()));

    ASSERT_TRUE(write_wav(path, encode_wav(Pcm{{0.5F}, 16000})));
    const auto sound = read_wav(path);
    std::filesystem::remove(path);
    ASSERT_TRUE(sound);
    EXPECT_EQ(sound->samples, std::vector<float>{0.5F});
}

TEST(Wav, AFolderIsNeitherReadNorWritten) {
    const auto folder = std::filesystem::temp_directory_path();
    EXPECT_FALSE(read_wav(folder));
    const auto written = write_wav(folder, encode_wav(Pcm{{0.5F}, 16000}));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, base::Errc::unavailable);
}

}  // namespace
}  // namespace antiphon::audio
