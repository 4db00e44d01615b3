// A run directory being written: one process at a time, and nothing of another run.
#include "hasten/train/run_writer.h"

#include <gtest/gtest.h>

#include <functional>

#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

evaluate::RunRecord record_of(uint64_t seed) {
  evaluate::RunRecord record;
  record.id = "a";
  record.recipe_hash = "abc";
  record.seed = static_cast<int64_t>(seed);
  return record;
}

std::string refusal_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(RunWriterTest, OfTwoNewRunsOneBegins) {
  testing::TemporaryDirectory dir;
  RunWriter first(dir.path(), "abc", 7, false), second(dir.path(), "abc", 7, false);
  first.create();
  EXPECT_NE(refusal_of([&] { second.create(); }).find("whose run another process is writing"), std::string::npos);
  EXPECT_FALSE(second.is_open());
  first.finish(record_of(7));
  EXPECT_NE(refusal_of([&] { second.create(); }).find("which holds one"), std::string::npos);
}

TEST(RunWriterTest, IsResumedByOneWithItsSeed) {
  testing::TemporaryDirectory dir;
  {
    RunWriter writer(dir.path(), "abc", 18446744073709551615u, false);
    writer.create();
    writer.write(record_of(18446744073709551615u));
    EXPECT_NE(refusal_of([&] { RunWriter(dir.path(), "abc", 18446744073709551615u, true); }).find("another process"),
              std::string::npos);
  }
  EXPECT_EQ(refusal_of([&] { RunWriter(dir.path(), "abc", 0, true); }),
            "[--seed] expected the seed of the run, 18446744073709551615, got 0");
  EXPECT_EQ(refusal_of([&] { RunWriter(dir.path(), "abc", 18446744073709551615u, true); }), "accepted");
}

TEST(RunWriterTest, WhatComesAfterTheCheckpointGoes) {
  testing::TemporaryDirectory dir;
  {
    RunWriter writer(dir.path(), "abc", 7, false);
    writer.create();
    writer.finish(record_of(7));
  }
  for (int64_t step : {5, 10, 15}) write_file_atomic(checkpoint_path(dir.path(), step), "x");
  RunWriter writer(dir.path(), "abc", 7, true);
  writer.resume(0, 10);
  EXPECT_EQ(list_checkpoints(dir.path()),
            (std::vector<std::filesystem::path>{checkpoint_path(dir.path(), 5), checkpoint_path(dir.path(), 10)}));
}

}  // namespace
}  // namespace hasten
