// distillation in whole runs: the teacher trains first and is charged, and lives on in the run's own state.
#include <gtest/gtest.h>

#include <atomic>

#include "hasten/base/error.h"
#include "method_run.h"

namespace hasten {
namespace {

using testing::all_methods;
using testing::edited_recipe;
using testing::hashes_of;
using testing::MethodRun;

constexpr const char* kBigTeacher =
    "distillation(until=0.5, teacher_budget=\"6step\", teacher_model=\"widths=[16, 16]\")";

class StopAtFirstEvaluation final : public TrainListener {
 public:
  void evaluated(const ProgressReport&, const Evaluation&) override { stop = true; }
  std::atomic<bool> stop{false};
};

TEST(DistillationRunTest, TheTeacherTrainsFirstAndIsCharged) {
  MethodRun run({.with = {kBigTeacher}, .without = {}, .set = {}});
  const Plan plan = run.trainer().plan();
  const CostEstimate estimate = run.trainer().engine().estimate_cost(plan);
  TrainResult result = run.run();
  ASSERT_EQ(result.record.auxiliary.size(), 1u);
  EXPECT_EQ(result.record.auxiliary[0].samples, 6 * 32);
  EXPECT_TRUE(std::filesystem::exists(run.directory() / "prelude" / "distillation-0" / "run.json"));
  EXPECT_NEAR(*result.record.auxiliary[0].flops / estimate.before, 1, 0.02);
  const double expected = estimate.before + 20 * 32 * (estimate.forward + estimate.backward);
  EXPECT_NEAR(*result.record.executed.flops / expected, 1, 0.02);
}

TEST(DistillationRunTest, AResumedRunNeedsNoTeacherFromOutside) {
  testing::TemporaryDirectory dir;
  const Recipe recipe = edited_recipe({.with = {kBigTeacher}, .without = {}, .set = {}});
  TrainOptions options;
  options.seed = 3;
  options.out = dir.path() / "whole";
  Trainer whole(recipe, all_methods(), options);
  whole.run();

  options.out = dir.path() / "cut";
  StopAtFirstEvaluation stopper;
  options.stop = &stopper.stop;
  options.listener = &stopper;
  Trainer first(recipe, all_methods(), options);
  first.run();
  ASSERT_EQ(first.state().progress.step, 4);
  std::filesystem::remove_all(options.out / "prelude");
  options.stop = nullptr;
  options.listener = nullptr;
  options.resume = true;
  Trainer second(recipe, all_methods(), options);
  second.run();
  EXPECT_EQ(hashes_of(second), hashes_of(whole));
}

TEST(DistillationRunTest, AFinishedRunTeaches) {
  MethodRun teacher({.with = {"ema(half_life=\"2step\")", "label_smoothing"}, .without = {}, .set = {}});
  teacher.run();
  const std::string with = "distillation(teacher=\"" + teacher.directory().string() + "\")";
  MethodRun student({.with = {with}, .without = {}, .set = {}}), alone({});
  TrainResult result = student.run();
  EXPECT_EQ(result.record.status, evaluate::Status::kOk);
  ASSERT_EQ(result.record.auxiliary.size(), 1u);
  EXPECT_GT(result.record.auxiliary[0].flops.value_or(0), 0);
  alone.run();
  EXPECT_NE(hashes_of(student.trainer())["model/parameters/head.linear.weight"],
            hashes_of(alone.trainer())["model/parameters/head.linear.weight"]);
}

TEST(DistillationRunTest, ADirectoryWithoutARunIsRefusedBeforeAnyStep) {
  MethodRun run({.with = {"distillation(teacher=\"/nowhere\")"}, .without = {}, .set = {}});
  EXPECT_THROW(run.run(), ConfigError);
  EXPECT_EQ(run.trainer().state().progress.step, 0);
}

}  // namespace
}  // namespace hasten
