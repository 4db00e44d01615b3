// alternating_flip: who is mirrored when, and what becomes of the recipe's own flip.
#include "hasten/methods/derived_data/alternating_flip.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/transform.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
bool is_mirrored(uint64_t seed, int64_t sample, int64_t epoch);
namespace {

MethodEntry entry() { return {alternating_flip_spec(), make_alternating_flip}; }

testing::PlannedMethod planned_with(const char* flip, const char* budget = "4ep") {
  Json recipe = testing::method_recipe({{"name", "alternating_flip"}});
  recipe["data"]["flip"] = flip;
  recipe["data"]["translate"] = 1;
  recipe["budget"]["train"] = budget;
  return testing::plan_recipe_with(entry(), recipe);
}

TEST(AlternatingFlipTest, EveryOtherEpochFromACoin) {
  int first = 0, alike = 0;
  for (int64_t sample = 0; sample < 2000; ++sample) {
    const bool start = is_mirrored(1, sample, 0);
    for (int64_t epoch = 1; epoch < 6; ++epoch) EXPECT_EQ(is_mirrored(1, sample, epoch), start != (epoch % 2 == 1));
    first += start ? 1 : 0;
    alike += start == is_mirrored(2, sample, 0) ? 1 : 0;
  }
  EXPECT_NEAR(first / 2000.0, 0.5, 0.045);  // 4 standard deviations
  EXPECT_NEAR(alike / 2000.0, 0.5, 0.045);  // of another seed
}

TEST(AlternatingFlipTest, ReplacesTheRecipesFlipAndNothingElse) {
  auto planned = planned_with("random");
  ASSERT_EQ(planned.run.plan.run.transforms.size(), 1u);
  EXPECT_EQ(planned.run.plan.run.transforms[0].name, "translate");
  EXPECT_EQ(planned.run.baseline.run.transforms.size(), 2u);
  EXPECT_EQ(planned_with("none").run.plan.run.transforms.size(), 1u);
}

TEST(AlternatingFlipTest, TwoEpochsShowBothOrientations) {
  auto planned = testing::plan_with(entry(), {{"name", "alternating_flip"}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  TransformChain chain(planned.run.plan.run, planned.run.engine);
  at::Tensor images = channels_last(at::randn({3, 2, 4, 5}));
  auto at_epoch = [&](int64_t epoch) {
    Batch batch;
    batch.ids = {7, 4, 90};
    batch.inputs = images.clone();
    batch.epoch = epoch;
    chain.apply(batch, state);
    return batch.inputs;
  };
  at::Tensor one = at_epoch(0), two = at_epoch(1);
  EXPECT_TRUE(at::equal(one, at_epoch(2)));
  EXPECT_TRUE(at::equal(one.flip({3}), two));
  for (int64_t i = 0; i < 3; ++i) EXPECT_TRUE(at::equal(one[i], images[i]) || at::equal(two[i], images[i]));
}

TEST(AlternatingFlipTest, RefusesASingleEpoch) {
  EXPECT_THROW(planned_with("random", "1ep"), ConfigError);
  EXPECT_THROW(planned_with("random", "19step"), ConfigError);  // an epoch has 10
  EXPECT_NO_THROW(planned_with("random", "20step"));
}

}  // namespace
}  // namespace hasten
