// value_residual: the first layer gives, the others mix.
#include "hasten/methods/architecture/value_residual.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/base/text.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/text_plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/spec/layers/attention.h"

namespace hasten {
namespace {

MethodEntry entry() { return {value_residual_spec(), make_value_residual}; }

TEST(ValueResidualTest, TheFirstLayerGivesAndOthersMix) {
  const auto planned = testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "value_residual"}}));
  const auto layers = testing::layers_of<SelfAttention>(planned);
  ASSERT_EQ(layers.size(), 3U);
  EXPECT_EQ(layers[0].value_residual, ValueMixing::kSource);
  EXPECT_EQ(layers[1].value_residual, ValueMixing::kMixed);
  int64_t mixes = 0;
  for (const PlacedParameter& parameter : planned.run.plan.model.parameters()) {
    if (parameter.name.find("value_mix") == std::string::npos) continue;
    ++mixes;
    EXPECT_EQ(parameter.plan->shape, Shape{2});
    EXPECT_EQ(parameter.plan->init, (Init{InitKind::kConstant, 0.5}));
  }
  EXPECT_EQ(mixes, 2);
}

// At (0, 1) the model is the one without; at (1, 0) later layers see the first one's values only.
TEST(ValueResidualTest, MixesAsItsParametersSay) {
  c10::NoGradGuard no_grad;
  const auto planned = testing::plan_recipe_with(entry(), testing::text_recipe({{"name", "value_residual"}}));
  PlannedModel mixed(planned.run.plan.model, 7), plain(baseline_plan(planned.recipe).model, 7);
  const at::Tensor tokens = at::randint(12, {2, 16}, at::kLong);
  const auto set = [&](float first, float own) {
    for (int layer : {2, 3}) {
      at::Tensor mix = mixed.parameter(cat("attention", layer, ".attention.value_mix"));
      mix[0].fill_(first);
      mix[1].fill_(own);
    }
  };
  set(0, 1);
  EXPECT_TRUE(at::allclose(mixed.forward(tokens), plain.forward(tokens), 1e-6, 1e-7));
  set(1, 0);
  const at::Tensor before = mixed.forward(tokens);
  mixed.parameter("attention3.attention.value_weight").fill_(5);
  EXPECT_TRUE(at::equal(mixed.forward(tokens), before)) << "the own values are not used";
  mixed.parameter("attention1.attention.value_weight").fill_(5);
  EXPECT_FALSE(at::allclose(mixed.forward(tokens), before, 1e-3, 1e-3));
}

TEST(ValueResidualTest, RefusedForOneLayer) {
  EXPECT_EQ(testing::refused_at(entry(), testing::text_recipe({{"name", "value_residual"}}, {{"layers", 1}})),
            "method.value_residual");
}

}  // namespace
}  // namespace hasten
