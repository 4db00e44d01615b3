// What follows from records of finished runs.
#include "hasten/diagnose/run_account.h"

#include <gtest/gtest.h>

namespace hasten::diagnose {
namespace {

evaluate::Run run_of(double train_s, double waited_s) {
  evaluate::Run run;
  run.record.id = "run";
  run.record.executed.train_s = train_s;
  run.record.executed.loader_wait_s = waited_s;
  run.record.executed.eval_s = 1;
  run.record.executed.startup_s = 0.5;
  run.record.executed.total_s = train_s + 2;
  return run;
}

TEST(RunAccountTest, PartsAddUpToTheTotal) {
  const RunAccount found = account(run_of(10, 4));
  double sum = 0;
  for (const AccountShare& share : found.total) sum += share.seconds;
  EXPECT_DOUBLE_EQ(sum, 12);
  EXPECT_EQ(found.total.back().name, "other");
  EXPECT_DOUBLE_EQ(found.total.back().seconds, 0.5);
}

TEST(RunAccountTest, InputThatTookLongIsALimitWithABound) {
  const RunAccount found = account(run_of(10, 4));
  ASSERT_TRUE(found.limit);
  EXPECT_EQ(*found.limit, Limit::kAssemble) << "samples lay in memory";
  EXPECT_NEAR(found.s_max, 1 / 0.6, 1e-12);
}

TEST(RunAccountTest, TheLargestStageOfTheLoaderIsNamed) {
  evaluate::Run run = run_of(10, 4);
  run.record.loader.emplace();
  run.record.loader->stages = {{"wait_output", 30, 0}, {"decode", 2, 0}, {"augment", 5, 0}};
  const RunAccount found = account(run);
  EXPECT_EQ(*found.limit, Limit::kAugment);
  ASSERT_EQ(found.loader.size(), 2u) << "waiting is no work";
  EXPECT_NEAR(found.loader[0].share, 5.0 / 7, 1e-12);
}

// The first reads of a run are slow, and say nothing of the rest.
TEST(RunAccountTest, TheSecondHalfDecides) {
  evaluate::Run run = run_of(10, 4);
  for (const auto& [train, waited] : {std::pair{1.0, 3.0}, {5.0, 3.9}, {10.0, 4.0}}) {
    evaluate::EventRecord event;
    event.t_train = train;
    event.loader_wait = waited;
    run.events.push_back(event);
  }
  const RunAccount found = account(run);
  EXPECT_NEAR(*found.steady_share, 0.02, 1e-12);
  EXPECT_FALSE(found.limit);
}

TEST(RunAccountTest, ARecordWithoutWaitsSaysSo) {
  evaluate::Run run;
  run.record.executed.total_s = 3;
  const RunAccount found = account(run);
  EXPECT_FALSE(found.limit);
  EXPECT_NE(found.open.front().find("loader_wait"), std::string::npos);
}

}  // namespace
}  // namespace hasten::diagnose
