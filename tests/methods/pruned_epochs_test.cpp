// random_subset and el2n_pruning in whole runs: the length of a budget in epochs, what scoring costs, and resuming.
#include <gtest/gtest.h>

#include <atomic>

#include "method_run.h"

namespace hasten {
namespace {

constexpr const char* kPruning = "el2n_pruning(keep=0.5, models=2, budget=\"4step\")";

class StopAtFirstEvaluation final : public TrainListener {
 public:
  void evaluated(const ProgressReport&, const Evaluation&) override { stop = true; }
  std::atomic<bool> stop{false};
};

TEST(PrunedEpochsRunTest, EpochsAreThoseOfTheSamplesThatStay) {
  for (const char* method : {"random_subset(keep=0.5)", kPruning}) {
    testing::MethodRun run({.with = {method}, .without = {}, .set = {"budget.train=\"3ep\""}});
    TrainResult result = run.run();
    EXPECT_EQ(result.record.executed.steps, 15) << method;  // 3 epochs of 160 samples
    EXPECT_EQ(result.record.executed.samples, 480) << method;
    EXPECT_EQ(result.record.executed.epochs, 3) << method;
  }
}

TEST(PrunedEpochsRunTest, TogetherTheyKeepAShareOfAShare) {
  testing::MethodRun run(
      {.with = {kPruning, "random_subset(keep=0.5)"}, .without = {}, .set = {"budget.train=\"4ep\""}});
  EXPECT_EQ(run.trainer().plan().run.epoch_samples, 80);
  EXPECT_EQ(run.run().record.executed.steps, 8);  // 4 epochs of 2 whole batches
}

TEST(PrunedEpochsRunTest, LengthsOfOtherMethodsAreThoseOfTheShorterEpochs) {
  testing::MethodRun run({.with = {"random_subset(keep=0.5)", "momentum_schedule(low=0.5, warmup=\"5step\")"},
                          .without = {},
                          .set = {"budget.train=\"4ep\"", "optimizer.momentum=0.9"}});
  const Schedule& momentum = run.trainer().plan().run.schedules.at("optimizer.momentum");
  EXPECT_DOUBLE_EQ(momentum.at(0.125), 0.7);  // half of the 5 steps, of 20
  EXPECT_DOUBLE_EQ(momentum.at(0.25), 0.9);
}

TEST(PrunedEpochsRunTest, ScoringIsCharged) {
  testing::MethodRun run({.with = {kPruning}, .without = {}, .set = {}});
  const CostEstimate estimate = run.trainer().engine().estimate_cost(run.trainer().plan());
  TrainResult result = run.run();
  ASSERT_EQ(result.record.auxiliary.size(), 2u);
  EXPECT_EQ(result.record.auxiliary[0].samples, 4 * 32);
  double charged = 0;
  for (const evaluate::AuxiliaryCost& cost : result.record.auxiliary) charged += cost.flops.value_or(0);
  EXPECT_NEAR(charged / estimate.before, 1, 0.02);
  EXPECT_NEAR(*result.record.executed.flops / (estimate.before + 20 * 32 * (estimate.forward + estimate.backward)), 1,
              0.02);
}

TEST(PrunedEpochsRunTest, AResumedRunScoresNothingAgain) {
  testing::TemporaryDirectory dir;
  const Recipe recipe = testing::edited_recipe({.with = {kPruning}, .without = {}, .set = {}});
  TrainOptions options;
  options.seed = 3;
  options.out = dir.path() / "whole";
  Trainer whole(recipe, testing::all_methods(), options);
  whole.run();
  options.out = dir.path() / "cut";
  StopAtFirstEvaluation stopper;
  options.stop = &stopper.stop;
  options.listener = &stopper;
  Trainer first(recipe, testing::all_methods(), options);
  first.run();
  ASSERT_EQ(first.state().progress.step, 4);
  std::filesystem::remove_all(options.out / "prelude");
  options.stop = nullptr;
  options.listener = nullptr;
  options.resume = true;
  Trainer second(recipe, testing::all_methods(), options);
  second.run();
  EXPECT_EQ(testing::hashes_of(second), testing::hashes_of(whole));
}

}  // namespace
}  // namespace hasten
