// swa: the mean and when weights enter it, the held rate, and what would average nothing.
#include "hasten/methods/algorithm/swa.h"

#include <c10/core/GradMode.h>
#include <gtest/gtest.h>

#include <optional>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/nn/planned_model.h"
#include "hasten/nn/weight_provider.h"

namespace hasten {
int64_t evaluations_from(double start, double every);
Schedule held_from(const Schedule& schedule, const RunLength& length, double start, double value);
namespace {

MethodEntry entry() { return {swa_spec(), make_swa}; }

// Where a setting is refused, or "".
std::string refused_at(const Json& settings) {
  try {
    Json all = {{"name", "swa"}};
    if (!settings.is_null()) all.update(settings);
    testing::plan_with(entry(), all);
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

class SwaTest : public ::testing::Test {
 protected:
  // A run of 40 steps.
  void start(const Json& settings) {
    Json all = {{"name", "swa"}};
    if (!settings.is_null()) all.update(settings);
    planned_.emplace(testing::plan_with(entry(), all));
    model_.emplace(planned_->run.plan.model, 1);
    budget_.emplace(planned_->run.plan.run);
    state_.emplace(State{planned_->run.plan, *budget_, 1, {}, *model_});
  }
  // One step that leaves every weight at `value`.
  void step(double value) {
    c10::NoGradGuard no_grad;
    for (const NamedTensor& p : model_->parameters()) p.value.fill_(value);
    ++state_->progress.step;
    state_->progress.fraction = budget_->fraction(state_->progress);
    planned_->run.engine.fire(Event::kStepEnd, *state_);
  }
  WeightProvider& provider() {
    WeightProvider* found = nullptr;
    planned_->run.engine.each<WeightProvider>(*state_, [&](WeightProvider& part) { found = &part; });
    return *found;
  }
  double mean() {
    if (!provider().ready()) return -1;
    provider().exchange(*model_);
    const double value = model_->parameters()[0].value.mean().item<double>();
    provider().exchange(*model_);
    return value;
  }
  std::optional<testing::PlannedMethod> planned_;
  std::optional<PlannedModel> model_;
  std::optional<Budget> budget_;
  std::optional<State> state_;
};

TEST_F(SwaTest, EveryTakenWeightCountsTheSame) {
  start({{"start", "2step"}, {"interval", "1step"}});
  step(100);
  EXPECT_EQ(mean(), -1);  // nothing to offer yet
  for (double value : {1, 2, 6}) step(value);
  EXPECT_NEAR(mean(), 3, 1e-6);
  EXPECT_EQ(model_->parameters()[0].value.mean().item<double>(), 6);  // the live weights are back
}

TEST_F(SwaTest, TakesWeightsAtItsInterval) {
  start({{"start", "4step"}, {"interval", "3step"}});
  for (int i = 1; i <= 10; ++i) step(i * i);
  EXPECT_NEAR(mean(), (16 + 49 + 100) / 3.0, 1e-4);
}

TEST_F(SwaTest, StartAndIntervalInAnyUnit) {
  start({{"start", "0.5dur"}, {"interval", "0.5ep"}});  // step 20 of 40; 5 steps
  for (int i = 1; i <= 40; ++i) step(i * i);
  EXPECT_NEAR(mean(), (400 + 625 + 900 + 1225 + 1600) / 5.0, 1e-2);
}

TEST_F(SwaTest, StatisticsOfTrainingSurviveTheMeasuring) {
  start({{"start", "1step"}, {"interval", "1step"}});
  EXPECT_TRUE(provider().needs_statistics());
  step(1);
  at::Tensor statistics = model_->buffers()[0].value;
  statistics.fill_(4);
  provider().exchange(*model_);
  statistics.fill_(9);  // measured for the mean
  provider().exchange(*model_);
  EXPECT_EQ(statistics.mean().item<double>(), 4);
}

TEST(SwaScheduleTest, LinesStayLinesUntilTheStart) {
  RunLength length{{4, Unit::kEpoch}, 200, 10};
  Schedule lr({{{0, Unit::kFraction}, 0.2}, {{1, Unit::kEpoch}, 1.0}, {{1, Unit::kFraction}, 0.0}});
  lr.resolve(length, "lr");
  Schedule held = held_from(lr, length, 0.5, 0.3);
  held.resolve(length, "lr");
  for (double t : {0.0, 0.1, 0.25, 0.4, 0.499}) EXPECT_NEAR(held.at(t), lr.at(t), 1e-9) << t;
  for (double t : {0.5, 0.7, 1.0}) EXPECT_EQ(held.at(t), 0.3) << t;
}

TEST(SwaScheduleTest, CurvesAreFollowed) {
  RunLength length{{4, Unit::kEpoch}, 200, 10};
  Schedule lr = Schedule::parse("cosine", "lr");
  lr.resolve(length, "lr");
  Schedule held = held_from(lr, length, 0.75, 0.5);
  held.resolve(length, "lr");
  for (double t : {0.0, 0.11, 0.3, 0.74}) EXPECT_NEAR(held.at(t), lr.at(t), 1e-3) << t;
  EXPECT_EQ(held.at(0.9), 0.5);
}

TEST(SwaScheduleTest, ThePlanHoldsTheRateIfAsked) {
  auto as_is = testing::plan_with(entry(), {{"name", "swa"}});
  EXPECT_FALSE(as_is.run.plan.run.schedules.contains("lr"));
  auto held = testing::plan_with(entry(), {{"name", "swa"}, {"lr", 0.5}, {"start", "2ep"}});
  EXPECT_EQ(held.run.plan.run.schedules.at("lr").at(0.4), 1);
  EXPECT_EQ(held.run.plan.run.schedules.at("lr").at(0.6), 0.5);
}

TEST(SwaCostTest, EvaluationsMeasureStatistics) {
  EXPECT_EQ(evaluations_from(0.5, 0.25), 3);  // at 0.5, 0.75 and 1
  EXPECT_EQ(evaluations_from(0.6, 0.25), 2);
  EXPECT_EQ(evaluations_from(0.9, 2), 1);
  // Evaluated after each of 4 epochs, the last two by the mean: 10 batches of 20 each time, of 800 samples in all.
  auto planned = testing::plan_with(entry(), {{"name", "swa"}});
  EXPECT_DOUBLE_EQ(planned.run.engine.estimate_cost(planned.run.plan).forward,
                   planned.run.plan.model.flops().forward * 1.5);
}

TEST(SwaRefusalTest, ToAverageNothing) {
  EXPECT_EQ(refused_at({{"start", "0.75dur"}, {"interval", "2ep"}}), "method.swa.interval");
  EXPECT_EQ(refused_at({{"start", "4ep"}}), "method.swa.interval");
  EXPECT_EQ(refused_at({{"interval", "0step"}}), "method.swa.interval");
  EXPECT_EQ(refused_at({{"start", "2ep"}, {"interval", "2ep"}}), "");  // two weights
}

}  // namespace
}  // namespace hasten
