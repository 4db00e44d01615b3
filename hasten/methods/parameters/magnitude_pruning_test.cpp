// magnitude_pruning: the schedule, the masks, and what is left alone.
#include "hasten/methods/parameters/magnitude_pruning.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
double cubic_sparsity(const MagnitudePruningParams& params, double fraction);
at::Tensor magnitude_mask(const at::Tensor& values, double sparsity);
std::set<std::string> prunable_weights(const ModelPlan& plan, bool ends);
namespace {

MethodEntry entry() { return {magnitude_pruning_spec(), make_magnitude_pruning}; }

TEST(MagnitudePruningTest, SparsityRisesAsACubic) {
  MagnitudePruningParams p;
  p.sparsity = 0.8;
  p.start = 0.2;
  p.end = 0.6;
  EXPECT_EQ(cubic_sparsity(p, 0.1), 0);
  EXPECT_NEAR(cubic_sparsity(p, 0.4), 0.8 * (1 - 0.125), 1e-12);  // half of the way
  EXPECT_EQ(cubic_sparsity(p, 0.9), 0.8);
}

TEST(MagnitudePruningTest, MasksTheSmallestAndExactlySoMany) {
  at::Tensor w = at::tensor({-3.0f, 0.1f, 2.0f, -0.2f});
  EXPECT_TRUE(at::equal(magnitude_mask(w, 0.5), at::tensor({1.0f, 0.0f, 1.0f, 0.0f})));
  EXPECT_EQ(magnitude_mask(at::zeros({4, 3}), 0.5).sum().item<double>(), 6);  // ties
  EXPECT_EQ(magnitude_mask(w, 0).sum().item<double>(), 4);
}

TEST(MagnitudePruningTest, LeavesFirstAndLastAloneUnlessAsked) {
  auto planned = testing::plan_with(entry(), {{"name", "magnitude_pruning"}});
  EXPECT_EQ(prunable_weights(planned.run.plan.model, false), (std::set<std::string>{"group2.conv1.weight"}));
  EXPECT_EQ(prunable_weights(planned.run.plan.model, true).size(), 3u);
}

class MagnitudePruningRun : public ::testing::TestWithParam<const char*> {};

TEST_P(MagnitudePruningRun, TheModelComputesWithMaskedWeightsAndMaskedOnesGetNoGradient) {
  auto planned = testing::plan_with(entry(), {{"name", "magnitude_pruning"},
                                              {"sparsity", 0.75},
                                              {"interval", 7},
                                              {"start", 0},
                                              {"end", 1},
                                              {"first_and_last", true},
                                              {"scope", GetParam()}});
  const Plan& plan = planned.run.plan;
  Budget budget(plan.run);
  std::unique_ptr<PlannedModel> model;
  PlannedModel placeholder(plan.model, 1);
  State state{plan, budget, 1, {}, placeholder};
  model = std::make_unique<PlannedModel>(plan.model, 1, MethodSeams{&planned.run.engine, &state});
  State real{plan, budget, 1, {}, *model};
  at::Tensor images = at::randn({4, 1, 12, 12});
  at::Tensor before = model->forward(images);
  real.progress.step = 39;
  planned.run.engine.fire(Event::kStepEnd, real);  // between two choices
  EXPECT_TRUE(at::equal(before, model->forward(images)));
  real.progress.step = 40;  // the last step: also the last evaluation is as sparse as asked for
  planned.run.engine.fire(Event::kStepEnd, real);
  at::Tensor after = model->forward(images);
  EXPECT_FALSE(at::equal(before, after));
  after.square().sum().backward();
  int64_t without = 0, all = 0;
  for (const NamedTensor& p : model->parameters()) {
    if (p.value.dim() < 2) continue;
    without += p.value.grad().eq(0).sum().item<int64_t>();
    all += p.value.numel();
  }
  EXPECT_GE(without, std::llround(0.75 * static_cast<double>(all)));
}
INSTANTIATE_TEST_SUITE_P(Scopes, MagnitudePruningRun, ::testing::Values("layer", "global"));

TEST(MagnitudePruningTest, RefusesWhereNothingIsPrunable) {
  Json recipe = testing::method_recipe({{"name", "magnitude_pruning"}});
  recipe["model"] = {{"family", "mlp"}, {"widths", {8}}};
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
  recipe["method"][0]["first_and_last"] = true;
  EXPECT_NO_THROW(testing::plan_recipe_with(entry(), recipe));
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "magnitude_pruning"}, {"start", 0.8}, {"end", 0.5}}), ConfigError);
}

}  // namespace
}  // namespace hasten
