#include "app/model_choice.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A catalog whose files are of one byte each, in a folder of its own.
class ModelChoiceTest : public ::testing::Test {
protected:
    ModelChoiceTest() : catalog_(*engine::Catalog::parse(catalog_text())) {
        std::string name = ::testing::TempDir() + "antiphon-models-XXXXXX";
        directory_ = mkdtemp(name.data());
        settings_.models_dir = directory_.string();
    }
    ~ModelChoiceTest() override { std::filesystem::remove_all(directory_); }

    static std::string model_text(const std::string& id, const std::string& purpose, const std::string& language) {
        return "[[model]]\nid = \"" + id + "\"\npurpose = \"" + purpose +
               "\"\nlicence = \"MIT\"\nprovenance = \"a test\"\nlanguages = [\"" + language +
               "\"]\n[[model.file]]\nname = \"file\"\n[[model.file.source]]\nkind = \"hub\"\nrepository = \"a/b\"\n"
               "revision = \"1\"\npath = \"file\"\nsize = 1\nsha256 = \"" +
               std::string(64, '0') + "\"\n";
    }

    static std::string catalog_text() {
        const auto set = [](const std::string& id, const std::string& models) {
            return "[[set]]\nid = \"" + id + "\"\nabout = \"a test\"\nmodels = [" + models + "]\n";
        };
        return "version = 1\ndefault_set = \"tiny\"\n" + set("tiny", R"("vad", "ears", "mind", "voice-en", "nearness")") +
               set("small", R"("vad", "better-ears", "mind", "voice-en", "voice-de")") +
               set("gpu", R"("vad", "best-ears", "mind", "voice-en", "voice-de")") +
               model_text("vad", "voice_detector", "*") + model_text("ears", "recognizer", "*") +
               model_text("better-ears", "recognizer", "*") + model_text("best-ears", "recognizer", "*") +
               model_text("mind", "language_model", "*") + model_text("voice-en", "voice", "en-US") +
               model_text("voice-de", "voice", "de-DE") + model_text("nearness", "embedder", "en");
    }

    void install(std::initializer_list<const char*> models, const std::string& content = "x") {
        for (const char* model : models) {
            std::filesystem::create_directories(directory_ / model);
            std::ofstream(directory_ / model / "file") << content;
        }
    }

    base::Result<ModelChoice> choose(Machine machine = {.cores = 2, .gpu = false}, const std::string& language = "") {
        return choose_models(settings_, language, machine, catalog_);
    }

    std::filesystem::path file(const std::string& model) const { return directory_ / model / "file"; }

    engine::Catalog catalog_;
    std::filesystem::path directory_;
    EngineSettings settings_;
};

TEST_F(ModelChoiceTest, TheDefaultSetIsChosenOnASmallMachine) {
    install({"vad", "ears", "better-ears", "best-ears", "mind", "voice-en", "voice-de"});
    const auto choice = choose();
    ASSERT_TRUE(choice) << choice.error().text;
    EXPECT_EQ(choice->set, "tiny");
    EXPECT_EQ(choice->voice_detector.file, file("vad"));
    EXPECT_EQ(choice->recognizer.file, file("ears"));
    EXPECT_EQ(choice->language_model.file, file("mind"));
    EXPECT_EQ(choice->voice.file, file("voice-en"));
    EXPECT_EQ(choice->recognizer.model, catalog_.model("ears"));
}

TEST_F(ModelChoiceTest, ALargerMachineGetsALargerSetIfItIsOnDisk) {
    install({"vad", "ears", "mind", "voice-en", "voice-de"});
    EXPECT_EQ(choose({.cores = 8, .gpu = true})->set, "tiny");
    install({"better-ears"});
    EXPECT_EQ(choose({.cores = 8, .gpu = true})->set, "small");
    install({"best-ears"});
    EXPECT_EQ(choose({.cores = 8, .gpu = false})->set, "small");
    EXPECT_EQ(choose({.cores = 8, .gpu = true})->set, "gpu");
    EXPECT_EQ(choose({.cores = 7, .gpu = false})->set, "tiny");
}

TEST_F(ModelChoiceTest, TheOnlySetOnDiskIsUsed) {
    install({"vad", "better-ears", "mind", "voice-en"});
    const auto choice = choose();
    ASSERT_TRUE(choice) << choice.error().text;
    EXPECT_EQ(choice->set, "small");
    EXPECT_THAT(choice->why, HasSubstr("no other set is on disk"));
}

TEST_F(ModelChoiceTest, ANamedSetWinsEvenWhenItIsNotThere) {
    install({"vad", "ears", "mind", "voice-en"});
    settings_.set = "gpu";
    const auto choice = choose();
    ASSERT_FALSE(choice);
    EXPECT_EQ(choice.error().code, base::Errc::unavailable);
    EXPECT_THAT(choice.error().text,
                AllOf(HasSubstr(file("best-ears").string() + " is missing"), HasSubstr("`antiphon models fetch gpu`")));
    install({"best-ears"});
    EXPECT_EQ(choose()->set, "gpu");
}

TEST_F(ModelChoiceTest, AnEmptyFolderNamesTheFirstFileAndTheCommand) {
    const auto choice = choose();
    ASSERT_FALSE(choice);
    EXPECT_THAT(choice.error().text,
                AllOf(HasSubstr(file("vad").string() + " is missing"), HasSubstr("run `antiphon models fetch tiny`")));
}

TEST_F(ModelChoiceTest, AFileOfAnotherSizeIsDamaged) {
    install({"vad", "ears", "voice-en"});
    install({"mind"}, "longer");
    const auto choice = choose();
    ASSERT_FALSE(choice);
    EXPECT_THAT(choice.error().text, HasSubstr(file("mind").string() + " is damaged (it has 6 bytes)"));
}

TEST_F(ModelChoiceTest, TheVoiceSpeaksTheCallersLanguageIfTheSetHasOne) {
    install({"vad", "better-ears", "mind", "voice-en", "voice-de"});
    settings_.set = "small";
    EXPECT_EQ(choose({}, "de")->voice.file, file("voice-de"));
    EXPECT_EQ(choose({}, "en-GB")->voice.file, file("voice-en"));
    EXPECT_EQ(choose({}, "fi")->voice.file, file("voice-en"));
}

TEST_F(ModelChoiceTest, ModelsMayBeNamedOneByOne) {
    install({"vad", "better-ears", "voice-en"});
    const auto own = directory_ / "own.gguf";
    std::ofstream(own) << "anything";
    settings_.recognizer_model = "better-ears";
    settings_.language_model = own.string();
    const auto choice = choose();
    ASSERT_TRUE(choice) << choice.error().text;
    EXPECT_EQ(choice->set, "tiny");
    EXPECT_EQ(choice->recognizer.file, file("better-ears"));
    EXPECT_EQ(choice->language_model.file, own);
    EXPECT_EQ(choice->language_model.model, nullptr);
}

TEST_F(ModelChoiceTest, AnEmbedderIsUsedIfItIsThereAndMissedByNobody) {
    install({"vad", "ears", "mind", "voice-en"});
    auto choice = choose();
    ASSERT_TRUE(choice) << choice.error().text;
    EXPECT_EQ(choice->set, "tiny");
    EXPECT_TRUE(choice->embedder.file.empty());
    EXPECT_THAT(choice->no_embedder, AllOf(HasSubstr(file("nearness").string() + " is missing"),
                                           HasSubstr("`antiphon models fetch nearness`")));
    install({"nearness"}, "longer");
    EXPECT_THAT(choose()->no_embedder, HasSubstr("is damaged"));

    install({"nearness"});
    choice = choose();
    EXPECT_EQ(choice->embedder.file, file("nearness"));
    EXPECT_EQ(choice->embedder.model, catalog_.model("nearness"));
    EXPECT_EQ(choice->no_embedder, "");

    settings_.embedder_model = "none";
    EXPECT_TRUE(choose()->embedder.file.empty());
    EXPECT_EQ(choose()->no_embedder, "embedder.model is none");

    install({"better-ears"});
    settings_.set = "small";
    settings_.embedder_model.clear();
    EXPECT_EQ(choose()->no_embedder, "the set small has none");
    settings_.embedder_model = "nearness";
    EXPECT_EQ(choose()->embedder.file, file("nearness"));
}

TEST_F(ModelChoiceTest, AnEmbedderThatTheSettingsNameMustBeThere) {
    install({"vad", "ears", "mind", "voice-en"});
    settings_.embedder_model = "nearness";
    EXPECT_EQ(choose().error().code, base::Errc::unavailable);
    settings_.embedder_model = "mind";
    EXPECT_THAT(choose().error().text, HasSubstr("embedder.model is mind, which is a language_model, not an embedder"));
    settings_.embedder_model = "nobody";
    EXPECT_EQ(choose().error().code, base::Errc::not_found);
}

TEST_F(ModelChoiceTest, UnknownNamesAndWrongPurposesAreRefused) {
    install({"vad", "ears", "mind", "voice-en"});
    settings_.recognizer_model = "no-such-ears";
    EXPECT_EQ(choose().error().code, base::Errc::not_found);
    EXPECT_THAT(choose().error().text, HasSubstr("recognizer.model is no-such-ears"));
    settings_.recognizer_model = "mind";
    EXPECT_EQ(choose().error().code, base::Errc::invalid);
    EXPECT_THAT(choose().error().text, HasSubstr("which is a language_model, not a recognizer"));
    settings_.recognizer_model = "better-ears";
    EXPECT_THAT(choose().error().text, HasSubstr("`antiphon models fetch better-ears`"));
}

TEST_F(ModelChoiceTest, EveryServableSetOfTheRealCatalogIsComplete) {
    for (const char* set : {"tiny", "small", "gpu"})
        for (const auto purpose : {engine::Purpose::voice_detector, engine::Purpose::recognizer,
                                   engine::Purpose::language_model, engine::Purpose::voice})
            EXPECT_NE(engine::Catalog::embedded().first_of(purpose, set), nullptr) << set << " " << name_of(purpose);
}

TEST_F(ModelChoiceTest, EveryInstalledVoiceOfAnotherLanguageIsChosen) {
    install({"vad", "ears", "mind", "voice-en", "voice-de"});
    const auto choice = choose();
    ASSERT_TRUE(choice) << choice.error().text;
    EXPECT_EQ(choice->voice.file, file("voice-en"));
    ASSERT_EQ(choice->more_voices.size(), 1U);
    EXPECT_EQ(choice->more_voices[0].file, file("voice-de"));
}

TEST_F(ModelChoiceTest, TheSettingsSayWhoSpeaksALanguage) {
    install({"vad", "ears", "mind", "voice-en", "voice-de"});
    settings_.voices = {"sv-SE=sv-SE-SofieNeural", "de=espeak-de", "en=voice-en"};
    const auto choice = choose();
    ASSERT_TRUE(choice) << choice.error().text;
    EXPECT_TRUE(choice->more_voices.empty());
    EXPECT_EQ(choice->voice_of_language.at("sv"), "sv-SE-SofieNeural");
    EXPECT_EQ(choice->voice_of_language.at("de"), "espeak-de");
    EXPECT_EQ(choice->voice_of_language.at("en"), file("voice-en").string());
    for (const char* entry : {"voice-en", "=voice-en", "en=", ""}) {
        settings_.voices = {entry};
        const auto refused = choose();
        ASSERT_FALSE(refused) << entry;
        EXPECT_EQ(refused.error().param, "synthesizer.voices");
    }
    settings_.voices = {"en=ears"};
    EXPECT_THAT(choose().error().text, HasSubstr("which is a recognizer, not a voice"));
}

TEST_F(ModelChoiceTest, EdgeAndEspeakNeedNoPiperVoice) {
    install({"vad", "ears", "mind"});
    EXPECT_FALSE(choose());
    settings_.synthesizer_backend = "piper";
    EXPECT_FALSE(choose());
    for (const char* backend : {"edge", "espeak"}) {
        settings_.synthesizer_backend = backend;
        const auto choice = choose();
        ASSERT_TRUE(choice) << choice.error().text;
        EXPECT_TRUE(choice->voice.file.empty());
    }
    install({"voice-en", "voice-de"});
    EXPECT_TRUE(choose()->voice.file.empty());
    EXPECT_TRUE(choose()->more_voices.empty());
    settings_.synthesizer_backend = "edge";
    EXPECT_EQ(choose()->voice.file, file("voice-en"));
}

}  // namespace
}  // namespace antiphon::app
