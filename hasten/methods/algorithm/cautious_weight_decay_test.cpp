// cautious_weight_decay: which entries decay, and which recipes have decay to be cautious with.
#include "hasten/methods/algorithm/cautious_weight_decay.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/optim/optimizer.h"

namespace hasten {
std::vector<at::Tensor> decay_factors(const std::vector<at::Tensor>& direction, const std::vector<at::Tensor>& weights,
                                      double opposed);
namespace {

MethodEntry entry() { return {cautious_weight_decay_spec(), make_cautious_weight_decay}; }

Json recipe_with(const Json& optimizer) {
  Json recipe = testing::method_recipe({{"name", "cautious_weight_decay"}});
  recipe["optimizer"] = optimizer;
  return recipe;
}

TEST(CautiousWeightDecayTest, OnlyWhereDirectionAndWeightAgree) {
  at::Tensor direction = at::tensor({1.0f, -1.0f, 1.0f, -1.0f, 0.0f}),
             weight = at::tensor({2.0f, 2.0f, -2.0f, -2.0f, 2.0f});
  EXPECT_TRUE(at::equal(decay_factors({direction}, {weight}, 0)[0], at::tensor({1.0f, 0.0f, 0.0f, 1.0f, 0.0f})));
  EXPECT_TRUE(at::equal(decay_factors({direction}, {weight}, 0.25)[0], at::tensor({1.0f, 0.25f, 0.25f, 1.0f, 0.25f})));
  EXPECT_TRUE(at::equal(decay_factors({direction}, {weight}, 1)[0], at::tensor({1.0f, 1.0f, 1.0f, 1.0f, 1.0f})));
}

TEST(CautiousWeightDecayTest, UpdateByHand) {
  // lr 0.5, decay 0.1, no momentum. w = 2, g = 1: 2 - 0.5 (1 + 0.2); w = 2, g = -1: 2 - 0.5 (-1).
  auto planned = testing::plan_recipe_with(
      entry(),
      recipe_with({{"name", "sgd"}, {"lr", 0.5}, {"momentum", 0}, {"weight_decay", 0.1}, {"decoupled", true}}));
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  OptimizerSet optimizers(planned.run.plan, [&](std::string_view name) { return model.parameter(name); });
  State state{planned.run.plan, budget, 1, {}, model, &optimizers};
  for (const NamedTensor& p : model.parameters()) {
    p.value.detach().fill_(2);
    p.value.mutable_grad() = at::ones_like(p.value);
  }
  at::Tensor opposed = model.parameters()[1].value;
  opposed.mutable_grad().fill_(-1);
  optimizers.update(planned.run.engine, state);
  EXPECT_NEAR(model.parameters()[0].value.mean().item<double>(), 1.4, 1e-6);
  EXPECT_NEAR(opposed.mean().item<double>(), 2.5, 1e-6);
}

TEST(CautiousWeightDecayTest, RefusesRunsWithoutDecoupledDecay) {
  auto refused = [](const Json& optimizer) {
    try {
      testing::plan_recipe_with(entry(), recipe_with(optimizer));
      return false;
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), "method.cautious_weight_decay");
      EXPECT_NE(error.hint(), "");
      return true;
    }
  };
  EXPECT_TRUE(refused({{"name", "sgd"}, {"weight_decay", 0.1}}));  // coupled
  EXPECT_TRUE(refused({{"name", "sgd"}, {"decoupled", true}}));    // none
  EXPECT_TRUE(refused({{"name", "adamw"}}));
  EXPECT_FALSE(refused({{"name", "adamw"}, {"weight_decay", 0.1}}));
  EXPECT_FALSE(refused({{"name", "sgd"}, {"weight_decay", 0.1}, {"decoupled", true}}));
}

TEST(CautiousWeightDecayTest, AGroupsOwnDecayIsEnough) {
  Json recipe = recipe_with({{"name", "adamw"}});
  recipe["group"] = {{{"match", "*.weight"}, {"weight_decay", 0.1}}};
  EXPECT_NO_THROW(testing::plan_recipe_with(entry(), recipe));
}

}  // namespace
}  // namespace hasten
