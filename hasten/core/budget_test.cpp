// Budgets and what happens every so often.
#include "hasten/core/budget.h"

#include <gtest/gtest.h>

namespace hasten {
namespace {

RunPlan run_plan(Duration budget) {
  RunPlan run;
  run.budget = budget;
  run.train_count = run.epoch_samples = 1005;
  run.batch.size = 100;
  return run;
}

Progress at_step(int64_t step) {
  Progress p;
  p.step = step;
  p.samples = step * 100;
  p.train_ns = step * 500'000'000;
  p.flops = static_cast<double>(step) * 1e6;
  return p;
}

TEST(BudgetTest, UnitsBecomeWholeSteps) {
  EXPECT_EQ(Budget(run_plan({3, Unit::kEpoch})).total_steps(), 30);
  EXPECT_EQ(Budget(run_plan({0.5, Unit::kEpoch})).total_steps(), 5);  // not nothing (peer's defect 14)
  EXPECT_EQ(Budget(run_plan({0.01, Unit::kEpoch})).total_steps(), 1);
  EXPECT_EQ(Budget(run_plan({450, Unit::kSample})).total_steps(), 5);
  EXPECT_EQ(Budget(run_plan({7, Unit::kStep})).total_steps(), 7);
  EXPECT_EQ(Budget(run_plan({9, Unit::kSecond})).total_steps(), -1);
}

TEST(BudgetTest, FractionOfTimeAndFlops) {
  RunPlan seconds = run_plan({10, Unit::kSecond}), flops = run_plan({8e6, Unit::kFlop});
  EXPECT_DOUBLE_EQ(Budget(seconds).fraction(at_step(5)), 0.25);
  EXPECT_DOUBLE_EQ(Budget(flops).fraction(at_step(2)), 0.25);
  EXPECT_TRUE(Budget(flops).finished(at_step(8)));
  EXPECT_FALSE(Budget(flops).finished(at_step(7)));
}

TEST(RecurrenceTest, FiresOncePerInterval) {
  RunPlan run = run_plan({2, Unit::kEpoch});
  Budget budget(run);
  auto count = [&](Duration every) {
    Recurrence recurrence(every, budget);
    int fired = 0;
    for (int64_t step = 0; step < 20; ++step) fired += recurrence.passed(at_step(step), at_step(step + 1)) ? 1 : 0;
    return fired;
  };
  EXPECT_EQ(count({1, Unit::kEpoch}), 2);
  EXPECT_EQ(count({3, Unit::kStep}), 6);
  EXPECT_EQ(count({0.1, Unit::kEpoch}), 20);
  EXPECT_EQ(count({2.5, Unit::kSecond}), 4);
}

}  // namespace
}  // namespace hasten
