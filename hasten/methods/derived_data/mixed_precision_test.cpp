// mixed_precision: the plan's format, and no silent no-op.
#include "hasten/methods/derived_data/mixed_precision.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {mixed_precision_spec(), make_mixed_precision}; }

TEST(MixedPrecisionTest, SetsTheFormat) {
  auto planned = testing::plan_with(entry(), {{"name", "mixed_precision"}});
  EXPECT_EQ(planned.run.plan.run.precision.compute, Compute::kBf16);
  EXPECT_EQ(planned.run.baseline.run.precision.compute, Compute::kFp32);
}

TEST(MixedPrecisionTest, RefusedWhereTheRecipeHasItAlready) {
  Json recipe = testing::method_recipe({{"name", "mixed_precision"}});
  recipe["precision"] = {{"compute", "bf16"}};
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
