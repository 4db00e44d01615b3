// The training loop: bits, budgets, outcomes, records.
#include "hasten/train/trainer.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "hasten/base/directory_lock.h"
#include "hasten/base/error.h"
#include "hasten/base/files.h"
#include "hasten/evaluate/record_io.h"
#include "hasten/nn/model.h"
#include "hasten/optim/optimizer.h"
#include "hasten/train/checkpoint.h"
#include "hasten/train/test_run.h"

namespace hasten {
namespace {

using testing::hashes_of;
using testing::small_recipe;
using testing::TemporaryDirectory;

const Registry& no_methods() {
  static const Registry registry{std::vector<MethodEntry>{}};
  return registry;
}

Recipe recipe_of(const Json& json, const Registry& registry = no_methods()) {
  return recipe_from_json(json, registry.catalogue());
}

TrainOptions into(const std::filesystem::path& out) {
  TrainOptions options;
  options.out = out;
  options.seed = 3;
  return options;
}

// Asks for a stop once `steps` are done.
class StopAfter final : public TrainListener {
 public:
  explicit StopAfter(int64_t evaluations) : left_(evaluations) {}
  void evaluated(const ProgressReport&, const Evaluation&) override {
    if (--left_ == 0) stop = true;
  }
  std::atomic<bool> stop{false};

 private:
  int64_t left_;
};

struct KeepsWarnings final : TrainListener {
  void warned(const std::string& text) override { warnings.push_back(text); }
  std::vector<std::string> warnings;
};

TEST(TrainerTest, SameSeedSameBits) {
  TemporaryDirectory dir;
  Trainer a(recipe_of(small_recipe()), no_methods(), into(dir.path() / "a")),
      b(recipe_of(small_recipe()), no_methods(), into(dir.path() / "b"));
  a.run();
  b.run();
  EXPECT_EQ(hashes_of(a), hashes_of(b));
}

TEST(TrainerTest, InterruptedAndResumedIsTheSameRun) {
  TemporaryDirectory dir;
  Recipe recipe = recipe_of(small_recipe());
  Trainer whole(recipe, no_methods(), into(dir.path() / "whole"));
  TrainResult expected = whole.run();

  StopAfter stopper(2);
  TrainOptions options = into(dir.path() / "cut");
  options.stop = &stopper.stop;
  options.listener = &stopper;
  Trainer first(recipe, no_methods(), options);
  TrainResult cut = first.run();
  EXPECT_EQ(cut.record.status, evaluate::Status::kInterrupted);
  EXPECT_EQ(first.state().progress.step, 8);  // mid-epoch: an epoch has ten steps

  // What a killed process was writing goes, and nothing that looks alike.
  const std::filesystem::path cut_run = dir.path() / "cut";
  for (const char* name :
       {"run.json.tmp31", "checkpoints/step-000000000009.safetensors.tmp4711", "notes.tmp", "notes.tmp2b"})
    write_file_atomic(cut_run / name, "half");
  options = into(dir.path() / "cut");
  options.resume = true;
  Trainer second(recipe, no_methods(), options);
  EXPECT_FALSE(std::filesystem::exists(cut_run / "run.json.tmp31"));
  EXPECT_FALSE(std::filesystem::exists(cut_run / "checkpoints/step-000000000009.safetensors.tmp4711"));
  EXPECT_TRUE(std::filesystem::exists(cut_run / "notes.tmp"));
  EXPECT_TRUE(std::filesystem::exists(cut_run / "notes.tmp2b"));
  TrainResult resumed = second.run();
  EXPECT_EQ(hashes_of(second), hashes_of(whole));
  EXPECT_EQ(resumed.quality, expected.quality);

  // The log reads as one run with a restart, and has the same evaluations.
  auto evaluations = [](const std::filesystem::path& path) {
    std::map<int64_t, double> found;
    for (const auto& event : evaluate::read_run(path).events) {
      for (const auto& metric : event.metrics) {
        if (metric.name != "accuracy") continue;
        EXPECT_TRUE(found.emplace(*event.step, metric.value).second);
      }
    }
    return found;
  };
  EXPECT_EQ(evaluations(dir.path() / "cut"), evaluations(dir.path() / "whole"));
}

TEST(TrainerTest, ResumesFromAnOlderCheckpointWhenTheNewestIsBroken) {
  TemporaryDirectory dir;
  Recipe recipe = recipe_of(small_recipe());
  Trainer whole(recipe, no_methods(), into(dir.path() / "a"));
  whole.run();
  std::vector<std::filesystem::path> checkpoints = list_checkpoints(dir.path() / "a");
  ASSERT_EQ(checkpoints.size(), 2u);  // keep = 2
  std::filesystem::resize_file(checkpoints[1], std::filesystem::file_size(checkpoints[1]) - 100);
  KeepsWarnings listener;
  TrainOptions options = into(dir.path() / "a");
  options.resume = true;
  options.listener = &listener;
  Trainer again(recipe, no_methods(), options);
  again.run();
  EXPECT_EQ(hashes_of(again), hashes_of(whole));
  ASSERT_EQ(listener.warnings.size(), 1u);
  EXPECT_NE(listener.warnings[0].find("step-000000000020.safetensors: checksum does not match"), std::string::npos)
      << listener.warnings[0];
}

TEST(TrainerTest, ABrokenCheckpointIsNotTheOneThatIsKept) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["checkpoint"]["keep"] = 1;
  StopAfter stopper(3);  // at step 12, behind the checkpoint of step 10
  TrainOptions options = into(dir.path() / "a");
  options.listener = &stopper;
  options.stop = &stopper.stop;
  Trainer(recipe_of(json), no_methods(), options).run();
  // As if the disk had broken the checkpoint of a later step.
  write_file_atomic(checkpoint_path(dir.path() / "a", 18), "half");
  options = into(dir.path() / "a");
  options.resume = true;
  StopAfter second(1);  // at step 16, behind the checkpoint of step 15
  options.listener = &second;
  options.stop = &second.stop;
  Trainer(recipe_of(json), no_methods(), options).run();
  const std::vector<std::filesystem::path> kept = list_checkpoints(dir.path() / "a");
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(CheckpointReader(kept[0]).info().step, 16);
  EXPECT_TRUE(std::filesystem::exists(checkpoint_path(dir.path() / "a", 18).string() + ".broken")) << "it may be whole";
}

// Its record stands for a run: what is left without one belongs to nobody.
TEST(TrainerTest, CheckpointsWithoutARecordAreNotTakenUp) {
  TemporaryDirectory dir;
  const std::filesystem::path run = dir.path() / "a";
  Trainer(recipe_of(small_recipe()), no_methods(), into(run)).run();
  write_file_atomic(run / "checkpoints/mine.safetensors", "of the user");
  std::filesystem::remove(run / "run.json");
  std::atomic<bool> stop{true};
  TrainOptions options = into(run);
  options.stop = &stop;
  Trainer(recipe_of(small_recipe()), no_methods(), options).run();
  const std::vector<std::filesystem::path> kept = list_checkpoints(run);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(CheckpointReader(kept[0]).info().step, 0);
  EXPECT_TRUE(std::filesystem::exists(run / "checkpoints/mine.safetensors"));
}

TEST(TrainerTest, AResumedRunStaysTheOneThatBegan) {
  TemporaryDirectory dir;
  const std::filesystem::path run = dir.path() / "a";
  Json json = small_recipe();
  json["workload"]["target"] = 0.9;
  TrainOptions options = into(run);
  options.group = "mine";
  options.role = evaluate::Role::kMethod;
  options.planned_runs = 3;
  Trainer(recipe_of(json), no_methods(), options).run();
  evaluate::RunRecord begun = evaluate::read_run(run).record;
  begun.started_at = begun.metric.target_declared_at = "2020-01-02T03:04:05Z";
  begun.metric.weights = "ema";
  evaluate::write_run_record(run, begun);

  options = into(run);
  options.resume = true;
  Trainer(recipe_of(json), no_methods(), options).run();
  evaluate::RunRecord resumed = evaluate::read_run(run).record;
  EXPECT_EQ(resumed.id, "mine-seed3");
  EXPECT_EQ(resumed.group, "mine");
  EXPECT_EQ(resumed.role, evaluate::Role::kMethod);
  EXPECT_EQ(resumed.planned_runs, 3);
  EXPECT_EQ(resumed.started_at, "2020-01-02T03:04:05Z");
  EXPECT_EQ(resumed.metric.target_declared_at, "2020-01-02T03:04:05Z");
  EXPECT_EQ(resumed.metric.weights, "ema");

  // What is said anew counts; a target that comes later is dated so.
  options.group = "other";
  options.planned_runs = 5;
  json["workload"]["target"] = 0.2;
  Trainer(recipe_of(json), no_methods(), options).run();
  resumed = evaluate::read_run(run).record;
  EXPECT_EQ(resumed.id, "other-seed3");
  EXPECT_EQ(resumed.role, evaluate::Role::kMethod);
  EXPECT_EQ(resumed.planned_runs, 5);
  EXPECT_EQ(resumed.metric.target, 0.2);
  EXPECT_EQ(resumed.started_at, "2020-01-02T03:04:05Z");
  EXPECT_GT(resumed.metric.target_declared_at, resumed.started_at);
}

TEST(TrainerTest, ADirectoryHasOneRunAtATime) {
  TemporaryDirectory dir;
  const std::filesystem::path run = dir.path() / "a";
  Trainer ended(recipe_of(small_recipe()), no_methods(), into(run));
  ended.run();
  EXPECT_FALSE(DirectoryLock::held(run)) << "its run is over";
  TrainOptions options = into(run);
  options.resume = true;
  {
    Trainer first(recipe_of(small_recipe()), no_methods(), options);
    EXPECT_TRUE(DirectoryLock::held(run));
    EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options), ConfigError);
  }
  EXPECT_FALSE(DirectoryLock::held(run));
}

TEST(TrainerTest, WhatEndsARunStandsInItsRecord) {
  struct Throws final : TrainListener {
    void evaluated(const ProgressReport&, const Evaluation&) override { throw std::runtime_error("the disk is gone"); }
  } thrower;
  TemporaryDirectory dir;
  const std::filesystem::path run = dir.path() / "a";
  TrainOptions options = into(run);
  options.listener = &thrower;
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options).run(), std::runtime_error);
  evaluate::RunRecord record = evaluate::read_run(run).record;
  EXPECT_EQ(record.status, evaluate::Status::kError);
  EXPECT_EQ(record.status_detail, "the disk is gone");
  EXPECT_EQ(record.executed.steps, 4.0);

  options = into(run);
  options.resume = true;
  EXPECT_EQ(Trainer(recipe_of(small_recipe()), no_methods(), options).run().record.status, evaluate::Status::kOk);
  // What is refused before it begins leaves the record alone.
  options.profile = ProfileSteps{0, 2, {}};
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options).run(), ConfigError);
  record = evaluate::read_run(run).record;
  EXPECT_EQ(record.status, evaluate::Status::kOk);
  EXPECT_EQ(record.status_detail, "");
}

TEST(TrainerTest, MicrobatchesGiveTheSameGradients) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["model"] = {{"family", "mlp"}, {"widths", {16}}};
  json["budget"]["train"] = "3step";
  Trainer whole(recipe_of(json), no_methods(), into(dir.path() / "a"));
  whole.run();
  json["batch"]["microbatch"] = 7;  // leaves a remainder
  Trainer parts(recipe_of(json), no_methods(), into(dir.path() / "b"));
  parts.run();
  for (size_t i = 0; i < whole.model().parameters().size(); ++i) {
    EXPECT_TRUE(whole.model().parameters()[i].value.allclose(parts.model().parameters()[i].value, 1e-4, 1e-5));
  }
}

TEST(TrainerTest, DivergenceIsAnOutcomeWithItsStep) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["optimizer"] = {{"name", "sgd"}, {"lr", 1e30}};
  json["schedule"] = Json::object();
  Trainer trainer(recipe_of(json), no_methods(), into(dir.path() / "a"));
  TrainResult result = trainer.run();
  EXPECT_EQ(result.record.status, evaluate::Status::kDiverged);
  ASSERT_TRUE(result.record.first_bad_step.has_value());
  EXPECT_GE(*result.record.first_bad_step, 1);
  EXPECT_LE(*result.record.first_bad_step, 4);
  EXPECT_FALSE(result.quality.has_value());
  EXPECT_EQ(evaluate::read_run(dir.path() / "a").record.status, evaluate::Status::kDiverged);
}

TEST(TrainerTest, CountedFlopsAgreeWithThePlan) {
  for (const char* compute : {"fp32", "bf16"}) {
    TemporaryDirectory dir;
    Json json = small_recipe();
    json["precision"] = {{"compute", compute}};
    json["model"] = {{"family", "convnet"}, {"widths", {8, 16}}, {"stem", 4}, {"hidden", {12}}};
    Trainer trainer(recipe_of(json), no_methods(), into(dir.path() / "a"));
    TrainResult result = trainer.run();
    double planned = training_flops_per_sample(trainer.plan()) * 20 * 32;
    EXPECT_NEAR(*result.record.executed.flops / planned, 1, 0.01) << compute;
  }
}

TEST(TrainerTest, BudgetsInSecondsAndFlopsEnd) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["budget"]["train"] = "0.2s";
  Trainer timed(recipe_of(json), no_methods(), into(dir.path() / "a"));
  TrainResult result = timed.run();
  EXPECT_EQ(result.record.status, evaluate::Status::kOk);
  EXPECT_GE(*result.record.executed.train_s, 0.2);
  json["budget"]["train"] = "2e8flop";
  Trainer counted(recipe_of(json), no_methods(), into(dir.path() / "b"));
  double flops = *counted.run().record.executed.flops;
  double step = training_flops_per_sample(counted.plan()) * 32;
  EXPECT_GE(flops, 2e8);
  EXPECT_LT(flops, 2e8 + 1.02 * step);
}

TEST(TrainerTest, EvaluationLeavesTheRunAlone) {
  TemporaryDirectory dir;
  Json often = small_recipe(), once = small_recipe();
  often["evaluation"]["every"] = "1step";
  once["evaluation"]["every"] = "1000step";
  Trainer a(recipe_of(often), no_methods(), into(dir.path() / "a")),
      b(recipe_of(once), no_methods(), into(dir.path() / "b"));
  a.run();
  b.run();
  for (size_t i = 0; i < a.model().parameters().size(); ++i) {
    EXPECT_TRUE(a.model().parameters()[i].value.equal(b.model().parameters()[i].value));
  }
  for (size_t i = 0; i < a.model().buffers().size(); ++i) {
    EXPECT_TRUE(a.model().buffers()[i].value.equal(b.model().buffers()[i].value));
  }
}

TEST(TrainerTest, LearnsWhatTheTeacherKnows) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["data"] = {{"samples", 2000}, {"test_samples", 500}, {"classes", 4}};
  json["model"] = {{"family", "mlp"}, {"widths", {64}}};
  json["batch"] = {{"size", 50}};
  json["budget"]["train"] = "10ep";
  Trainer trainer(recipe_of(json), no_methods(), into(dir.path() / "a"));
  TrainResult result = trainer.run();
  EXPECT_GT(*result.quality, 0.5);  // chance is 0.25
}

TEST(TrainerTest, RefusesToOverwriteAndToResumeAnotherRecipe) {
  TemporaryDirectory dir;
  Trainer(recipe_of(small_recipe()), no_methods(), into(dir.path() / "a")).run();
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), into(dir.path() / "a")), ConfigError);
  Json other = small_recipe();
  other["optimizer"]["lr"] = 0.04;
  TrainOptions options = into(dir.path() / "a");
  options.resume = true;
  EXPECT_THROW(Trainer(recipe_of(other), no_methods(), options), ConfigError);
  options.seed = 4;
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options), ConfigError);
  for (const std::filesystem::path& path : list_checkpoints(dir.path() / "a")) std::filesystem::remove(path);
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options), ConfigError) << "the record has it, too";
  options = into(dir.path() / "nothing");
  options.resume = true;
  EXPECT_THROW(Trainer(recipe_of(small_recipe()), no_methods(), options), ConfigError);
  EXPECT_FALSE(std::filesystem::exists(dir.path() / "nothing"));
}

TEST(TrainerTest, ScheduledSettingsFollowTheBudget) {
  TemporaryDirectory dir;
  Json json = small_recipe();
  json["schedule"]["optimizer.momentum"] = Json::parse(R"([["0dur", 0.5], ["1dur", 0.9]])");
  Trainer trainer(recipe_of(json), no_methods(), into(dir.path() / "a"));
  trainer.run();
  // The last of 20 steps began at 19/20 of the budget.
  EXPECT_NEAR(*trainer.state().optimizers->scheduled("optimizer.momentum"), 0.5 + 0.4 * 0.95, 1e-12);
}

}  // namespace
}  // namespace hasten
