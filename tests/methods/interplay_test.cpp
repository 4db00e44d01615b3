// Methods that meet: what one does to the run must hold with the others.
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/json.h"
#include "hasten/data/dataset.h"
#include "hasten/nn/model.h"
#include "tests/methods/method_run.h"

namespace hasten {
namespace {

using testing::all_methods;
using testing::edited_recipe;
using testing::MethodRun;

std::string refusal(const RecipeEdits& edits) {
  try {
    plan_run(edited_recipe(edits), all_methods());
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

// FLOPs of a sample, and of preludes, as explain shows them.
double planned_flops(const std::vector<std::string>& with, const std::string& budget = "20step") {
  PlannedRun planned =
      plan_run(edited_recipe({.with = with, .without = {}, .set = {"budget.train=\"" + budget + "\""}}), all_methods());
  CostEstimate cost = planned.engine.estimate_cost(planned.plan);
  return cost.before + cost.forward + cost.backward;
}

// Methods at a site, in order.
std::vector<std::string> order_at(const std::vector<std::string>& with, Site site) {
  PlannedRun planned = plan_run(edited_recipe({.with = with, .without = {}, .set = {}}), all_methods());
  std::vector<std::string> names;
  for (const MethodSpec* spec : planned.engine.order().at(site)) names.push_back(spec->name);
  return names;
}

TEST(InterplayTest, StatisticsOfFrozenBlocksAreMeasuredForAveragedWeights) {
  MethodRun run({.with = {"swa(start=\"0.3dur\", interval=\"1step\")", "layer_freezing(start=0.35)"},
                 .without = {},
                 .set = {"optimizer.lr=0.2", "budget.train=\"60step\""}});
  run.run();
  Trainer& trainer = run.trainer();
  ASSERT_TRUE(trainer.plan().model.blocks.front().frozen);
  const at::Tensor before = trainer.model().buffers().front().value.clone();
  const at::Tensor images = trainer.state().train_data->gather({0, 1, 2, 3}).inputs;
  trainer.model().set_training(true);
  trainer.model().forward(images);
  EXPECT_TRUE(at::equal(trainer.model().buffers().front().value, before)) << "training leaves them alone";
  trainer.model().set_mode({true, Statistics::kAverage, 0});
  trainer.model().forward(images);
  EXPECT_FALSE(at::equal(trainer.model().buffers().front().value, before)) << "measuring does not";
}

TEST(InterplayTest, AScheduleThatStandsAtZeroSurvivesAReplan) {
  MethodRun run({.with = {"progressive_augmentation(start=0)", "layer_freezing(start=0)", "cutout"},
                 .without = {},
                 .set = {"data.translate=2"}});
  EXPECT_EQ(run.run().record.status, evaluate::Status::kOk);
  EXPECT_GT(run.trainer().plan().model.generation, 0);
}

TEST(InterplayTest, OrderFollowsFromWhatTheyDo) {
  EXPECT_EQ(order_at({"auxiliary_classifier", "distillation"}, Seam::kLossTerm),
            (std::vector<std::string>{"distillation", "auxiliary_classifier"}));
  EXPECT_EQ(order_at({"infobatch", "random_subset"}, Seam::kSampler),
            (std::vector<std::string>{"random_subset", "infobatch"}));
}

TEST(InterplayTest, TheEstimateDoesNotDependOnTheOrderInTheRecipe) {
  const double one = planned_flops({"sam", "distillation"}), other = planned_flops({"distillation", "sam"});
  EXPECT_EQ(one, other);
  // A teacher answers in the extra pass, too.
  EXPECT_GT(one - planned_flops({"sam"}), planned_flops({"distillation"}) - planned_flops({}));
}

TEST(InterplayTest, InfobatchSavesNothingOfABudgetInSteps) {
  EXPECT_EQ(planned_flops({"infobatch"}), planned_flops({}));
  EXPECT_LT(planned_flops({"infobatch"}, "4ep"), 0.9 * planned_flops({}, "4ep"));
}

TEST(InterplayTest, AnAverageThatWouldNeverBeOneIsRefused) {
  EXPECT_NE(refusal({.with = {"ema(start=\"50ep\")"}, .without = {}, .set = {}}).find("method.ema.start"),
            std::string::npos);
  EXPECT_NE(refusal({.with = {"ema(interval=1000)"}, .without = {}, .set = {}}).find("method.ema.interval"),
            std::string::npos);
  EXPECT_EQ(refusal({.with = {"ema(start=\"0.5dur\", interval=9)"}, .without = {}, .set = {}}), "");
}

TEST(InterplayTest, LookaheadEndsOnSlowWeights) {
  MethodRun run({.with = {"lookahead(interval=6)"}, .without = {}, .set = {}});  // twenty steps: no multiple of six
  run.run();
  StateHashes hashes;
  run.trainer().enumerate_state(hashes);
  std::string slow, fast = tensor_hash(run.trainer().model().parameters().front().value);
  for (const auto& [name, hash] : hashes.values()) {
    if (name == "method/lookahead/slow/0/value") slow = hash;
  }
  EXPECT_EQ(slow, fast);
}

}  // namespace
}  // namespace hasten
