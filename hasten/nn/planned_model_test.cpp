// Models built from plans.
#include "hasten/nn/planned_model.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "hasten/base/json.h"
#include "hasten/nn/autocast.h"
#include "hasten/nn/init.h"
#include "hasten/spec/family.h"
#include "hasten/spec/layers/dense.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {
namespace {

ModelPlan plan_of(const char* family_name, const Json& settings) {
  const FamilySpec& family = find_family(family_name);
  return family.build(family.params->parse(settings, "model"), {"data", {1, 12, 12}, 10, 100, 100});
}

TEST(PlannedModelTest, HasThePlannedParametersAndShapes) {
  ModelPlan plan = plan_of("convnet", {{"widths", {4, 8}}, {"stem", 6}, {"norm", true}, {"hidden", {5}}});
  PlannedModel model(plan, 1);
  std::vector<PlacedParameter> planned = plan.parameters();
  ASSERT_EQ(model.parameters().size(), planned.size());
  for (size_t i = 0; i < planned.size(); ++i) {
    EXPECT_EQ(model.parameters()[i].name, planned[i].name);
    EXPECT_EQ(model.parameters()[i].value.sizes().vec(), planned[i].plan->shape);
    EXPECT_EQ(model.parameters()[i].value.requires_grad(), planned[i].plan->trainable);
  }
  EXPECT_EQ(model.forward(at::randn({3, 1, 12, 12})).sizes(), (std::vector<int64_t>{3, 10}));
  EXPECT_EQ(model.buffers().size(), 4u);  // mean and variance of two norms
}

TEST(PlannedModelTest, SameSeedSameWeightsAndNewLayersLeaveOthersAlone) {
  PlannedModel a(plan_of("convnet", {{"widths", {4, 8}}}), 7), b(plan_of("convnet", {{"widths", {4, 8}}}), 7);
  PlannedModel other(plan_of("convnet", {{"widths", {4, 8}}}), 8),
      more(plan_of("convnet", {{"widths", {4, 8}}, {"hidden", {5}}}), 7);
  for (size_t i = 0; i < a.parameters().size(); ++i)
    EXPECT_TRUE(at::equal(a.parameters()[i].value, b.parameters()[i].value));
  EXPECT_FALSE(at::equal(a.parameter("group1.conv1.weight"), other.parameter("group1.conv1.weight")));
  EXPECT_TRUE(at::equal(a.parameter("group2.conv1.weight"), more.parameter("group2.conv1.weight")));
}

TEST(PlannedModelTest, ResidualBlockAddsItsInput) {
  ModelPlan plan;
  plan.input = {4};
  plan.outputs = 4;
  Block block{"block", Part::kBody, {}, true, {}, {}};
  block.add("linear", Linear{4, false});
  block.after.push_back({"scale", Scale{0.5}, {}, {}, {}});
  plan.blocks.push_back(block);
  plan.infer();
  plan.blocks[0].layers[0].parameters[0].init = {InitKind::kZeros, 0};
  PlannedModel model(plan, 1);
  at::Tensor x = at::randn({2, 4});
  EXPECT_TRUE(at::allclose(model.forward(x), x.mul(0.5)));
}

TEST(InitTest, Distributions) {
  ParameterPlan plan{"weight", {64, 32, 3, 3}, Role::kFilter, uniform_fan_in(), 288, true};
  at::Tensor w = initial_value(plan, "w", 1);
  double bound = 1 / std::sqrt(288.0);
  EXPECT_LE(w.abs().max().item<double>(), bound);
  EXPECT_NEAR(w.std().item<double>(), bound / std::sqrt(3.0), bound * 0.02);
  plan.init = {InitKind::kNormalFanIn, 2.0};
  EXPECT_NEAR(initial_value(plan, "w", 1).std().item<double>(), 2 * bound, bound * 0.05);
  plan.init = {InitKind::kOrthogonal, 1.0};
  at::Tensor q = initial_value(plan, "w", 1).reshape({64, -1});
  EXPECT_TRUE(at::allclose(q.mm(q.t()), at::eye(64), 1e-4, 1e-4));
}

TEST(InitTest, DiracPassesTheFirstChannelsThrough) {
  ParameterPlan plan{"weight", {6, 3, 3, 3}, Role::kFilter, {InitKind::kDirac, 0}, 27, true};
  at::Tensor w = initial_value(plan, "w", 1);
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(w[i].sum().item<double>(), 1);
    EXPECT_EQ(w[i][i][1][1].item<double>(), 1);
  }
  EXPECT_GT(w[4].abs().sum().item<double>(), 0.1);
  EXPECT_NE(w[4][0][1][1].item<double>(), 1);
}

TEST(PrecisionTest, Bf16InsideTheScopeOnly) {
  PlannedModel model(plan_of("mlp", {{"widths", {8}}}), 1);
  at::Tensor x = at::randn({2, 1, 12, 12});
  {
    PrecisionScope scope(Compute::kBf16);
    EXPECT_EQ(model.forward(x).scalar_type(), at::kBFloat16);
    PrecisionScope nothing(Compute::kFp32);
    EXPECT_EQ(model.forward(x).scalar_type(), at::kBFloat16);
  }
  EXPECT_EQ(model.forward(x).scalar_type(), at::kFloat);
}

// The patches of an image are tokens: with the mean as readout their order is known by position vectors alone.
TEST(PlannedModelTest, VisionTransformersLearnFromAllPatches) {
  const FamilySpec& family = find_family("vit");
  const DatasetInfo data{"images", {2, 8, 8}, 5, 100, 10};
  for (const char* readout : {"class_token", "average"}) {
    const ModelPlan plan = family.build(
        family.params->parse({{"patch", 4}, {"layers", 2}, {"width", 16}, {"heads", 2}, {"readout", readout}}, "model"),
        data);
    PlannedModel model(plan, 1);
    const at::Tensor images = at::randn({3, 2, 8, 8});
    const at::Tensor logits = model.forward(images);
    EXPECT_EQ(logits.sizes(), (c10::IntArrayRef{3, 5})) << readout;
    logits.square().sum().backward();
    for (const NamedTensor& parameter : model.parameters())
      EXPECT_TRUE(parameter.value.grad().defined()) << parameter.name;
    c10::NoGradGuard no_grad;
    // The two upper patches exchanged.
    const at::Tensor exchanged = at::cat({images.narrow(2, 0, 4).roll({4}, {3}), images.narrow(2, 4, 4)}, 2);
    EXPECT_FALSE(at::allclose(model.forward(exchanged), logits, 1e-5, 1e-7)) << readout;
    model.parameter("stem.position.weight").zero_();
    EXPECT_TRUE(at::allclose(model.forward(exchanged), model.forward(images), 1e-4, 1e-6)) << readout;
  }
}

}  // namespace
}  // namespace hasten
