// tail_average: what is averaged, and what is evaluated.
#include "hasten/methods/algorithm/tail_average.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
namespace {

MethodEntry entry() { return {tail_average_spec(), make_tail_average}; }

// A model of one weight that is set before each step.
struct Tail {
  explicit Tail(const Json& settings) : planned(testing::plan_with(entry(), settings)) {}
  void step(double fraction, float value) {
    c10::NoGradGuard no_grad;
    for (const NamedTensor& parameter : model.parameters()) parameter.value.fill_(value);
    state.progress.fraction = fraction;
    planned.run.engine.fire(Event::kAfterUpdate, state);
  }
  WeightProvider& provider() {
    WeightProvider* found = nullptr;
    planned.run.engine.each<WeightProvider>(state, [&](WeightProvider& one) { found = &one; });
    return *found;
  }
  float value() const { return model.parameters().front().value.flatten()[0].item<float>(); }
  testing::PlannedMethod planned;
  PlannedModel model{planned.run.plan.model, 1};
  Budget budget{planned.run.plan.run};
  State state{planned.run.plan, budget, 1, {}, model};
};

TEST(TailAverageTest, MixesTheEndWithTheAverageOfTheTail) {
  Tail tail({{"name", "tail_average"}, {"tail", 0.5}, {"memory", 0.5}, {"weight", 0.25}});
  tail.step(0.4, 100);
  EXPECT_FALSE(tail.provider().ready()) << "before the tail";
  tail.step(0.5, 1);
  tail.step(0.75, 3);  // one time constant later
  const float average = 3 - 2 * std::exp(-1.0F);
  ASSERT_TRUE(tail.provider().ready());
  tail.provider().exchange(tail.model);
  EXPECT_NEAR(tail.value(), 0.75F * 3 + 0.25F * average, 1e-5);
  tail.provider().exchange(tail.model);
  EXPECT_EQ(tail.value(), 3) << "the weights of training come back";
  tail.step(1.0, 3);
  tail.provider().exchange(tail.model);
  EXPECT_NEAR(tail.value(), 0.75F * 3 + 0.25F * (3 + (average - 3) * std::exp(-1.0F)), 1e-5);
}

TEST(TailAverageTest, RefusedWhereTheTailIsOneStep) {
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "tail_average"}, {"tail", 0.04}}), ConfigError);  // of 40 steps
  EXPECT_NO_THROW(testing::plan_with(entry(), {{"name", "tail_average"}, {"tail", 0.06}}));
}

}  // namespace
}  // namespace hasten
