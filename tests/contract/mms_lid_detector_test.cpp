#include "engine/mms_lid/mms_lid_detector.hpp"

#include "contract/hearing_sounds.hpp"
#include "contract/mms_lid_reference.hpp"
#include "engine/mms_lid/network.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>
#include <sys/resource.h>
#include <thread>

namespace antiphon::contract {
namespace {

using engine::mms_lid::MmsLidDetector;
using engine::mms_lid::MmsLidSettings;

std::unique_ptr<MmsLidDetector> tiny(MmsLidSettings settings = {}) {
    settings.folder = tiny_mms_lid();
    auto detector = MmsLidDetector::open(settings);
    if (!detector) throw std::runtime_error(detector.error().text);
    return *std::move(detector);
}

/// Speech of so many seconds, the address over and over.
std::vector<float> speech(std::size_t seconds) {
    std::vector<float> sound;
    while (sound.size() < seconds * 16000) {
        const auto& more = kennedy().samples;
        sound.insert(sound.end(), more.begin(), more.end());
    }
    sound.resize(seconds * 16000);
    return sound;
}

bool same(const std::vector<engine::LanguageDetector::Finding>& a, const std::vector<engine::LanguageDetector::Finding>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
        return x.language == y.language && std::abs(x.confidence - y.confidence) < 1e-4F;
    });
}

/// The small model's folder, to be damaged.
class Copy {
public:
    Copy() {
        std::string pattern = (std::filesystem::temp_directory_path() / "antiphon-mms-lid-XXXXXX").string();
        if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = pattern;
        for (const char* name : {"model.onnx", "labels.json", "preprocessor_config.json"})
            write(name, bytes_of(tiny_mms_lid() / name));
    }
    ~Copy() { std::filesystem::remove_all(folder_); }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    void write(const std::string& name, const std::string& bytes) const {
        std::ofstream(folder_ / name, std::ios::binary) << bytes;
    }
    void remove(const std::string& name) const { std::filesystem::remove(folder_ / name); }
    base::Result<std::unique_ptr<MmsLidDetector>> open() const { return MmsLidDetector::open({.folder = folder_}); }

    void expect_refused(base::Errc code, const std::string& file) const {
        const auto detector = open();
        ASSERT_FALSE(detector) << file;
        EXPECT_EQ(detector.error().code, code) << detector.error().text;
        EXPECT_NE(detector.error().text.find((folder_ / file).string()), std::string::npos) << detector.error().text;
        EXPECT_EQ(detector.error().text.find('\n'), std::string::npos) << detector.error().text;
    }

private:
    std::filesystem::path folder_;
};

TEST(MmsLidDetector, SaysWhatItTakesAndKnows) {
    const auto detector = tiny({.parallel = 3, .longest = std::chrono::seconds(20)});
    EXPECT_EQ(detector->parallel(), 3U);
    EXPECT_EQ(detector->min_duration(), std::chrono::milliseconds(500));
    EXPECT_EQ(detector->max_duration(), std::chrono::seconds(20));
    const std::vector<std::string> expected{"ar", "ceb", "de", "en", "fr", "ka", "no", "sv", "sw", "yue", "zh"};
    EXPECT_EQ(detector->languages(), expected);
}

TEST(MmsLidDetector, SoundThatCannotBeIsRefused) {
    const auto detector = tiny();
    const auto refused = [&](const std::vector<float>& sound) {
        const auto findings = detector->detect(sound, {});
        ASSERT_FALSE(findings);
        EXPECT_EQ(findings.error().code, base::Errc::invalid) << findings.error().text;
    };
    refused({});
    refused({0.5F});
    refused(std::vector<float>(399, 0.5F));
    refused(kennedy(0.35, 0.84).samples);
    for (const float poison : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        auto sound = kennedy(0.0, 2.0).samples;
        sound[777] = poison;
        refused(sound);
    }
    EXPECT_TRUE(detector->detect(kennedy(0.35, 0.86).samples, {}));
}

TEST(MmsLidDetector, AnEnormousSampleDoesNoHarm) {
    const auto detector = tiny();
    auto sound = kennedy(0.0, 2.0).samples;
    const auto before = detector->detect(sound, {});
    sound[1000] = 1e30F;
    const auto strange = detector->detect(sound, {});
    EXPECT_TRUE(strange) << strange.error().text;
    sound = kennedy(0.0, 2.0).samples;
    const auto after = detector->detect(sound, {});
    ASSERT_TRUE(before && after);
    EXPECT_TRUE(same(*before, *after));
}

TEST(MmsLidDetector, NobodySpeaksInSilenceAndSteadyNoise) {
    const auto detector = tiny();
    for (const Noise kind : kSteadyNoises) {
        const auto findings = detector->detect(noise(kind, 2.0, -30.0F).samples, {});
        ASSERT_TRUE(findings) << findings.error().text;
        EXPECT_TRUE(findings->empty()) << static_cast<int>(kind);
    }
    const auto speech_found = detector->detect(kennedy(0.3, 3.0).samples, {});
    ASSERT_TRUE(speech_found);
    EXPECT_FALSE(speech_found->empty());
}

TEST(MmsLidDetector, LooksAtTheLastPartOfALongSound) {
    const auto detector = tiny({.longest = std::chrono::seconds(3)});
    const auto all = detector->detect(kennedy().samples, {});
    const auto last = detector->detect(std::span<const float>(kennedy().samples).last(48000), {});
    const auto first = detector->detect(std::span<const float>(kennedy().samples).first(48000), {});
    ASSERT_TRUE(all && last && first);
    EXPECT_TRUE(same(*all, *last));
    EXPECT_FALSE(same(*all, *first));
}

TEST(MmsLidDetector, SeveralThreadsFindWhatOneFinds) {
    const std::vector<audio::Pcm> sounds{kennedy(0.0, 2.3), kennedy(3.1, 7.8), kennedy(0.0, 7.9), kennedy(5.0, 11.0)};
    for (const std::size_t parallel : {std::size_t{1}, std::size_t{3}}) {
        const auto detector = tiny({.parallel = parallel});
        std::vector<std::vector<engine::LanguageDetector::Finding>> alone;
        for (const auto& sound : sounds) alone.push_back(*detector->detect(sound.samples, {}));
        std::vector<int> right(8, 0);
        {
            std::vector<std::jthread> threads;
            for (std::size_t t = 0; t < right.size(); ++t)
                threads.emplace_back([&, t] {
                    for (std::size_t i = 0; i < 4; ++i) {
                        const std::size_t which = (t + i) % sounds.size();
                        const auto findings = detector->detect(sounds[which].samples, {});
                        right[t] += findings && same(*findings, alone[which]) ? 1 : 0;
                    }
                });
        }
        for (const int count : right) EXPECT_EQ(count, 4);
    }
}

TEST(MmsLidDetector, StoppedBeforeItBegan) {
    const auto detector = tiny();
    std::stop_source stop;
    stop.request_stop();
    const auto findings = detector->detect(kennedy().samples, stop.get_token());
    ASSERT_FALSE(findings);
    EXPECT_EQ(findings.error().code, base::Errc::cancelled);
}

TEST(MmsLidDetector, StoppedWhileItWorksOrWaits) {
    const auto detector = tiny({.threads = 1, .longest = std::chrono::seconds(30)});
    const auto sound = speech(30);
    const auto expected = detector->detect(kennedy(0.0, 2.0).samples, {});
    // Eight at one place: the first is in the network when the stop comes, the others wait for it.
    std::stop_source stop;
    std::vector<std::chrono::steady_clock::time_point> back(8);
    std::vector<int> cancelled(8, 0);
    std::chrono::steady_clock::time_point asked;
    {
        std::vector<std::jthread> threads;
        for (std::size_t t = 0; t < back.size(); ++t)
            threads.emplace_back([&, t] {
                const auto findings = detector->detect(sound, stop.get_token());
                back[t] = std::chrono::steady_clock::now();
                cancelled[t] = !findings && findings.error().code == base::Errc::cancelled ? 1 : 0;
            });
        // The moment of the stop is what is varied here; nothing is waited for.
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        asked = std::chrono::steady_clock::now();
        stop.request_stop();
    }
    EXPECT_GE(std::count(cancelled.begin(), cancelled.end(), 1), 6);
    // 50 ms is the promise; a loaded test machine gets ten times as long.
    for (const auto& when : back) EXPECT_LT(when - asked, std::chrono::milliseconds(500));
    const auto after = detector->detect(kennedy(0.0, 2.0).samples, {});
    ASSERT_TRUE(expected && after);
    EXPECT_TRUE(same(*expected, *after));
}

TEST(MmsLidDetector, TheNetworkItselfEndsWhenItIsToldTo) {
    auto network = engine::mms_lid::Network::open(tiny_mms_lid() / "model.onnx", 12, 1);
    ASSERT_TRUE(network) << network.error().text;
    Ort::RunOptions options;
    options.SetTerminate();
    const auto ended = (*network)->logits(speech(30), options);
    ASSERT_FALSE(ended);
    EXPECT_EQ(ended.error().code, base::Errc::engine);
    EXPECT_TRUE((*network)->logits(speech(1), Ort::RunOptions()));
}

/// The nice values of this process's threads (the 17th number behind the name, proc(5)).
std::vector<int> nice_values() {
    std::vector<int> values;
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
        const std::string line = bytes_of(task.path() / "stat");
        std::istringstream rest(line.substr(line.rfind(')') + 1));
        std::string word;
        for (int i = 0; i < 17 && rest >> word; ++i) continue;
        values.push_back(std::stoi(word));
    }
    return values;
}

TEST(MmsLidDetector, GivesWayToEverythingElse) {
    const int own = getpriority(PRIO_PROCESS, 0);
    if (own >= 10) GTEST_SKIP() << "the test itself gives way";
    const auto slower = [&](const auto& values) { return std::count(values.begin(), values.end(), 10); };
    const auto before = slower(nice_values());
    const auto detector = tiny({.threads = 3, .parallel = 2});
    ASSERT_TRUE(detector->detect(kennedy(0.0, 2.0).samples, {}));
    EXPECT_GE(slower(nice_values()) - before, 3);  // ONNX Runtime's two besides ours, and the one of ours that looked
    EXPECT_EQ(getpriority(PRIO_PROCESS, 0), own);
}

TEST(MmsLidDetector, SettingsOutOfRangeAreRefused) {
    for (const auto& settings : {MmsLidSettings{.threads = 0}, MmsLidSettings{.threads = 65}, MmsLidSettings{.parallel = 0},
                                 MmsLidSettings{.parallel = 17}, MmsLidSettings{.longest = std::chrono::milliseconds(999)},
                                 MmsLidSettings{.longest = std::chrono::seconds(31)}}) {
        auto with_folder = settings;
        with_folder.folder = tiny_mms_lid();
        const auto detector = MmsLidDetector::open(with_folder);
        ASSERT_FALSE(detector);
        EXPECT_EQ(detector.error().code, base::Errc::invalid);
    }
}

TEST(MmsLidModel, AMissingFileIsNamed) {
    EXPECT_EQ(MmsLidDetector::open({.folder = "no/such/folder"}).error().code, base::Errc::unavailable);
    for (const char* name : {"model.onnx", "labels.json", "preprocessor_config.json"}) {
        const Copy copy;
        copy.remove(name);
        copy.expect_refused(base::Errc::unavailable, name);
    }
}

TEST(MmsLidModel, ADamagedNetworkIsRefused) {
    const std::string whole = bytes_of(tiny_mms_lid() / "model.onnx");
    const Copy copy;
    for (const std::string& damaged : {std::string(), std::string("this is no model"), std::string(100000, '\xA5'),
                                       whole.substr(0, 10), whole.substr(0, 1000), whole.substr(0, whole.size() / 2),
                                       whole.substr(0, whole.size() - 1)}) {
        copy.write("model.onnx", damaged);
        copy.expect_refused(base::Errc::engine, "model.onnx");
    }
    // Weights that are no numbers: a tensor's bytes lie right behind its name.
    const std::string name = "model.wav2vec2.feature_projection.projection.bias";
    std::string poisoned = whole;
    const std::size_t at = poisoned.rfind(name);
    ASSERT_NE(at, std::string::npos);
    std::fill_n(poisoned.begin() + static_cast<std::ptrdiff_t>(at + name.size() + 8), 64, '\xFF');
    copy.write("model.onnx", poisoned);
    copy.expect_refused(base::Errc::engine, "model.onnx");
}

TEST(MmsLidModel, AnotherNetworkIsRefused) {
    std::string other = bytes_of(tiny_mms_lid() / "model.onnx");
    for (std::size_t at = other.find("input_values"); at != std::string::npos; at = other.find("input_values", at))
        other.replace(at, 12, "input_tokens");
    const Copy copy;
    copy.write("model.onnx", other);
    copy.expect_refused(base::Errc::engine, "model.onnx");
}

TEST(MmsLidModel, LabelsThatDoNotFitAreRefused) {
    const Copy copy;
    for (const char* labels : {"", "{", "{}", "[]", R"(["eng"])", R"(["eng", 3])", R"(["eng", "eng"])", R"(["eng", "LABEL_1"])",
                               R"(["eng", ""])", R"(["eng", "<script>"])"}) {
        copy.write("labels.json", labels);
        copy.expect_refused(base::Errc::engine, "labels.json");
    }
    copy.write("labels.json", std::string(2'000'000, ' '));
    copy.expect_refused(base::Errc::engine, "labels.json");
    // Right in itself, but the network has twelve.
    copy.write("labels.json", R"(["eng", "swe", "deu"])");
    copy.expect_refused(base::Errc::engine, "model.onnx");
}

TEST(MmsLidModel, APreparationOfAnotherKindIsRefused) {
    const Copy copy;
    for (const char* settings : {"", "[]", "{}", R"({"do_normalize": true, "feature_size": 1, "sampling_rate": 8000})",
                                 R"({"do_normalize": true, "feature_size": 80, "sampling_rate": 16000})",
                                 R"({"feature_size": 1, "sampling_rate": 16000})",
                                 R"({"do_normalize": "yes", "feature_size": 1, "sampling_rate": 16000})",
                                 R"({"do_normalize": true, "feature_size": "one", "sampling_rate": 16000})"}) {
        copy.write("preprocessor_config.json", settings);
        copy.expect_refused(base::Errc::engine, "preprocessor_config.json");
    }
}

TEST(MmsLidModel, AModelThatWantsNoNormalisationGetsNone) {
    const auto sound = kennedy(0.0, 2.0).samples;
    const Copy copy;
    copy.write("preprocessor_config.json", R"({"do_normalize": false, "feature_size": 1, "sampling_rate": 16000})");
    const auto without = copy.open();
    ASSERT_TRUE(without) << without.error().text;
    const auto plain = (*without)->detect(sound, {});
    const auto normalised = tiny()->detect(sound, {});
    ASSERT_TRUE(plain && normalised);
    EXPECT_FALSE(same(*plain, *normalised));
}

}  // namespace
}  // namespace antiphon::contract
