// Beginning a study and going on with it, also after a kill at a bad moment.
#include "hasten/study/study_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/base/text.h"

namespace hasten {
namespace {

namespace fs = std::filesystem;

class StudyDirectoryTest : public ::testing::Test {
 protected:
  void SetUp() override { fs::remove_all(out_); }
  void TearDown() override { fs::remove_all(out_); }

  void leave(const std::string& file) {
    fs::create_directories((out_ / file).parent_path());
    write_file_atomic(out_ / file, "{");
  }
  OpenStudy open(bool resume) const {
    return open_study({out_, "tune.json", "a search", resume}, {{"command", "c"}, {"definition", {{"trials", 3}}}});
  }

  fs::path out_ = fs::temp_directory_path() / cat("study_directory_test_", ::getpid());
};

TEST_F(StudyDirectoryTest, BeginsWhereABeginningWasKilled) {
  leave("tune.json.tmp123");
  EXPECT_THROW(open(true), ConfigError);  // there is nothing to go on with
  EXPECT_EQ(open(false).document.at("command"), "c");
  EXPECT_FALSE(fs::exists(out_ / "tune.json.tmp123"));
  EXPECT_TRUE(fs::exists(out_ / "tune.json"));
}

TEST_F(StudyDirectoryTest, TakesNothingOfOthers) {
  for (const char* file : {"notes.tmp123", "tune.json.tmp", "tune.json.tmp1a"}) {
    leave(file);
    EXPECT_THROW(open(false), ConfigError) << file;
    EXPECT_TRUE(fs::exists(out_ / file));
    fs::remove(out_ / file);
  }
}

TEST_F(StudyDirectoryTest, GoesOnWithoutWhatWasNotFinished) {
  open(false);
  leave("plain/budget-3ep/recipe.json.tmp7");
  leave("plain/budget-3ep/seed-0/run.json");
  leave("plain/budget-3ep/seed-0/events.jsonl.tmp8");
  leave("plain-tuned.toml.tmp9");
  EXPECT_EQ(open(true).document.at("definition").at("trials"), 3);
  EXPECT_FALSE(fs::exists(out_ / "plain/budget-3ep/recipe.json.tmp7"));
  EXPECT_FALSE(fs::exists(out_ / "plain-tuned.toml.tmp9"));
  EXPECT_TRUE(fs::exists(out_ / "plain/budget-3ep/seed-0/events.jsonl.tmp8"));  // that is the run's
}

TEST_F(StudyDirectoryTest, BelongsToOneProcessAtATime) {
  {
    const OpenStudy begun = open(false);
    EXPECT_TRUE(DirectoryLock::held(out_));
    EXPECT_THROW(open(true), ConfigError);
  }
  EXPECT_NO_THROW(open(true));
}

}  // namespace
}  // namespace hasten
