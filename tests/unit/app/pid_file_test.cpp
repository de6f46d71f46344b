// The two sides of the pid file, in two processes: locks are a process's own.
#include "app/pid_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>

namespace antiphon::app {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

/// Another process: does `work`, says that it is ready, and waits until it is ended.
class Other {
public:
    explicit Other(const std::function<void()>& work) {
        int ready[2];
        EXPECT_EQ(::pipe(ready), 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::close(ready[0]);
            work();
            if (::write(ready[1], "x", 1) != 1) ::_exit(2);
            for (;;) ::pause();
        }
        ::close(ready[1]);
        char byte = 0;
        EXPECT_EQ(::read(ready[0], &byte, 1), 1);
        ::close(ready[0]);
    }
    ~Other() { end(); }
    Other(const Other&) = delete;
    Other& operator=(const Other&) = delete;

    ::pid_t pid() const { return pid_; }
    bool alive() const { return ::waitpid(pid_, nullptr, WNOHANG) == 0; }
    void end() {
        if (pid_ <= 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

private:
    ::pid_t pid_ = 0;
};

class PidFileTest : public ::testing::Test {
protected:
    PidFileTest() {
        std::string name = ::testing::TempDir() + "antiphon-pid-XXXXXX";
        directory_ = mkdtemp(name.data());
        path_ = directory_ / "run" / "serve.pid";
    }
    ~PidFileTest() override { std::filesystem::remove_all(directory_); }

    /// A process that holds the file as a server does.
    void serve() {
        static std::unique_ptr<PidFile> held;  // the other process never ends in order
        auto taken = PidFile::take(path_);
        if (!taken) ::_exit(3);
        held = std::move(*taken);
    }
    void write(const std::string& text) const {
        std::filesystem::create_directories(path_.parent_path());
        std::ofstream(path_) << text;
    }

    std::filesystem::path directory_;
    std::filesystem::path path_;
};

TEST_F(PidFileTest, TheHolderIsFoundAndSignalledAndItsEndIsSeen) {
    Other server([&] { serve(); });
    const auto found = RunningServer::find(path_);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->pid(), server.pid());
    EXPECT_FALSE(found->ended());
    EXPECT_TRUE(found->signal(SIGTERM));
    int status = 0;
    ASSERT_EQ(::waitpid(server.pid(), &status, 0), server.pid());
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    EXPECT_TRUE(found->ended());
    EXPECT_FALSE(found->signal(SIGTERM)) << "a process that is gone cannot be signalled";
    const auto after = RunningServer::find(path_);
    ASSERT_FALSE(after);
    EXPECT_EQ(after.error().code, base::Errc::not_found);
    EXPECT_THAT(after.error().text, HasSubstr("was left behind"));
}

TEST_F(PidFileTest, NoFileIsNoServer) {
    const auto found = RunningServer::find(path_);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, base::Errc::not_found);
    EXPECT_EQ(found.error().text, "no server is running: there is no pid file " + path_.string());
}

TEST_F(PidFileTest, ANumberThatNowIsAnotherPrograms) {
    Other bystander([] {});
    write(std::to_string(bystander.pid()) + "\n");
    const auto found = RunningServer::find(path_);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, base::Errc::not_found);
    EXPECT_TRUE(bystander.alive());
}

TEST_F(PidFileTest, AProgramThatOnlyHoldsTheLockIsNoServer) {
    write("1\n");
    Other bystander([&] {
        struct ::flock lock {};
        lock.l_type = F_WRLCK;
        lock.l_whence = SEEK_SET;
        if (::fcntl(::open(path_.c_str(), O_RDWR), F_SETLK, &lock) != 0) ::_exit(4);
    });
    const auto found = RunningServer::find(path_);
    ASSERT_FALSE(found);
    EXPECT_THAT(found.error().text, AllOf(HasSubstr("which did not write it"), HasSubstr("nothing was signalled")));
    EXPECT_TRUE(bystander.alive());
}

TEST_F(PidFileTest, GarbageIsNoServer) {
    for (const std::string text : {"", "x\n", "-5\n", "99999999999999999999\n", "1 2 3"}) {
        write(text);
        EXPECT_FALSE(RunningServer::find(path_)) << text;
    }
    std::filesystem::remove(path_);
    std::filesystem::create_directory(path_);
    EXPECT_FALSE(RunningServer::find(path_));
    EXPECT_FALSE(PidFile::take(path_));
}

TEST_F(PidFileTest, TwoServersDoNotShareOne) {
    Other server([&] { serve(); });
    const auto second = PidFile::take(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, base::Errc::conflict);
    EXPECT_THAT(second.error().text,
                AllOf(HasSubstr("process " + std::to_string(server.pid())), HasSubstr("server.pid_file")));
    server.end();
    EXPECT_TRUE(PidFile::take(path_)) << "what a killed server leaves is nobody's";
}

TEST_F(PidFileTest, ALinkIsNotFollowed) {
    std::filesystem::create_directories(path_.parent_path());
    std::ofstream(directory_ / "precious") << "text";
    std::filesystem::create_symlink(directory_ / "precious", path_);
    EXPECT_FALSE(PidFile::take(path_));
    EXPECT_EQ(std::filesystem::file_size(directory_ / "precious"), 4U);
}

TEST_F(PidFileTest, TheOutcomeIsLeftAndGoesWithTheServer) {
    auto held = PidFile::take(path_);
    ASSERT_TRUE(held) << held.error().text;
    const base::Time began(base::Clock::duration(123456789012345));
    ASSERT_TRUE((*held)->tell({began, true, "two\nlines\n"}));
    // The other side reads it, in a process of its own: our lock would end with our closing of the file.
    Other reader([&, pid = ::getpid()] {
        ::pid_t written = 0;
        if (!(std::ifstream(path_) >> written) || written != pid) ::_exit(8);
        const auto server = RunningServer::find(path_);
        if (!server) ::_exit(5);
        const auto outcome = server->outcome();
        if (!outcome || outcome->began != began || !outcome->done || outcome->text != "two\nlines\n") ::_exit(6);
    });
    EXPECT_TRUE(reader.alive());
    held->reset();
    EXPECT_FALSE(std::filesystem::exists(path_));
    EXPECT_TRUE(std::filesystem::is_empty(path_.parent_path()));
}

TEST_F(PidFileTest, TheDefaultFollowsTheEnvironment) {
    // In a process of its own: the environment is everybody's.
    Other changed([] {
        const auto is = [](const char* runtime, const char* cache, const char* expected) {
            ::setenv("XDG_RUNTIME_DIR", runtime, 1);
            ::setenv("XDG_CACHE_HOME", cache, 1);
            ::setenv("HOME", "/h", 1);
            if (default_pid_file(8080) != expected) ::_exit(7);
        };
        is("/r", "/c", "/r/antiphon/serve-8080.pid");
        is("", "/c", "/c/antiphon/serve-8080.pid");
        is("", "", "/h/.cache/antiphon/serve-8080.pid");
    });
    EXPECT_TRUE(changed.alive());
}

}  // namespace
}  // namespace antiphon::app
