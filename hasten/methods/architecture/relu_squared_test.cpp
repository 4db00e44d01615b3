// relu_squared: plain and gated networks.
#include "hasten/methods/architecture/relu_squared.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/spec/layers/elementwise.h"

namespace hasten {
namespace {

MethodEntry entry() { return {relu_squared_spec(), make_relu_squared}; }

TEST(ReluSquaredTest, PlainAndGatedNetworks) {
  const Json settings = {{"name", "relu_squared"}};
  const auto plain = testing::plan_recipe_with(entry(), testing::text_recipe(settings));
  const auto activations = testing::layers_of<Activation>(plain);
  ASSERT_EQ(activations.size(), 3U);
  for (const Activation& one : activations) EXPECT_EQ(one.function, ActivationKind::kReluSquared);
  const auto gated = testing::plan_recipe_with(entry(), testing::text_recipe(settings, {{"gated", true}}));
  const auto gates = testing::layers_of<Gate>(gated);
  ASSERT_EQ(gates.size(), 3U);
  for (const Gate& gate : gates) EXPECT_EQ(gate.function, ActivationKind::kReluSquared);
}

TEST(ReluSquaredTest, RefusedWhereItIsThere) {
  const Json recipe = testing::text_recipe({{"name", "relu_squared"}}, {{"activation", "relu_squared"}});
  EXPECT_EQ(testing::refused_at(entry(), recipe), "method.relu_squared");
}

}  // namespace
}  // namespace hasten
