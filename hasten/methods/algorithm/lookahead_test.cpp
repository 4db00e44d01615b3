// lookahead: slow and fast weights over a few steps.
#include "hasten/methods/algorithm/lookahead.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
double slow_step(const LookaheadParams& params, double fraction);
namespace {

MethodEntry entry() { return {lookahead_spec(), make_lookahead}; }

class LookaheadTest : public ::testing::Test {
 protected:
  void start(const Json& settings) {
    Json all = {{"name", "lookahead"}};
    if (!settings.is_null()) all.update(settings);
    planned_.emplace(testing::plan_with(entry(), all));
    model_.emplace(planned_->run.plan.model, 1);
    budget_.emplace(planned_->run.plan.run);
    state_.emplace(State{planned_->run.plan, *budget_, 1, {}, *model_});
    fill(0);
    planned_->run.engine.fire(Event::kFitStart, *state_);
  }
  void fill(double value) {
    c10::NoGradGuard no_grad;
    for (const NamedTensor& entry : model_->tensors()) entry.value.fill_(value);
  }
  // An update that leaves every weight at `value`; returns where it is afterwards.
  double step(double value) {
    fill(value);
    planned_->run.engine.fire(Event::kAfterUpdate, *state_);
    ++state_->progress.step;
    state_->progress.fraction = budget_->fraction(state_->progress);
    return model_->parameters()[0].value.mean().item<double>();
  }
  std::optional<testing::PlannedMethod> planned_;
  std::optional<PlannedModel> model_;
  std::optional<Budget> budget_;
  std::optional<State> state_;
};

TEST_F(LookaheadTest, FastWeightsRestartFromTheSlowOnes) {
  start({{"interval", 2}, {"alpha", 0.25}});
  EXPECT_EQ(step(3), 3);
  EXPECT_EQ(step(4), 1);    // slow: 0 + 0.25 (4 - 0)
  EXPECT_EQ(step(8), 8);
  EXPECT_EQ(step(9), 3);    // 1 + 0.25 (9 - 1)
}

TEST_F(LookaheadTest, StatisticsGoWithTheWeights) {
  start({{"interval", 1}, {"alpha", 0.5}});
  step(4);
  EXPECT_EQ(model_->buffers()[0].value.mean().item<double>(), 2);
}

TEST_F(LookaheadTest, AResumedRunKeepsItsSlowWeights) {
  start({{"interval", 2}, {"alpha", 0.25}});
  step(4);
  planned_->run.engine.fire(Event::kFitStart, *state_);  // fires again when a run is resumed
  EXPECT_EQ(step(4), 1);
}

TEST(LookaheadScheduleTest, CubicIsThatOfTheRecords) {
  LookaheadParams params{.interval = 5, .alpha = 1 - std::pow(0.95, 5), .over_run = SlowDown::kCubic};
  EXPECT_DOUBLE_EQ(slow_step(params, 0), 1);
  EXPECT_DOUBLE_EQ(slow_step(params, 0.5), 1 - std::pow(0.95, 5) * 0.125);
  EXPECT_DOUBLE_EQ(slow_step(params, 1), params.alpha);
  params.over_run = SlowDown::kConstant;
  EXPECT_DOUBLE_EQ(slow_step(params, 0.5), params.alpha);
}

TEST(LookaheadRefusalTest, NeverAndNeutral) {
  auto where = [](const Json& settings) -> std::string {
    try {
      testing::plan_with(entry(), settings);
      return "";
    } catch (const ConfigError& error) {
      return error.where();
    }
  };
  EXPECT_EQ(where({{"name", "lookahead"}, {"interval", 41}}), "method.lookahead.interval");  // of 40 steps
  EXPECT_EQ(where({{"name", "lookahead"}, {"interval", 40}}), "");
  EXPECT_EQ(where({{"name", "lookahead"}, {"alpha", 1.0}}), "method.lookahead.alpha");
  EXPECT_EQ(where({{"name", "lookahead"}, {"alpha", 0.0}}), "method.lookahead.alpha");
}

}  // namespace
}  // namespace hasten
