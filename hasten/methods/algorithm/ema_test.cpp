// ema: the average, whatever the interval, and the exchange at evaluation.
#include "hasten/methods/algorithm/ema.h"

#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <cmath>

#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
namespace {

MethodEntry entry() { return {ema_spec(), make_ema}; }

class EmaTest : public ::testing::Test {
 protected:
  void start(const Json& settings) {
    Json all = {{"name", "ema"}};
    if (!settings.is_null()) all.update(settings);
    planned_.emplace(testing::plan_with(entry(), all));
    model_.emplace(planned_->run.plan.model, 1);
    budget_.emplace(planned_->run.plan.run);
    state_.emplace(State{planned_->run.plan, *budget_, 1, {}, *model_});
  }
  // One update that leaves every weight at `value`.
  void step(double value) {
    c10::NoGradGuard no_grad;
    for (const NamedTensor& p : model_->parameters()) p.value.fill_(value);
    planned_->run.engine.fire(Event::kAfterUpdate, *state_);
    ++state_->progress.step;
    state_->progress.fraction = budget_->fraction(state_->progress);
  }
  double averaged() {
    double value = 0;
    planned_->run.engine.each<WeightProvider>(*state_, [&](WeightProvider& provider) {
      if (!provider.ready()) return;
      provider.exchange(*model_);
      value = model_->parameters()[0].value.mean().item<double>();
      provider.exchange(*model_);
    });
    return value;
  }
  std::optional<testing::PlannedMethod> planned_;
  std::optional<PlannedModel> model_;
  std::optional<Budget> budget_;
  std::optional<State> state_;
};

TEST_F(EmaTest, HalvesTheWeightOfThePastEveryHalfLife) {
  start({{"half_life", "2step"}});
  step(1);
  for (int i = 0; i < 4; ++i) step(0);
  EXPECT_NEAR(averaged(), 0.25, 1e-6);
  EXPECT_EQ(model_->parameters()[0].value.sum().item<double>(), 0);  // the live weights are back
}

TEST_F(EmaTest, IntervalDoesNotChangeTheHorizon) {
  start({{"half_life", "2step"}, {"interval", 2}});
  step(1);
  for (int i = 0; i < 4; ++i) step(0);
  EXPECT_NEAR(averaged(), 0.25, 1e-6);
}

TEST_F(EmaTest, HalfLifeAsAShareOfTheRun) {
  start({{"half_life", "0.1dur"}});  // of 40 steps
  step(1);
  for (int i = 0; i < 4; ++i) step(0);
  EXPECT_NEAR(averaged(), 0.5, 1e-6);
}

TEST_F(EmaTest, WaitsForItsStart) {
  start({{"half_life", "2step"}, {"start", "3step"}});
  for (int i = 0; i < 3; ++i) step(1);
  EXPECT_EQ(averaged(), 0);  // nothing to offer yet
  step(5);
  EXPECT_NEAR(averaged(), 5, 1e-6);
}

TEST_F(EmaTest, AveragesRunningStatisticsToo) {
  start({{"half_life", "1step"}});
  at::Tensor mean = model_->buffers()[0].value;
  step(0);
  mean.fill_(4);
  step(0);
  planned_->run.engine.each<WeightProvider>(*state_, [&](WeightProvider& provider) { provider.exchange(*model_); });
  EXPECT_NEAR(mean.mean().item<double>(), 2, 1e-6);
}

TEST_F(EmaTest, AHalfLifeAloneIsEnough) {
  // A peer's smoothing fails unless the update interval is given too.
  start({});
  step(1);
  step(0);
  EXPECT_NEAR(averaged(), std::exp2(-1 / (0.05 * 40)), 1e-6);  // 0.05dur of 40 steps
}

// A weight, and a count of batches as some layers keep it.
class Counting final : public Model {
 public:
  Counting() {
    parameters_.push_back({"weight", at::zeros({2})});
    buffers_.push_back({"batches", at::zeros({}, at::kLong)});
  }
  at::Tensor forward(const at::Tensor& inputs) override { return inputs; }
};

TEST_F(EmaTest, WholeNumbersAreCopied) {
  start({{"half_life", "2step"}});
  Counting model;
  State state{planned_->run.plan, *budget_, 1, {}, model};
  for (int64_t batch = 1; batch <= 5; ++batch) {
    model.buffers()[0].value.fill_(batch);
    planned_->run.engine.fire(Event::kAfterUpdate, state);
    state.progress.step = batch;
  }
  model.buffers()[0].value.fill_(9);
  planned_->run.engine.each<WeightProvider>(state, [&](WeightProvider& provider) { provider.exchange(model); });
  EXPECT_EQ(model.buffers()[0].value.item<int64_t>(), 5);  // a peer's average of them stays 0
}

}  // namespace
}  // namespace hasten
