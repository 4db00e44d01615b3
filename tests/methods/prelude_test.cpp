// Runs before the run: what they cost, and what becomes of them when the run is interrupted.
#include <gtest/gtest.h>

#include "hasten/base/json.h"
#include "hasten/evaluate/record_io.h"
#include "method_run.h"

namespace hasten {
namespace {

using testing::all_methods;
using testing::edited_recipe;
using testing::TemporaryDirectory;

const RecipeEdits kScored{.with = {"el2n_pruning(keep=0.5, budget=\"5step\", models=1)"}, .without = {}, .set = {}};

TrainOptions into(const std::filesystem::path& out) {
  TrainOptions options;
  options.out = out;
  options.seed = 3;
  return options;
}

TEST(PreludeTest, IsChargedToSecondsAndFlopsAndListed) {
  TemporaryDirectory directory;
  Trainer trainer(edited_recipe(kScored), all_methods(), into(directory.path() / "run"));
  TrainResult result = trainer.run();
  ASSERT_EQ(result.record.auxiliary.size(), 1u);
  const evaluate::AuxiliaryCost& cost = result.record.auxiliary[0];
  EXPECT_EQ(cost.kind, "prelude");
  EXPECT_TRUE(cost.charged);
  const Progress& progress = trainer.state().progress;
  EXPECT_DOUBLE_EQ(progress.prelude_flops, *cost.flops);
  EXPECT_GT(progress.flops, *cost.flops);
  EXPECT_DOUBLE_EQ(*result.record.executed.flops, progress.flops);
  EXPECT_GE(*result.record.executed.train_s, *cost.seconds);
  EXPECT_GE(*result.record.executed.total_s, *result.record.executed.train_s);
  // The prelude is a run of its own; what it trained is in its record.
  const std::filesystem::path file = directory.path() / "run/prelude/el2n_pruning-0/run.json";
  evaluate::RunRecord prelude = evaluate::record_from_json(read_json(file), file);
  EXPECT_EQ(prelude.executed.steps, 5.0);
  // Scoring all samples once comes on top of training.
  EXPECT_GT(*cost.flops, *prelude.executed.flops);
}

TEST(PreludeTest, AnInterruptedPreludeGoesOnWhenTheRunIsResumed) {
  TemporaryDirectory directory;
  const Recipe recipe = edited_recipe(kScored);
  Trainer whole(recipe, all_methods(), into(directory.path() / "whole"));
  whole.run();

  std::atomic<bool> stop{true};
  TrainOptions options = into(directory.path() / "cut");
  options.stop = &stop;
  Trainer first(recipe, all_methods(), options);
  EXPECT_EQ(first.run().record.status, evaluate::Status::kInterrupted);
  EXPECT_EQ(first.state().progress.step, 0);
  options.stop = nullptr;
  options.resume = true;
  Trainer second(recipe, all_methods(), options);
  TrainResult resumed = second.run();
  EXPECT_EQ(resumed.record.status, evaluate::Status::kOk);
  EXPECT_EQ(testing::hashes_of(second), testing::hashes_of(whole));
  EXPECT_EQ(resumed.record.auxiliary.size(), 1u);
}

TEST(PreludeTest, ABudgetInFlopsBeginsBehindIt) {
  TemporaryDirectory directory;
  RecipeEdits edits = kScored;
  Trainer scored(edited_recipe(kScored), all_methods(), into(directory.path() / "steps"));
  scored.run();
  const double spent = scored.state().progress.flops;
  edits.set = {"budget.train=\"" + std::to_string(static_cast<int64_t>(spent)) + "flop\""};
  Trainer trainer(edited_recipe(edits), all_methods(), into(directory.path() / "flops"));
  trainer.run();
  EXPECT_NEAR(trainer.state().progress.flops, spent, 0.06 * spent) << "the same cost in all, prelude included";
  EXPECT_EQ(trainer.state().progress.fraction, 1);
}

}  // namespace
}  // namespace hasten
