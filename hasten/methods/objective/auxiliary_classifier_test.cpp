// auxiliary_classifier: where the head stands, what it adds, and that it goes.
#include "hasten/methods/objective/auxiliary_classifier.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/loss_term.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/batch.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
double auxiliary_weight(const AuxiliaryClassifierParams& params, double fraction);
size_t tapped_block(size_t blocks, double depth);
namespace {

MethodEntry entry() { return {auxiliary_classifier_spec(), make_auxiliary_classifier}; }

TEST(AuxiliaryClassifierTest, WeightFallsToZero) {
  AuxiliaryClassifierParams params{.weight = 0.4, .until = 0.5, .depth = 0.5, .after = ""};
  EXPECT_DOUBLE_EQ(auxiliary_weight(params, 0), 0.4);
  EXPECT_DOUBLE_EQ(auxiliary_weight(params, 0.25), 0.2);
  EXPECT_DOUBLE_EQ(auxiliary_weight(params, 0.5), 0);
  EXPECT_DOUBLE_EQ(auxiliary_weight(params, 0.9), 0);
}

TEST(AuxiliaryClassifierTest, StandsInTheMiddle) {
  EXPECT_EQ(tapped_block(2, 0.5), 0u);  // one block before it, one behind
  EXPECT_EQ(tapped_block(10, 0.3), 2u);
  EXPECT_EQ(tapped_block(3, 0.01), 0u);
  EXPECT_EQ(tapped_block(1, 0.99), 0u);
}

TEST(AuxiliaryClassifierTest, PoolsImagesAndTapsVectorsAsTheyAre) {
  auto planned = testing::plan_with(entry(), {{"name", "auxiliary_classifier"}});
  ASSERT_EQ(planned.run.plan.model.heads.size(), 1u);
  const AuxiliaryHead& head = planned.run.plan.model.heads[0];
  EXPECT_EQ(head.after, "group1");
  ASSERT_EQ(head.block.layers.size(), 2u);
  EXPECT_EQ(head.block.layers[0].in, (Shape{8, 6, 6}));
  EXPECT_EQ(head.block.layers[1].parameters[0].shape, (Shape{10, 8}));

  Json recipe = testing::method_recipe({{"name", "auxiliary_classifier"}});
  recipe["model"] = {{"family", "mlp"}, {"widths", {16, 12}}};
  auto mlp = testing::plan_recipe_with(entry(), recipe);
  EXPECT_EQ(mlp.run.plan.model.heads[0].block.layers.size(), 1u);
}

TEST(AuxiliaryClassifierTest, StandsAfterTheNamedBlock) {
  auto planned = testing::plan_with(entry(), {{"name", "auxiliary_classifier"}, {"after", "group2"}});
  EXPECT_EQ(planned.run.plan.model.heads[0].after, "group2");
  for (const char* name : {"head", "group3"}) {
    try {
      testing::plan_with(entry(), {{"name", "auxiliary_classifier"}, {"after", name}});
      ADD_FAILURE() << name;
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), "method.auxiliary_classifier.after");
    }
  }
}

TEST(AuxiliaryClassifierTest, AddsItsCrossEntropyInTrainingOnly) {
  auto planned = testing::plan_with(entry(), {{"name", "auxiliary_classifier"}, {"weight", 0.5}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  Batch batch;
  batch.ids = {0, 1};
  batch.inputs = at::randn({2, 1, 12, 12});
  batch.labels = at::tensor({3, 7}, at::kLong);
  state.microbatch = &batch;
  state.progress.fraction = 0.2;
  state.outputs = model.forward(batch.inputs);
  at::Tensor plain = at::cross_entropy_loss(state.outputs, batch.labels, {}, at::Reduction::None), losses = plain;
  auto apply = [&] { planned.run.engine.each<LossTerm>(state, [&](LossTerm& term) { term.apply(losses, state); }); };
  apply();
  at::Tensor head =
      at::cross_entropy_loss(model.auxiliary().at(0).value, batch.labels, {}, at::Reduction::None).mul(0.4);
  EXPECT_TRUE(at::allclose(losses, plain.add(head)));
  losses.sum().backward();
  EXPECT_TRUE(model.parameter("auxiliary.linear.weight").grad().defined());

  batch.targets = batch.soft_targets(10).mul(0.9).add(0.01);  // soft targets are the head's too
  losses = plain;
  apply();
  EXPECT_FALSE(at::allclose(losses, plain.add(head)));

  model.set_training(false);
  model.forward(batch.inputs);
  EXPECT_TRUE(model.auxiliary().empty());
}

TEST(AuxiliaryClassifierTest, GoesAtItsEnd) {
  auto planned = testing::plan_with(entry(), {{"name", "auxiliary_classifier"}, {"until", 0.5}});
  Engine& engine = planned.run.engine;
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  const PassCost with = planned.run.plan.model.flops();
  CostEstimate estimate = engine.estimate_cost(planned.run.plan);
  state.progress.fraction = 0.49;
  EXPECT_FALSE(engine.replan(state).has_value());
  state.progress.fraction = 0.5;
  EXPECT_TRUE(engine.replan(state).has_value());
  EXPECT_FALSE(engine.replan(state).has_value());  // once
  Plan without = plan_again(planned.run, engine);
  EXPECT_TRUE(without.model.heads.empty());
  EXPECT_DOUBLE_EQ(estimate.forward, 0.5 * (with.forward + without.model.flops().forward));
  EXPECT_DOUBLE_EQ(estimate.backward, 0.5 * (with.backward + without.model.flops().backward));
}

TEST(AuxiliaryClassifierTest, RefusesItsNeutralSetting) {
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "auxiliary_classifier"}, {"weight", 0.0}}), ConfigError);
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "auxiliary_classifier"}, {"weight", -1.0}}), ConfigError);
}

}  // namespace
}  // namespace hasten
