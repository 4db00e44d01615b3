// The training loop: bits, budgets, outcomes, records.
#include "hasten/train/trainer.h"

#include <gtest/gtest.h>

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
  TrainOptions options = into(dir.path() / "a");
  options.resume = true;
  Trainer again(recipe, no_methods(), options);
  again.run();
  EXPECT_EQ(hashes_of(again), hashes_of(whole));
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
  Trainer wrong_seed(recipe_of(small_recipe()), no_methods(), options);
  EXPECT_THROW(wrong_seed.run(), ConfigError);
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
