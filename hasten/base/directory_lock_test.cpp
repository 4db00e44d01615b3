// One process at a time in a directory.
#include "hasten/base/directory_lock.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <optional>
#include <string>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

class DirectoryLockTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::create_directories(folder_); }
  void TearDown() override { fs::remove_all(folder_); }
  const fs::path folder_ = fs::temp_directory_path() / cat("directory_lock_test_", ::getpid());
};

TEST_F(DirectoryLockTest, IsHeldByOneAndLeavesNothing) {
  EXPECT_FALSE(DirectoryLock::held(folder_));
  {
    const DirectoryLock lock(folder_, "run");
    EXPECT_TRUE(DirectoryLock::held(folder_));
    try {
      const DirectoryLock second(folder_, "run");
      FAIL() << "two locks of one directory";
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), "--out");
      EXPECT_NE(error.got().find("whose run another process is writing"), std::string::npos) << error.got();
    }
  }
  EXPECT_FALSE(DirectoryLock::held(folder_));
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(DirectoryLockTest, MovesWithItsOwner) {
  std::optional<DirectoryLock> kept;
  {
    DirectoryLock lock(folder_, "run");
    kept.emplace(std::move(lock));
  }
  EXPECT_TRUE(DirectoryLock::held(folder_));
  kept.reset();
  EXPECT_FALSE(DirectoryLock::held(folder_));
}

TEST_F(DirectoryLockTest, EndsWithItsProcess) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    try {
      const DirectoryLock lock(folder_, "run");
      const bool said = ::write(ready[1], "x", 1) == 1;
      while (said) ::pause();
    } catch (const std::exception&) {}  // the parent reads nothing
    ::_exit(1);
  }
  ::close(ready[1]);
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_TRUE(DirectoryLock::held(folder_));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(DirectoryLock::held(folder_));
  ::close(ready[0]);
}

TEST_F(DirectoryLockTest, NeedsADirectory) {
  EXPECT_THROW(DirectoryLock(folder_ / "none", "run"), ConfigError);
  EXPECT_FALSE(DirectoryLock::held(folder_ / "none"));
}

}  // namespace
}  // namespace hasten
