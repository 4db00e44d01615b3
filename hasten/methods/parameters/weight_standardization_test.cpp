// weight_standardization: the filters, which ones, and what is refused.
#include "hasten/methods/parameters/weight_standardization.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/method_seams.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor standardized(const at::Tensor& filters, double epsilon, double gain);
std::string first_without_norm(const ModelPlan& plan);
namespace {

MethodEntry entry() { return {weight_standardization_spec(), make_weight_standardization}; }

testing::PlannedMethod planned_with(const Json& model, Json settings = Json::object()) {
  settings["name"] = "weight_standardization";
  Json recipe = testing::method_recipe(settings);
  recipe["model"] = model;
  return testing::plan_recipe_with(entry(), recipe);
}

TEST(WeightStandardizationTest, FiltersHaveMeanZeroAndVarianceOne) {
  at::Tensor two = at::tensor({1.0f, 3.0f, 10.0f, 10.5f}).reshape({2, 1, 1, 2});
  EXPECT_TRUE(at::allclose(standardized(two, 1e-10, 1).reshape(-1), at::tensor({-1.0f, 1.0f, -1.0f, 1.0f})));
  at::Tensor layout = at::randn({6, 3, 3, 3}).contiguous(at::MemoryFormat::ChannelsLast);
  at::Tensor out = standardized(layout, 1e-10, 2);
  EXPECT_EQ(out.strides(), layout.strides());
  EXPECT_TRUE(at::allclose(out.var(at::OptionalIntArrayRef({1, 2, 3}), 0), at::tensor(std::vector<float>(6, 4.0f))));
}

TEST(WeightStandardizationTest, TheModelDoesNotSeeMeanAndSizeOfAFilter) {
  auto planned = planned_with({{"family", "convnet"}, {"widths", {4, 4}}});
  const Plan& plan = planned.run.plan;
  Budget budget(plan.run);
  PlannedModel plain(plan.model, 1);
  State state{plan, budget, 1, {}, plain};
  PlannedModel model(plan.model, 1, {&planned.run.engine, &state});
  at::Tensor images = at::randn({3, 1, 12, 12}), before = model.forward(images);
  EXPECT_FALSE(at::allclose(before, plain.forward(images), 1e-3, 1e-3));
  at::Tensor filter = model.parameter("group2.conv1.weight").detach();
  filter.mul_(3).add_(0.7);
  EXPECT_TRUE(at::allclose(model.forward(images), before, 1e-3, 1e-4));
  model.parameter("head.linear.weight").detach().mul_(3);  // no filter
  EXPECT_FALSE(at::allclose(model.forward(images), before, 1e-2, 1e-2));
}

// With fan_in, independent inputs of variance 1 come out with variance 1, with or without normalization behind.
TEST(WeightStandardizationTest, FanInKeepsTheSizeOfWhatPasses) {
  for (const char* scale : {"fan_in", "unit"}) {
    auto planned = planned_with({{"family", "convnet"}, {"widths", {4, 4}}, {"norm", true}}, {{"scale", scale}});
    Budget budget(planned.run.plan.run);
    PlannedModel plain(planned.run.plan.model, 1);
    State state{planned.run.plan, budget, 1, {}, plain};
    at::Tensor filters = at::randn({64, 20, 5, 5});
    planned.run.engine.one<WeightTransform>(0, state,
                                            [&](WeightTransform& part) { filters = part.transform("", filters); });
    at::Tensor out = filters.reshape({64, 500}).mm(at::randn({500, 400}));
    EXPECT_NEAR(out.var().item<double>() / (scale[0] == 'f' ? 1 : 500), 1, 0.05);
  }
}

TEST(WeightStandardizationTest, KeepsNamesAndStoredValues) {
  auto planned = planned_with({{"family", "convnet"}, {"widths", {4, 4}}});
  Budget budget(planned.run.plan.run);
  PlannedModel plain(planned.run.plan.model, 1);
  State state{planned.run.plan, budget, 1, {}, plain};
  PlannedModel model(planned.run.plan.model, 1, {&planned.run.engine, &state});
  ASSERT_EQ(model.parameters().size(), plain.parameters().size());
  for (size_t i = 0; i < plain.parameters().size(); ++i) {
    EXPECT_EQ(model.parameters()[i].name, plain.parameters()[i].name);
    EXPECT_TRUE(at::equal(model.parameters()[i].value, plain.parameters()[i].value));
  }
}

TEST(WeightStandardizationTest, UnitVarianceNeedsNormalizationBehind) {
  const Json bare = {{"family", "convnet"}, {"widths", {4, 4}}};
  Json normed = bare;
  normed["norm"] = true;
  EXPECT_EQ(first_without_norm(planned_with(bare).run.plan.model), "group1.conv1");
  EXPECT_NO_THROW(planned_with(normed, {{"scale", "unit"}}));
  EXPECT_NO_THROW(planned_with({{"family", "resnet"}, {"stages", {1}}}, {{"scale", "unit"}}));
  try {
    planned_with(bare, {{"scale", "unit"}});
    FAIL() << "accepted";
  } catch (const ConfigError& error) {
    EXPECT_EQ(error.where(), "method.weight_standardization.scale");
    EXPECT_NE(error.hint().find("fan_in"), std::string::npos);
  }
  EXPECT_THROW(planned_with({{"family", "mlp"}}), ConfigError);
}

// A layer that is frozen during the run goes on with the weights it had; filters from data are not touched.
TEST(WeightStandardizationTest, WhatIsTransformedDoesNotDependOnTraining) {
  auto planned = planned_with({{"family", "convnet"}, {"widths", {4, 4}}});
  ModelPlan frozen = planned.run.plan.model;
  frozen.blocks[0].layers[0].parameter("weight")->trainable = false;
  Budget budget(planned.run.plan.run);
  PlannedModel plain(planned.run.plan.model, 1);
  State state{planned.run.plan, budget, 1, {}, plain};
  const MethodSeams seams{&planned.run.engine, &state};
  at::Tensor images = at::randn({3, 1, 12, 12});
  at::Tensor whole = PlannedModel(planned.run.plan.model, 1, seams).forward(images);
  EXPECT_TRUE(at::equal(PlannedModel(frozen, 1, seams).forward(images), whole));
  frozen.blocks[0].layers[0].parameter("weight")->init.kind = InitKind::kFromData;
  EXPECT_FALSE(at::equal(PlannedModel(frozen, 1, seams).forward(images), whole));
}

}  // namespace
}  // namespace hasten
