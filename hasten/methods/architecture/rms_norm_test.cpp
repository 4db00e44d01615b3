// rms_norm: norms without mean and shift.
#include "hasten/methods/architecture/rms_norm.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/spec/layers/normalization.h"

namespace hasten {
namespace {

MethodEntry entry() { return {rms_norm_spec(), make_rms_norm}; }

TEST(RmsNormTest, NormsLoseMeanAndShift) {
  const auto planned = testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "rms_norm"}}));
  const auto norms = testing::layers_of<FeatureNorm>(planned);
  ASSERT_EQ(norms.size(), 7U);
  for (const FeatureNorm& norm : norms) {
    EXPECT_TRUE(norm.root_mean_square);
    EXPECT_TRUE(norm.scale);
    EXPECT_FALSE(norm.shift);
  }
  for (const PlacedParameter& parameter : planned.run.plan.model.parameters())
    EXPECT_NE(parameter.plan->role, Role::kShift);
}

TEST(RmsNormTest, GainsGoIfAsked) {
  const auto planned =
      testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "rms_norm"}, {"gain", false}}));
  for (const FeatureNorm& norm : testing::layers_of<FeatureNorm>(planned)) EXPECT_FALSE(norm.scale);
}

TEST(RmsNormTest, RefusedWhereItIsThere) {
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe({{"name", "rms_norm"}}, {{"norm", "rms"}})),
            "method.rms_norm");
}

}  // namespace
}  // namespace hasten
