// gradient_clipping: each mode is what its name says.
#include "hasten/methods/derivatives/gradient_clipping.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
void clip_norm(const std::vector<at::Tensor>& gradients, double threshold);
void clip_value(const std::vector<at::Tensor>& gradients, double threshold);
void clip_adaptive(const at::Tensor& gradient, const at::Tensor& weight, double threshold, double epsilon);
namespace {

MethodEntry entry() { return {gradient_clipping_spec(), make_gradient_clipping}; }

TEST(GradientClippingTest, NormIsOverAllTensorsTogether) {
  at::Tensor a = at::tensor({3.0f, 0.0f}), b = at::tensor({4.0f}).reshape({1, 1});
  clip_norm({a, b}, 1);  // norm 5
  EXPECT_TRUE(at::allclose(a, at::tensor({0.6f, 0.0f})));
  EXPECT_TRUE(at::allclose(b, at::tensor({0.8f}).reshape({1, 1})));
  at::Tensor small = at::tensor({0.3f, 0.4f}), before = small.clone();
  clip_norm({small}, 1);
  EXPECT_TRUE(at::equal(small, before));
  at::Tensor zero = at::zeros({3});
  clip_norm({zero}, 1);
  EXPECT_TRUE(at::equal(zero, at::zeros({3})));
}

// An element-wise clamp, and not a common factor: the direction changes.
TEST(GradientClippingTest, ValueClampsEachElement) {
  at::Tensor g = at::tensor({-5.0f, 0.25f, 2.0f});
  clip_value({g}, 1);
  EXPECT_TRUE(at::equal(g, at::tensor({-1.0f, 0.25f, 1.0f})));
}

TEST(GradientClippingTest, AdaptiveComparesEachRowWithItsWeights) {
  at::Tensor w = at::tensor({3.0f, 4.0f, 0.0f, 0.0f}).reshape({2, 2}),
             g = at::tensor({0.0f, 10.0f, 3.0f, 4.0f}).reshape({2, 2});
  clip_adaptive(g, w, 0.1, 0.01);
  EXPECT_TRUE(at::allclose(g[0], at::tensor({0.0f, 0.5f})));        // 0.1 x 5
  EXPECT_TRUE(at::allclose(g[1], at::tensor({6e-4f, 8e-4f})));      // 0.1 x epsilon
  at::Tensor filter = at::tensor({3.0f, 4.0f}).reshape({1, 1, 1, 2}), gradient = filter.mul(10);
  clip_adaptive(gradient, filter, 1, 1e-3);
  EXPECT_TRUE(at::allclose(gradient, filter));
  at::Tensor bias = at::tensor({3.0f, 4.0f}), whole = at::tensor({0.0f, 100.0f});
  clip_adaptive(whole, bias, 1, 1e-3);  // a vector is one unit
  EXPECT_TRUE(at::allclose(whole, at::tensor({0.0f, 5.0f})));
}

struct Clipped {
  std::vector<NamedTensor> before, after;
};

Clipped clip_model(Json settings) {
  settings["name"] = "gradient_clipping";
  auto planned = testing::plan_with(entry(), settings);
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  model.forward(at::randn({8, 1, 12, 12})).square().sum().backward();
  model.parameter("group1.norm1.bias").mutable_grad().reset();  // as of a branch that was left out
  Clipped result;
  for (const NamedTensor& p : model.parameters()) {
    if (p.value.grad().defined()) result.before.push_back({p.name, p.value.grad().clone()});
  }
  planned.run.engine.fire(Event::kGradientsReady, state);
  for (const NamedTensor& p : model.parameters()) {
    if (p.value.grad().defined()) result.after.push_back({p.name, p.value.grad()});
  }
  return result;
}

TEST(GradientClippingTest, ClipsTheGradientsOfTheModel) {
  Clipped norm = clip_model({{"threshold", 0.5}});
  double square = 0;
  for (const NamedTensor& g : norm.after) square += g.value.square().sum().item<double>();
  EXPECT_NEAR(std::sqrt(square), 0.5, 1e-4);
  Clipped value = clip_model({{"mode", "value"}, {"threshold", 0.01}});
  for (const NamedTensor& g : value.after) EXPECT_LE(g.value.abs().max().item<double>(), 0.01f);
}

TEST(GradientClippingTest, AdaptiveLeavesTheHeadOutUnlessAsked) {
  for (bool head : {false, true}) {
    Clipped adaptive = clip_model({{"mode", "adaptive"}, {"threshold", 1e-3}, {"head", head}});
    for (size_t i = 0; i < adaptive.after.size(); ++i) {
      const bool stays = !head && adaptive.after[i].name.rfind("head.", 0) == 0;
      EXPECT_EQ(at::equal(adaptive.before[i].value, adaptive.after[i].value), stays) << adaptive.after[i].name;
    }
  }
}

TEST(GradientClippingTest, RefusesAModelThatIsAllHead) {
  Json recipe = testing::method_recipe({{"name", "gradient_clipping"}, {"mode", "adaptive"}});
  recipe["model"] = {{"family", "mlp"}, {"widths", Json::array()}};
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "gradient_clipping"}, {"threshold", 0}}), ConfigError);
}

}  // namespace
}  // namespace hasten
