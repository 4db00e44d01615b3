// scale_bias_norm: gains go, shifts have a rate of their own.
#include "hasten/methods/parameters/scale_bias_norm.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {
namespace {

MethodEntry entry() { return {scale_bias_norm_spec(), make_scale_bias_norm}; }

TEST(ScaleBiasNormTest, GainsGoAndShiftsLearnFast) {
  const auto planned = testing::plan_with(entry(), {{"name", "scale_bias_norm"}, {"shift_rate", 16}});
  const Plan& plan = planned.run.plan;
  for (const BatchNorm& norm : testing::layers_of<BatchNorm>(planned)) {
    EXPECT_FALSE(norm.scale);
    EXPECT_EQ(norm.epsilon, 1e-12);
  }
  for (const PlacedParameter& parameter : plan.model.parameters()) EXPECT_NE(parameter.plan->role, Role::kScale);
  for (const ParameterGroup& group : parameter_groups(plan)) {
    const bool shifts = group.parameters.front().find("norm") != std::string::npos;
    EXPECT_NEAR(group.lr, shifts ? 1.6 : 0.1, 1e-12) << group.parameters.front();
  }
}

TEST(ScaleBiasNormTest, TheRecipesOwnGroupsWin) {
  Json recipe = testing::method_recipe({{"name", "scale_bias_norm"}});
  recipe["group"] = Json::array({{{"match", "group2.*"}, {"roles", {"shift"}}, {"lr_scale", 2}}});
  const auto planned = testing::plan_recipe_with(entry(), recipe);
  std::vector<double> rates;
  for (const ParameterGroup& group : parameter_groups(planned.run.plan)) {
    for (const std::string& name : group.parameters) {
      if (name.find("norm1.bias") != std::string::npos) rates.push_back(group.lr);
    }
  }
  ASSERT_EQ(rates.size(), 2U);
  EXPECT_NEAR(rates[0], 6.4, 1e-12);
  EXPECT_NEAR(rates[1], 0.2, 1e-12);
}

TEST(ScaleBiasNormTest, RefusedWithoutNorms) {
  Json recipe = testing::method_recipe({{"name", "scale_bias_norm"}});
  recipe["model"]["norm"] = false;
  EXPECT_EQ(testing::refused_at(entry(), recipe), "method.scale_bias_norm");
}

}  // namespace
}  // namespace hasten
