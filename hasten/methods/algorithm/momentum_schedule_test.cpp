// momentum_schedule: the curve, and optimizers it does not fit.
#include "hasten/methods/algorithm/momentum_schedule.h"

#include <gtest/gtest.h>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {momentum_schedule_spec(), make_momentum_schedule}; }

// Where the method is refused, or "".
std::string refused_at(const Json& settings, const Json& optimizer = {{"name", "sgd"}, {"momentum", 0.9}}) {
  try {
    Json all = {{"name", "momentum_schedule"}};
    if (!settings.is_null()) all.update(settings);
    Json recipe = testing::method_recipe(all);
    recipe["optimizer"] = optimizer;
    testing::plan_recipe_with(entry(), recipe);
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

TEST(MomentumScheduleTest, RisesAndFalls) {
  auto planned = testing::plan_with(
      entry(), {{"name", "momentum_schedule"}, {"low", 0.7}, {"warmup", "0.2dur"}, {"cooldown", "0.1dur"}});
  const Schedule& curve = planned.run.plan.run.schedules.at("optimizer.momentum");
  EXPECT_DOUBLE_EQ(curve.at(0), 0.7);
  EXPECT_DOUBLE_EQ(curve.at(0.1), 0.8);
  EXPECT_DOUBLE_EQ(curve.at(0.2), 0.9);
  EXPECT_DOUBLE_EQ(curve.at(0.9), 0.9);
  EXPECT_NEAR(curve.at(0.95), 0.8, 1e-12);
  EXPECT_DOUBLE_EQ(curve.at(1), 0.7);
}

TEST(MomentumScheduleTest, LengthsInAnyUnitAndNoWarmup) {
  for (const char* warmup : {"1ep", "10step", "200sample", "0.25dur"}) {  // of 4 epochs of 10 steps of 20
    auto planned = testing::plan_with(entry(), {{"name", "momentum_schedule"}, {"low", 0.7}, {"warmup", warmup}});
    const Schedule& curve = planned.run.plan.run.schedules.at("optimizer.momentum");
    EXPECT_DOUBLE_EQ(curve.at(0.125), 0.8) << warmup;
    EXPECT_DOUBLE_EQ(curve.at(0.25), 0.9) << warmup;
    EXPECT_DOUBLE_EQ(curve.at(1), 0.9) << warmup;
  }
  auto planned = testing::plan_with(
      entry(), {{"name", "momentum_schedule"}, {"low", 0.7}, {"warmup", "0step"}, {"cooldown", "1dur"}});
  const Schedule& curve = planned.run.plan.run.schedules.at("optimizer.momentum");
  EXPECT_DOUBLE_EQ(curve.at(0), 0.9);
  EXPECT_DOUBLE_EQ(curve.at(0.5), 0.8);
  EXPECT_EQ(curve.values(), (std::vector<double>{0.9, 0.7}));  // no points that say nothing
}

TEST(MomentumScheduleTest, AdamsIsBeta1) {
  Json recipe = testing::method_recipe({{"name", "momentum_schedule"}});
  recipe["optimizer"] = {{"name", "adamw"}, {"beta1", 0.95}};
  auto planned = testing::plan_recipe_with(entry(), recipe);
  EXPECT_DOUBLE_EQ(planned.run.plan.run.schedules.at("optimizer.beta1").at(0.5), 0.95);
  EXPECT_DOUBLE_EQ(planned.run.plan.run.schedules.at("optimizer.beta1").at(0), 0.85);
}

TEST(MomentumScheduleTest, Refuses) {
  EXPECT_EQ(refused_at({}, {{"name", "sgd"}, {"momentum", 0}}), "method.momentum_schedule");
  EXPECT_EQ(refused_at({{"low", 0.9}}), "method.momentum_schedule.low");
  EXPECT_EQ(refused_at({{"warmup", "0dur"}}), "method.momentum_schedule.warmup");
  EXPECT_EQ(refused_at({{"warmup", "0.6dur"}, {"cooldown", "0.5dur"}}), "method.momentum_schedule.cooldown");
  EXPECT_EQ(refused_at({{"warmup", "10s"}}), "method.momentum_schedule.warmup");  // does not convert to epochs
}

}  // namespace
}  // namespace hasten
