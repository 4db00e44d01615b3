// warmup_stable_decay: the trapezoid and its flanks.
#include "hasten/methods/algorithm/warmup_stable_decay.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "hasten/base/error.h"
#include "hasten/core/plan_with.h"

namespace hasten {
namespace {

MethodEntry entry() { return {warmup_stable_decay_spec(), make_warmup_stable_decay}; }

TEST(WarmupStableDecayTest, RisesStaysAndFalls) {
  const auto planned =
      testing::plan_with(entry(), {{"name", "warmup_stable_decay"}, {"warmup", 0.1}, {"decay", 0.5}, {"end", 0.2}});
  const Schedule& lr = planned.run.plan.run.schedules.at("lr");
  for (const auto& [share, value] :
       {std::pair{0.0, 0.0}, {0.05, 0.5}, {0.1, 1.0}, {0.3, 1.0}, {0.5, 1.0}, {0.75, 0.6}, {1.0, 0.2}})
    EXPECT_NEAR(lr.at(share), value, 1e-12) << share;
}

TEST(WarmupStableDecayTest, OtherFalls) {
  const auto fallen = [](const char* shape) {
    const auto planned =
        testing::plan_with(entry(), {{"name", "warmup_stable_decay"}, {"warmup", 0}, {"decay", 1}, {"shape", shape}});
    return planned.run.plan.run.schedules.at("lr").at(0.25);
  };
  EXPECT_NEAR(fallen("linear"), 0.75, 1e-12);
  EXPECT_NEAR(fallen("root"), 0.5, 1e-12);
  EXPECT_NEAR(fallen("cosine"), 0.5 + std::sqrt(0.5) / 2, 1e-12);
}

TEST(WarmupStableDecayTest, RefusedWhereNothingIsBetween) {
  const Json settings = {{"name", "warmup_stable_decay"}, {"warmup", 0.6}, {"decay", 0.5}};
  EXPECT_THROW(testing::plan_with(entry(), settings), ConfigError);
  EXPECT_NO_THROW(testing::plan_with(entry(), {{"name", "warmup_stable_decay"}, {"warmup", 0.5}, {"decay", 0.5}}));
}

}  // namespace
}  // namespace hasten
