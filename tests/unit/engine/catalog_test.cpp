#include "engine/catalog.hpp"
#include "source_folder.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>

namespace antiphon::engine {
namespace {

const std::string kHash(64, 'a');

/// A small catalog that is right; the tests break it one place at a time.
std::string good() {
    return R"(version = 1
default_set = "one"
[[set]]
id = "one"
about = "a set"
models = ["ears"]
[[set]]
id = "two"
about = "another"
models = ["mouth"]
includes = ["one"]
[[model]]
id = "ears"
purpose = "recognizer"
licence = "MIT"
provenance = "somebody"
languages = ["*"]
[[model.file]]
name = "ears.bin"
[[model.file.source]]
kind = "hub"
size = 10
sha256 = ")" +
           kHash + R"("
repository = "owner/name"
revision = "main"
path = "folder/ears.bin"
[[model.file.source]]
kind = "pypi"
size = 11
sha256 = ")" +
           std::string(64, 'b') + R"("
wheels = [{ package = "ears", version = "1.0", size = 5, sha256 = ")" +
           kHash + R"(" }]
parts = [{ wheel = "ears", path = "ears/model.bin" }]
convert = "ct2-to-ggml"
input_size = 12
input_sha256 = ")" +
           kHash + R"("
vocabulary = { wheel = "ears", path = "ears/vocabulary.txt" }
[[model]]
id = "mouth"
purpose = "voice"
licence = "CC0"
provenance = "somebody else"
languages = ["sv-SE"]
[[model.file]]
name = "mouth.onnx"
[[model.file.source]]
kind = "hub"
size = 20
sha256 = ")" +
           kHash + R"("
repository = "owner/name"
revision = "v1"
path = "mouth.onnx"
[[model]]
id = "later"
purpose = "language_detector"
licence = "CC0"
provenance = "somebody"
languages = ["*"]
unavailable = "it needs an export"
)";
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
}

TEST(Catalog, ReadsModelsFilesSourcesAndSets) {
    const auto catalog = Catalog::parse(good());
    ASSERT_TRUE(catalog) << catalog.error().text;
    ASSERT_EQ(catalog->models().size(), 3U);
    const Model* ears = catalog->model("ears");
    ASSERT_NE(ears, nullptr);
    EXPECT_EQ(ears->purpose, Purpose::recognizer);
    EXPECT_EQ(ears->size(), 10U);
    ASSERT_EQ(ears->files.size(), 1U);
    ASSERT_EQ(ears->files[0].sources.size(), 2U);
    const auto& hub = std::get<HubSource>(ears->files[0].sources[0].from);
    EXPECT_EQ(hub.repository + "@" + hub.revision + ":" + hub.path, "owner/name@main:folder/ears.bin");
    const auto& pypi = std::get<PypiSource>(ears->files[0].sources[1].from);
    EXPECT_EQ(pypi.wheels.at(0).version, "1.0");
    EXPECT_EQ(pypi.wheels.at(0).size, 5U);
    EXPECT_EQ(pypi.convert, PypiSource::Conversion::ct2_to_ggml);
    EXPECT_EQ(pypi.input_size, 12U);
    EXPECT_EQ(pypi.vocabulary.path, "ears/vocabulary.txt");

    EXPECT_TRUE(ears->files[0].has_size(11));
    EXPECT_FALSE(ears->files[0].has_size(12));
    EXPECT_EQ(ears->files[0].source_of(kHash), &ears->files[0].sources[0]);
    EXPECT_EQ(ears->files[0].source_of(std::string(64, 'c')), nullptr);
    EXPECT_EQ(catalog->model("later")->unavailable, "it needs an export");

    EXPECT_EQ(catalog->default_set(), "one");
    EXPECT_EQ(catalog->set("two")->models, (std::vector<std::string>{"mouth", "ears"}));
    EXPECT_EQ(catalog->first_of(Purpose::voice, "two"), catalog->model("mouth"));
    EXPECT_EQ(catalog->first_of(Purpose::voice, "one"), nullptr);
    EXPECT_EQ(catalog->first_of(Purpose::voice, "none"), nullptr);
}

TEST(Catalog, SelectsByNamesOfSetsAndModelsEachOnce) {
    const auto catalog = Catalog::parse(good());
    ASSERT_TRUE(catalog);
    const Model* ears = catalog->model("ears");
    const Model* mouth = catalog->model("mouth");
    EXPECT_EQ(*catalog->select({"ears", "two", "one"}), (std::vector<const Model*>{ears, mouth}));
    EXPECT_EQ(catalog->select({})->size(), 3U);
    const auto unknown = catalog->select({"nose"});
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().code, base::Errc::not_found);
    EXPECT_NE(unknown.error().text.find("one, two"), std::string::npos) << unknown.error().text;
}

struct Bad {
    const char* from;
    const char* to;
    const char* complaint;  ///< a part of it
};

TEST(Catalog, RefusesEachKindOfMistakeWithItsPlace) {
    const Bad all[] = {
        {"version = 1", "version = 2", "version 1"},
        {"version = 1", "", "`version`"},
        {"version = 1", "version = 1\nverion = 1", "unknown key `verion`"},
        {"version = 1", "version = ", "line 1"},
        {"default_set = \"one\"", "default_set = \"three\"", "default set 'three'"},
        {"default_set = \"one\"", "default_set = 1", "`default_set`"},
        {"models = [\"ears\"]", "models = [\"nose\"]", "set 'one': there is no model 'nose'"},
        {"models = [\"ears\"]", "models = [\"later\"]", "'later' cannot be fetched"},
        {"models = [\"ears\"]", "models = [\"ears\", \"ears\"]", "twice"},
        {"models = [\"ears\"]", "models = []", "not empty"},
        {"models = [\"ears\"]", "models = [1]", "texts only"},
        {"includes = [\"one\"]", "includes = [\"two\"]", "no set 'two' above"},
        {"id = \"two\"", "id = \"one\"", "set 'one': is there twice"},
        {"id = \"two\"", "id = \"ears\"", "a model has the same name"},
        {"id = \"mouth\"", "id = \"ears\"", "model 'ears': is there twice"},
        {"id = \"ears\"", "id = \"../ears\"", "no plain name"},
        {"id = \"ears\"", "id = \".hidden\"", "no plain name"},
        {"purpose = \"recognizer\"", "purpose = \"nose\"", "model 'ears': unknown purpose 'nose'"},
        {"licence = \"MIT\"", "licence = \"\"", "model 'ears': `licence`"},
        {"licence = \"MIT\"\n", "", "`licence`"},
        {"languages = [\"*\"]", "languages = [\"s v\"]", "'s v' is no language"},
        {"name = \"ears.bin\"", "name = \"a/ears.bin\"", "plain file name"},
        {"name = \"ears.bin\"", "name = \"..\"", "plain file name"},
        {"name = \"ears.bin\"", "name = \"ears.part\"", ".part"},
        {"size = 10", "size = 0", "above 0"},
        {"size = 10", "size = -1", "above 0"},
        {"size = 10", "size = \"10\"", "`size`"},
        {"kind = \"hub\"", "kind = \"ftp\"", "model 'ears', file 1, source 1: unknown kind of source 'ftp'"},
        {"repository = \"owner/name\"", "repository = \"name\"", "owner/name"},
        {"repository = \"owner/name\"", "repository = \"a/b/c\"", "owner/name"},
        {"revision = \"main\"", "revision = \"main/../x\"", "revision"},
        {"path = \"folder/ears.bin\"", "path = \"/etc/passwd\"", "relative path"},
        {"path = \"folder/ears.bin\"", "path = \"a/../../b\"", "relative path"},
        {"path = \"folder/ears.bin\"", "path = \"ears.bin?x=1\"", "relative path"},
        {"path = \"folder/ears.bin\"", "path = \"ears.bin\"\nsha1 = \"x\"", "unknown key `sha1`"},
        {"package = \"ears\"", "package = \"ears --index-url=x\"", "package name"},
        {"package = \"ears\"", "package = \"-e\"", "package name"},
        {"version = \"1.0\"", "version = \"1.0 ; x\"", "no version"},
        {"wheel = \"ears\", path = \"ears/model.bin\"", "wheel = \"nose\", path = \"ears/model.bin\"",
         "none of this source's wheels"},
        {"parts = [{ wheel = \"ears\", path = \"ears/model.bin\" }]", "parts = []", "not empty"},
        {"parts = [{ wheel = \"ears\", path = \"ears/model.bin\" }]", "parts = [1]", "must be a table"},
        {"convert = \"ct2-to-ggml\"", "convert = \"magic\"", "unknown conversion 'magic'"},
        {"convert = \"ct2-to-ggml\"\n", "", "unknown key `input_s"},
        {"convert = \"ct2-to-ggml\"", "convert = \"bert-to-gguf\"", "`config` must be a table"},
        {"convert = \"ct2-to-ggml\"", "convert = \"ct2-to-ggml\"\nconfig = 1", "unknown key `config`"},
        {"input_size = 12\n", "", "`input_size`"},
        {"vocabulary = { wheel = \"ears\", path = \"ears/vocabulary.txt\" }", "vocabulary = 1", "`vocabulary`"},
        {"unavailable = \"it needs an export\"", "", "`file`"},
        {"unavailable = \"it needs an export\"", "unavailable = \"no\"\n[[model.file]]\nname = \"x\"",
         "unknown key `file`"},
        {"sha256 = \"aaaa", "sha256 = \"AAAA", "sha256"},
        {"sha256 = \"aaaa", "sha256 = \"aaa", "sha256"},
        {"sha256 = \"bbbb", "sha256 = \"gbbb", "sha256"},
    };
    for (const Bad& bad : all) {
        const auto catalog = Catalog::parse(replaced(good(), bad.from, bad.to));
        ASSERT_FALSE(catalog) << bad.from << " -> " << bad.to;
        EXPECT_EQ(catalog.error().code, base::Errc::invalid);
        EXPECT_NE(catalog.error().text.find(bad.complaint), std::string::npos)
            << bad.from << " -> " << bad.to << ": " << catalog.error().text;
    }
}

TEST(Catalog, RefusesTwoFilesOfOneName) {
    const std::string file = R"([[model.file]]
name = "mouth.onnx"
[[model.file.source]]
kind = "hub"
size = 20
sha256 = ")" + kHash + R"("
repository = "owner/name"
revision = "v1"
path = "mouth.onnx"
)";
    const auto catalog = Catalog::parse(replaced(good(), file, file + file));
    ASSERT_FALSE(catalog);
    EXPECT_NE(catalog.error().text.find("two files are called 'mouth.onnx'"), std::string::npos)
        << catalog.error().text;
}

TEST(Catalog, SurvivesNoise) {
    const std::string text = good();
    for (std::size_t length = 0; length < text.size(); length += 7)
        static_cast<void>(Catalog::parse(text.substr(0, length)));
    for (const char* noise : {"", "[[model]]", "model = 1", "[[set]]\n[[set]]", "\xff\xfe", "a = [[[[[[[[[[[[[[[["})
        EXPECT_FALSE(Catalog::parse(noise));
}

TEST(EmbeddedCatalog, IsTheFileInTheRepository) {
    std::ifstream from(ANTIPHON_SOURCE_DIR "/models/catalog.toml", std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(from), {}};
    const auto catalog = Catalog::parse(text);
    ASSERT_TRUE(catalog) << catalog.error().text;
    EXPECT_EQ(catalog->models().size(), Catalog::embedded().models().size());
    EXPECT_EQ(catalog->sets().size(), Catalog::embedded().sets().size());
}

TEST(EmbeddedCatalog, HasSetsThatCanHoldACall) {
    const Catalog& catalog = Catalog::embedded();
    EXPECT_EQ(catalog.default_set(), "tiny");
    for (const char* set : {"tiny", "small", "gpu"})
        for (const Purpose purpose :
             {Purpose::voice_detector, Purpose::recognizer, Purpose::language_model, Purpose::voice})
            EXPECT_NE(catalog.first_of(purpose, set), nullptr) << set << " has no " << name_of(purpose);
    EXPECT_EQ(catalog.set("tiny")->models,
              (std::vector<std::string>{"silero-vad", "whisper-base", "smollm2-135m-instruct",
                                        "piper-en_US-joe-medium", "all-minilm-l6-v2"}));
}

TEST(EmbeddedCatalog, HasAnEmbedderThatIsConverted) {
    const Model* model = Catalog::embedded().first_of(Purpose::embedder, "tiny");
    ASSERT_NE(model, nullptr);
    const auto& source = std::get<PypiSource>(model->files.at(0).sources.at(0).from);
    EXPECT_EQ(source.convert, PypiSource::Conversion::bert_to_gguf);
    EXPECT_TRUE(source.config.path.ends_with("/config.json"));
}

TEST(EmbeddedCatalog, HasVoicesInTenLanguagesInTheLargerSets) {
    const Catalog& catalog = Catalog::embedded();
    for (const char* set : {"small", "gpu"}) {
        std::set<std::string> languages;
        for (const std::string& id : catalog.set(set)->models)
            if (const Model* model = catalog.model(id); model->purpose == Purpose::voice)
                for (const std::string& language : model->languages) languages.insert(language.substr(0, 2));
        EXPECT_GE(languages.size(), 10U) << set;
    }
}

TEST(EmbeddedCatalog, FetchesTheTinySetWithoutTheHub) {
    const Catalog& catalog = Catalog::embedded();
    for (const std::string& id : catalog.set("tiny")->models)
        for (const ModelFile& file : catalog.model(id)->files) {
            bool without_hub = false;
            for (const Source& source : file.sources)
                without_hub = without_hub || std::holds_alternative<PypiSource>(source.from);
            EXPECT_TRUE(without_hub) << id << "/" << file.name;
        }
}

TEST(EmbeddedCatalog, PinsEveryHubFileToACommit) {
    for (const Model& model : Catalog::embedded().models())
        for (const ModelFile& file : model.files)
            for (const Source& source : file.sources)
                if (const auto* hub = std::get_if<HubSource>(&source.from)) {
                    EXPECT_EQ(hub->revision.size(), 40U) << model.id << "/" << file.name;
                    EXPECT_EQ(hub->revision.find_first_not_of("0123456789abcdef"), std::string::npos) << model.id;
                }
}

TEST(EmbeddedCatalog, GivesEveryPiperVoiceItsSettings) {
    for (const Model& model : Catalog::embedded().models()) {
        if (model.purpose != Purpose::voice) continue;
        ASSERT_EQ(model.files.size(), 2U) << model.id;
        EXPECT_EQ(model.id, "piper-" + model.files[0].name.substr(0, model.files[0].name.size() - 5));
        EXPECT_EQ(model.files[1].name, model.files[0].name + ".json");
    }
}

}  // namespace
}  // namespace antiphon::engine
