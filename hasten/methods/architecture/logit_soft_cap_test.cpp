// logit_soft_cap: one bound, behind everything.
#include "hasten/methods/architecture/logit_soft_cap.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {
namespace {

MethodEntry entry() { return {logit_soft_cap_spec(), make_logit_soft_cap}; }

TEST(LogitSoftCapTest, BoundsWhatComesOut) {
  const auto planned =
      testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "logit_soft_cap"}, {"cap", 7}}));
  const SoftCap* last = planned.run.plan.model.blocks.back().layers.back().kind.as<SoftCap>();
  ASSERT_NE(last, nullptr);
  EXPECT_EQ(last->cap, 7);
}

TEST(LogitSoftCapTest, RefusedBesideTheModelsOwn) {
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe({{"name", "logit_soft_cap"}}, {{"soft_cap", 30}})),
            "method.logit_soft_cap");
}

}  // namespace
}  // namespace hasten
