#include "engine/voice_choice.hpp"

#include "engine/language_tag.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace antiphon::engine {
namespace {

/// Speaks one language with one voice: ten samples of its level for each utterance.
class OneVoice final : public Synthesizer {
public:
    OneVoice(std::string name, std::string language, float level, int sample_rate = 24'000)
        : name_(std::move(name)), language_(std::move(language)), level_(level), sample_rate_(sample_rate) {}

    base::Result<void> synthesize(const Utterance& utterance, const Sink& sink, std::stop_token stop) override {
        ++asked;
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped");
        if (!utterance.voice.empty() && utterance.voice != name_)
            return base::error(base::Errc::unsupported, "no such voice", "voice");
        if (!speaks(language_, utterance.language)) return base::error(base::Errc::unsupported, "no", "language");
        if (!broken_early.empty()) return base::error(base::Errc::engine, broken_early);
        sink({std::vector<float>(static_cast<std::size_t>(sample_rate_ / 10), level_), sample_rate_});
        if (broken_late) return base::error(base::Errc::engine, "broke off");
        if (stop.stop_requested()) return base::error(base::Errc::cancelled, "stopped");
        return {};
    }
    std::vector<std::string> voices() const override { return {name_}; }
    int sample_rate() const noexcept override { return sample_rate_; }

    int asked = 0;
    std::string broken_early;
    bool broken_late = false;

private:
    std::string name_;
    std::string language_;
    float level_;
    int sample_rate_;
};

class Choosing : public testing::Test {
protected:
    Choosing() { EXPECT_TRUE(choose({})); }

    OneVoice* add(std::vector<VoiceChoice::Source>& to, std::unique_ptr<OneVoice> voice, const std::string& language) {
        OneVoice* kept = voice.get();
        const std::string name = voice->voices().front();
        to.push_back({name, std::move(voice), {{name, language}}});
        return kept;
    }
    base::Result<void> choose(std::map<std::string, std::string> voice_of_language) {
        std::vector<VoiceChoice::Source> sources;
        joe_ = add(sources, std::make_unique<OneVoice>("joe", "en-US", 0.1F), "en-US");
        nst_ = add(sources, std::make_unique<OneVoice>("nst", "sv-SE", 0.2F), "sv-SE");
        far_ = add(sources, std::make_unique<OneVoice>("far", "sv-SE", 0.3F), "sv-SE");
        robot_ = add(sources, std::make_unique<OneVoice>("robot", "sv", 0.4F, 48'000), "sv");
        VoiceChoice::Settings settings;
        settings.voice_of_language = std::move(voice_of_language);
        settings.clock = [this] { return now_; };
        auto choice = VoiceChoice::open(std::move(sources), std::move(settings));
        if (!choice) return choice.error();
        choice_ = std::move(*choice);
        return {};
    }

    /// The level of what was said; 0 for nothing.
    float said(const Utterance& utterance) {
        std::vector<float> all;
        end_ = choice_->synthesize(
            utterance,
            [&](const audio::Pcm& chunk) {
                EXPECT_EQ(chunk.sample_rate, choice_->sample_rate());
                all.insert(all.end(), chunk.samples.begin(), chunk.samples.end());
            },
            {});
        if (all.empty()) return 0.0F;
        EXPECT_NEAR(base::seconds(audio::duration_of(all.size(), choice_->sample_rate())), 0.1, 0.001);
        return std::round(all[all.size() / 2] * 100.0F) / 100.0F;
    }

    base::Time now_{std::chrono::hours(1)};
    OneVoice* joe_ = nullptr;
    OneVoice* nst_ = nullptr;
    OneVoice* far_ = nullptr;
    OneVoice* robot_ = nullptr;
    std::unique_ptr<VoiceChoice> choice_;
    base::Result<void> end_;
};

TEST_F(Choosing, TheFirstThatSpeaksTheLanguage) {
    EXPECT_EQ(said({"Hello", "en", "", 1.0F}), 0.1F);
    EXPECT_EQ(said({"Hej", "sv-FI", "", 1.0F}), 0.2F);
    EXPECT_EQ(said({"Hello", "", "", 1.0F}), 0.1F);
    EXPECT_EQ(said({"Hallo", "de", "", 1.0F}), 0.0F);
    EXPECT_EQ(end_.error().code, base::Errc::unsupported);
    EXPECT_EQ(end_.error().param, "language");
}

TEST_F(Choosing, ANameGoesFirstAndAnotherLanguagePassesItOver) {
    EXPECT_EQ(said({"Hej", "sv", "far", 1.0F}), 0.3F);
    EXPECT_EQ(said({"Hej", "", "robot", 1.0F}), 0.4F);
    EXPECT_EQ(said({"Hej", "sv", "joe", 1.0F}), 0.2F);
    EXPECT_EQ(said({"Hej", "sv", "nobody", 1.0F}), 0.0F);
    EXPECT_EQ(end_.error().param, "voice");
    EXPECT_EQ(choice_->voices(), (std::vector<std::string>{"joe", "nst", "far", "robot"}));
    EXPECT_EQ(choice_->named_voices().at(1).language, "sv-SE");
}

TEST_F(Choosing, TheSettingsGiveALanguageItsVoice) {
    ASSERT_TRUE(choose({{"sv", "robot"}}));
    EXPECT_EQ(said({"Hej", "sv-SE", "", 1.0F}), 0.4F);
    EXPECT_EQ(said({"Hej", "sv", "nst", 1.0F}), 0.2F);
    const auto unknown = choose({{"sv", "nobody"}});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, base::Errc::invalid);
    EXPECT_FALSE(VoiceChoice::open({}, {}));
}

TEST_F(Choosing, OneThatFailsIsReplacedAndRests) {
    nst_->broken_early = "cannot be reached";
    EXPECT_EQ(said({"Hej", "sv", "", 1.0F}), 0.3F);
    EXPECT_TRUE(end_);
    EXPECT_EQ(said({"Hej", "sv", "", 1.0F}), 0.3F);
    EXPECT_EQ(nst_->asked, 1);
    nst_->broken_early.clear();
    now_ += std::chrono::seconds(31);
    EXPECT_EQ(said({"Hej", "sv", "", 1.0F}), 0.2F);
    EXPECT_EQ(said({"Hej", "sv", "", 1.0F}), 0.2F);
}

TEST_F(Choosing, OneThatRestsIsAskedWhenNoOtherSpeaksTheLanguage) {
    joe_->broken_early = "cannot be reached";
    EXPECT_EQ(said({"Hello", "en", "", 1.0F}), 0.0F);
    EXPECT_EQ(end_.error().text, "cannot be reached");
    joe_->broken_early.clear();
    EXPECT_EQ(said({"Hello", "en", "", 1.0F}), 0.1F);
}

TEST_F(Choosing, WhoBreaksOffInTheMiddleIsNotTalkedOver) {
    nst_->broken_late = true;
    EXPECT_EQ(said({"Hej", "sv", "", 1.0F}), 0.2F);
    ASSERT_FALSE(end_);
    EXPECT_EQ(end_.error().code, base::Errc::engine);
    EXPECT_EQ(far_->asked, 0);
}

TEST_F(Choosing, AStopIsNoFailure) {
    std::stop_source stop;
    stop.request_stop();
    const auto end = choice_->synthesize({"Hej", "sv", "", 1.0F}, [](const audio::Pcm&) { FAIL(); }, stop.get_token());
    ASSERT_FALSE(end);
    EXPECT_EQ(end.error().code, base::Errc::cancelled);
    EXPECT_EQ(said({"Hej", "sv", "", 1.0F}), 0.2F);
}

}  // namespace
}  // namespace antiphon::engine
