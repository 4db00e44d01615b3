// qk_norm: all layers of attention, and only where it is new.
#include "hasten/methods/architecture/qk_norm.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/spec/layers/attention.h"

namespace hasten {
namespace {

MethodEntry entry() { return {qk_norm_spec(), make_qk_norm}; }

TEST(QkNormTest, EveryLayerOfAttention) {
  const auto planned = testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "qk_norm"}}));
  const auto layers = testing::layers_of<SelfAttention>(planned);
  ASSERT_EQ(layers.size(), 3U);
  for (const SelfAttention& attention : layers) EXPECT_TRUE(attention.qk_norm);
}

TEST(QkNormTest, RefusedWhereItIsThere) {
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe({{"name", "qk_norm"}}, {{"qk_norm", true}})),
            "method.qk_norm");
}

}  // namespace
}  // namespace hasten
