// Lengths in any unit, in whole runs and short ones. A peer rounds scaled epochs to whole ones (half of 1 is 0, 0.3 of 7
// is 2), scales a ramp but not the point where it ends, and divides by zero when a warm-up is shorter than its steps.
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/core/budget.h"
#include "method_run.h"

namespace hasten {
namespace {

// The plan of the small recipe, of 10 steps an epoch, with a budget and methods.
Plan plan_of(const std::string& budget, std::vector<std::string> with = {}, std::vector<std::string> set = {}) {
  set.push_back("budget.train=\"" + budget + "\"");
  return plan_run(testing::edited_recipe({.with = std::move(with), .without = {}, .set = std::move(set)}),
                  testing::all_methods())
      .plan;
}

TEST(DurationsTest, PartsOfEpochsAreSteps) {
  EXPECT_EQ(Budget(plan_of("0.5ep").run).total_steps(), 5);
  EXPECT_EQ(Budget(plan_of("2.1ep").run).total_steps(), 21);  // 0.3 of 7 epochs
  EXPECT_EQ(Budget(plan_of("0.01ep").run).total_steps(), 1);  // never nothing
}

TEST(DurationsTest, ARampAndItsEndScaleTogether) {
  // Up for a quarter, then down; and the same at a third of the budget.
  const std::vector<std::string> ramp{"schedule.lr=[[\"0dur\", 0.0], [\"0.25dur\", 1.0], [\"1dur\", 0.0]]"};
  const Plan whole = plan_of("12ep", {}, ramp), third = plan_of("4ep", {}, ramp);
  for (double share : {0.0, 0.1, 0.25, 0.3, 0.6, 1.0}) {
    EXPECT_DOUBLE_EQ(whole.run.schedules.at("lr").at(share), third.run.schedules.at("lr").at(share)) << share;
  }
  // In epochs the ramp does not scale, and nor does its end: no plateau between them.
  const std::vector<std::string> fixed{"schedule.lr=[[\"0ep\", 0.0], [\"2ep\", 1.0], [\"1dur\", 0.0]]"};
  const Schedule lr = plan_of("4ep", {}, fixed).run.schedules.at("lr");
  EXPECT_DOUBLE_EQ(lr.at(0.25), 0.5);
  EXPECT_DOUBLE_EQ(lr.at(0.5), 1);
  EXPECT_DOUBLE_EQ(lr.at(0.75), 0.5);
}

TEST(DurationsTest, WarmupsOfShortRunsWork) {
  for (const char* duration : {"0.3dur", "0.1ep", "1step", "40sample", "1e5flop", "0.001s"}) {
    testing::MethodRun run(
        {.with = {std::string("batch_size_warmup(stages=64, increment=1, duration=\"") + duration + "\")"},
         .without = {},
         .set = {"budget.train=\"4step\"", "evaluation.every=\"4step\""}});
    TrainResult result = run.run();
    EXPECT_EQ(result.record.status, evaluate::Status::kOk) << duration;
    EXPECT_EQ(run.trainer().state().progress.step, 4) << duration;
    // The first batch has 8 samples; by the last one the warm-up is over.
    EXPECT_GE(run.trainer().state().progress.samples, 8 + 3 * 8) << duration;
    EXPECT_LE(run.trainer().state().progress.samples, 8 + 3 * 32) << duration;
  }
}

TEST(DurationsTest, EpochsOfOtherBatchesEndTheRunOnTime) {
  testing::MethodRun run({.with = {"batch_size_warmup(initial=0.25, duration=\"1ep\")"},
                          .without = {},
                          .set = {"budget.train=\"3ep\"", "evaluation.every=\"1ep\""}});
  TrainResult result = run.run();
  EXPECT_EQ(result.record.status, evaluate::Status::kOk);
  const Progress& progress = run.trainer().state().progress;
  EXPECT_GT(progress.step, 30);  // more updates
  EXPECT_NEAR(static_cast<double>(progress.samples), 3 * 320, 3 * 32);  // of the same samples
  EXPECT_DOUBLE_EQ(progress.fraction, 1);
}

}  // namespace
}  // namespace hasten
