// gradient_centralization: the means, and of which parameters.
#include "hasten/methods/derivatives/gradient_centralization.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor row_means(const at::Tensor& gradient, double amount);
bool is_centred(at::IntArrayRef shape, CentredLayers layers);
namespace {

MethodEntry entry() { return {gradient_centralization_spec(), make_gradient_centralization}; }

TEST(GradientCentralizationTest, MeansAreOverTheInputsOfEachRow) {
  at::Tensor g = at::tensor({1.0f, 3.0f, -2.0f, 0.0f}).reshape({2, 2});
  EXPECT_TRUE(at::equal(row_means(g, 1), at::tensor({2.0f, -1.0f}).reshape({2, 1})));
  EXPECT_TRUE(at::equal(row_means(g, 0.5), at::tensor({1.0f, -0.5f}).reshape({2, 1})));
  at::Tensor filters = at::randn({4, 3, 5, 5});
  EXPECT_LT(row_means(filters.sub(row_means(filters, 1)), 1).abs().max().item<double>(), 1e-6);
}

TEST(GradientCentralizationTest, NeedsMoreThanOneInput) {
  EXPECT_TRUE(is_centred({8, 3, 3, 3}, CentredLayers::kAll));
  EXPECT_TRUE(is_centred({8, 1, 3, 3}, CentredLayers::kFilters));
  EXPECT_FALSE(is_centred({8, 1, 1, 1}, CentredLayers::kAll));
  EXPECT_FALSE(is_centred({8, 1}, CentredLayers::kAll));
  EXPECT_FALSE(is_centred({8}, CentredLayers::kAll));
  EXPECT_FALSE(is_centred({8, 4}, CentredLayers::kFilters));
}

TEST(GradientCentralizationTest, LeavesVectorsAlone) {
  auto planned = testing::plan_with(entry(), {{"name", "gradient_centralization"}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  model.forward(at::randn({8, 1, 12, 12})).square().sum().backward();
  model.parameter("group2.conv1.weight").mutable_grad().reset();  // as of a branch that was left out
  std::vector<at::Tensor> before;
  for (const NamedTensor& p : model.parameters())
    before.push_back(p.value.grad().defined() ? p.value.grad().clone() : at::Tensor());
  planned.run.engine.fire(Event::kGradientsReady, state);
  for (size_t i = 0; i < before.size(); ++i) {
    const NamedTensor& p = model.parameters()[i];
    if (!before[i].defined()) EXPECT_FALSE(p.value.grad().defined());
    else EXPECT_EQ(at::equal(before[i], p.value.grad()), p.value.dim() == 1) << p.name;
  }
}

TEST(GradientCentralizationTest, RefusesAModelWithoutSuchLayers) {
  Json recipe = testing::method_recipe({{"name", "gradient_centralization"}, {"layers", "filters"}});
  recipe["model"] = {{"family", "mlp"}};
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
