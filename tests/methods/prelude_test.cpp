// Runs before the run: what they cost, and what becomes of them when the run is interrupted.
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/train/checkpoint.h"
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

TEST(PreludeTest, OneThatDivergesEndsTheRunAndSaysWhich) {
  TemporaryDirectory directory;
  RecipeEdits edits = kScored;
  edits.set = {"optimizer.lr=1e30"};
  TrainResult result = Trainer(edited_recipe(edits), all_methods(), into(directory.path() / "run")).run();
  EXPECT_EQ(result.record.status, evaluate::Status::kDiverged);
  EXPECT_EQ(result.record.status_detail, "prelude el2n_pruning-0 ended as diverged");
  EXPECT_EQ(result.record.executed.steps, 0.0);
}

TEST(PreludeTest, OneThatTakesTheWholeBudgetLeavesNone) {
  TemporaryDirectory directory;
  RecipeEdits edits = kScored;
  edits.set = {"budget.train=\"1000flop\""};
  TrainResult result = Trainer(edited_recipe(edits), all_methods(), into(directory.path() / "run")).run();
  EXPECT_EQ(result.record.status, evaluate::Status::kOutOfBudget);
  EXPECT_FALSE(result.quality.has_value());
}

// Sees the record as it stands on disk in the middle of the run.
class ReadsRecord final : public TrainListener {
 public:
  explicit ReadsRecord(std::filesystem::path file) : file_(std::move(file)) {}
  void evaluated(const ProgressReport&, const Evaluation&) override {
    seen = evaluate::record_from_json(read_json(file_), file_).auxiliary.size();
  }
  size_t seen = 0;

 private:
  std::filesystem::path file_;
};

TEST(PreludeTest, IsOnRecordBeforeTheRunCanBeKilled) {
  TemporaryDirectory directory;
  ReadsRecord reader(directory.path() / "run/run.json");
  TrainOptions options = into(directory.path() / "run");
  options.listener = &reader;
  Trainer(edited_recipe(kScored), all_methods(), options).run();
  EXPECT_EQ(reader.seen, 1u);
}

TEST(PreludeTest, ATeacherThatIsNotFinishedIsRefused) {
  TemporaryDirectory directory;
  std::atomic<bool> stop{true};
  TrainOptions options = into(directory.path() / "teacher");
  options.stop = &stop;
  Trainer(edited_recipe({}), all_methods(), options).run();
  const std::string teacher = (directory.path() / "teacher").string();
  Trainer student(edited_recipe({.with = {"distillation(teacher=\"" + teacher + "\")"}, .without = {}, .set = {}}),
                  all_methods(), into(directory.path() / "student"));
  try {
    student.run();
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("a run that came to its end"), std::string::npos) << error.what();
    EXPECT_NE(error.hint().find("--resume"), std::string::npos);
  }
}

// An older checkpoint is another teacher than the one whose cost is charged.
TEST(PreludeTest, ATeacherWhoseLastCheckpointIsBrokenIsRefused) {
  TemporaryDirectory directory;
  const std::filesystem::path teacher = directory.path() / "teacher";
  Trainer(edited_recipe({.with = {}, .without = {}, .set = {"checkpoint.every=3step"}}), all_methods(), into(teacher))
      .run();
  const std::vector<std::filesystem::path> checkpoints = list_checkpoints(teacher);
  ASSERT_GT(checkpoints.size(), 1u);
  std::filesystem::resize_file(checkpoints.back(), 1000);
  Trainer student(
      edited_recipe({.with = {"distillation(teacher=\"" + teacher.string() + "\")"}, .without = {}, .set = {}}),
      all_methods(), into(directory.path() / "student"));
  try {
    student.run();
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_NE(std::string(error.what()).find("a run whose last checkpoint is whole"), std::string::npos)
        << error.what();
  }
}

TEST(PreludeTest, ExtraPassesAreOnRecord) {
  testing::MethodRun plain({}), twice({.with = {"sam(interval=2)"}, .without = {}, .set = {}});
  EXPECT_EQ(plain.run().record.backwards_per_step, 1.0);
  EXPECT_EQ(twice.run().record.backwards_per_step, 1.5);
}

}  // namespace
}  // namespace hasten
