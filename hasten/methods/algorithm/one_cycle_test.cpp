// one_cycle: the curve of rate and momentum.
#include "hasten/methods/algorithm/one_cycle.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {one_cycle_spec(), make_one_cycle}; }

TEST(OneCycleTest, RisesToThePeakAndFalls) {
  auto planned = testing::plan_with(entry(), {{"name", "one_cycle"}, {"warmup", 0.25}, {"start", 0.2}, {"end", 0.1}});
  const Schedule& lr = planned.run.plan.run.schedules.at("lr");
  EXPECT_DOUBLE_EQ(lr.at(0), 0.2);
  EXPECT_DOUBLE_EQ(lr.at(0.125), 0.6);
  EXPECT_DOUBLE_EQ(lr.at(0.25), 1);
  EXPECT_DOUBLE_EQ(lr.at(0.625), 0.55);
  EXPECT_DOUBLE_EQ(lr.at(1), 0.1);
  EXPECT_FALSE(planned.run.plan.run.schedules.contains("optimizer.momentum"));
}

TEST(OneCycleTest, MomentumGoesTheOtherWay) {
  auto planned = testing::plan_with(entry(), {{"name", "one_cycle"}, {"momentum_low", 0.8}});
  const Schedule& momentum = planned.run.plan.run.schedules.at("optimizer.momentum");
  EXPECT_DOUBLE_EQ(momentum.at(0), 0.9);
  EXPECT_DOUBLE_EQ(momentum.at(0.25), 0.8);
  EXPECT_DOUBLE_EQ(momentum.at(1), 0.9);
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "one_cycle"}, {"momentum_low", 0.95}}), ConfigError);
}

TEST(OneCycleTest, AdamCyclesBeta1) {
  Json recipe = testing::method_recipe({{"name", "one_cycle"}, {"momentum_low", 0.7}});
  recipe["optimizer"] = {{"name", "adamw"}};
  auto planned = testing::plan_recipe_with(entry(), recipe);
  EXPECT_DOUBLE_EQ(planned.run.plan.run.schedules.at("optimizer.beta1").at(0.25), 0.7);
}

}  // namespace
}  // namespace hasten
