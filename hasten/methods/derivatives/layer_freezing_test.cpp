// layer_freezing: when blocks freeze, what freezing means, and what is refused.
#include "hasten/methods/derivatives/layer_freezing.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/optim/optimizer.h"

namespace hasten {
int64_t frozen_in_the_end(const LayerFreezingParams& params, int64_t blocks);
double freezing_time(const LayerFreezingParams& params, int64_t block, int64_t frozen);
void freeze_front(ModelPlan& plan, int64_t count);
namespace {

MethodEntry entry() { return {layer_freezing_spec(), make_layer_freezing}; }

TEST(LayerFreezingTest, TimesAreEvenFromStartToTheEndAndTheLastBlockIsNeverFrozen) {
  LayerFreezingParams p;
  EXPECT_EQ(frozen_in_the_end(p, 5), 4);
  p.share = 0.5;
  EXPECT_EQ(frozen_in_the_end(p, 5), 2);
  EXPECT_EQ(freezing_time(p, 0, 2), 0.5);
  EXPECT_EQ(freezing_time(p, 1, 2), 0.75);
}

TEST(LayerFreezingTest, AFrozenBlockCostsNoBackwardAndLeavesTheOptimizer) {
  auto planned = testing::plan_with(entry(), {{"name", "layer_freezing"}});
  Plan plan = planned.run.plan;
  const PassCost before = plan.model.flops();
  const size_t groups = parameter_groups(plan)[0].parameters.size();
  freeze_front(plan.model, 1);
  const PassCost after = plan.model.flops();
  EXPECT_EQ(after.forward, before.forward);
  const double first = plan.model.block_flops(0).forward, second = plan.model.block_flops(1).forward;
  EXPECT_EQ(before.backward - after.backward, first + second);  // weights of the first, inputs of the second
  EXPECT_EQ(after.forward_starts, before.forward_starts);
  // One less since the very first input needs none, and one more since the second block's needs none any longer.
  const Block& frozen = plan.model.blocks[0];
  double gradients = 0;
  for (const Layer& layer : frozen.layers) gradients += layer.parameters.empty() ? 1 : 2;
  EXPECT_EQ(before.backward_starts - after.backward_starts, gradients);
  double elements = 0;
  for (const Layer& layer : frozen.layers) {
    for (const ParameterPlan& parameter : layer.parameters)
      elements += static_cast<double>(element_count(parameter.shape));
  }
  EXPECT_EQ(before.trained - after.trained, elements);
  EXPECT_EQ(parameter_groups(plan)[0].parameters.size(), groups - 3);  // weight, gain, shift
}

// Frozen statistics do not move (others freeze the gains and let statistics drift).
TEST(LayerFreezingTest, StatisticsOfAFrozenBlockDoNotMove) {
  auto planned = testing::plan_with(entry(), {{"name", "layer_freezing"}});
  ModelPlan plan = planned.run.plan.model;
  freeze_front(plan, 1);
  PlannedModel model(plan, 1);
  std::vector<at::Tensor> before;
  for (const NamedTensor& buffer : model.buffers()) before.push_back(buffer.value.clone());
  model.forward(at::randn({8, 1, 12, 12}).add(3)).sum().backward();
  EXPECT_TRUE(at::equal(before[0], model.buffers()[0].value));
  EXPECT_TRUE(at::equal(before[1], model.buffers()[1].value));
  EXPECT_FALSE(at::equal(before[2], model.buffers()[2].value));
  EXPECT_FALSE(model.parameter("group1.conv1.weight").grad().defined());
  EXPECT_TRUE(model.parameter("group2.conv1.weight").grad().defined());
}

TEST(LayerFreezingTest, ReplansWithinAnEpoch) {
  Json recipe = testing::method_recipe({{"name", "layer_freezing"}, {"start", 0.25}});
  recipe["budget"]["train"] = "1ep";  // of 10 steps
  auto planned = testing::plan_recipe_with(entry(), recipe);
  const Plan& plan = planned.run.plan;
  PlannedModel model(plan.model, 1);
  Budget budget(plan.run);
  State state{plan, budget, 1, {}, model};
  std::vector<int64_t> when;
  for (state.progress.step = 1; state.progress.step <= 10; ++state.progress.step) {
    if (planned.run.engine.replan(state)) when.push_back(state.progress.step);
  }
  EXPECT_EQ(when, (std::vector<int64_t>{3, 7}));  // behind 0.25 and 0.625 of the run
  Plan next = plan_again(planned.run, planned.run.engine);
  EXPECT_TRUE(next.model.blocks[0].frozen && next.model.blocks[1].frozen);
  EXPECT_FALSE(next.model.blocks[2].frozen);
}

TEST(LayerFreezingTest, CostIsThatOfTheStepsAsTheyWillBe) {
  Json recipe = testing::method_recipe({{"name", "layer_freezing"}, {"start", 0.25}});
  recipe["budget"]["train"] = "1ep";
  auto planned = testing::plan_recipe_with(entry(), recipe);
  ModelPlan model = planned.run.plan.model;
  const PassCost all = model.flops();
  PassCost expected = 0.3 * all;
  freeze_front(model, 1);
  expected += 0.4 * model.flops();
  freeze_front(model, 2);
  expected += 0.3 * model.flops();
  const CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_NEAR(estimate.backward, expected.backward, 1e-9 * all.backward);
  EXPECT_NEAR(estimate.updated, expected.trained / all.trained, 1e-9);
  EXPECT_NEAR(estimate.backward_passes, expected.backward_starts / all.backward_starts, 1e-9);
  EXPECT_EQ(estimate.forward_passes, 1);
}

TEST(LayerFreezingTest, RefusesWhereNothingWouldFreezeOrAnOptimizerIsLeftWithoutWork) {
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "layer_freezing"}, {"share", 0.4}}), ConfigError);  // of 2 blocks
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "layer_freezing"}, {"share", 0}}), ConfigError);  // neutral
  Json recipe = testing::method_recipe({{"name", "layer_freezing"}});
  recipe["optimizer"] = {{"name", "muon"}, {"auxiliary", {{"name", "sgd"}}}};
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);  // hidden filters are Muon's all
}

}  // namespace
}  // namespace hasten
