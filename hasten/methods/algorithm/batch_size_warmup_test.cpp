// batch_size_warmup: sizes on the way, in any unit, and what it costs.
#include "hasten/methods/algorithm/batch_size_warmup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/sampler.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
int64_t warm_batch(const BatchSizeWarmupParams& params, int64_t full, double over);
namespace {

MethodEntry entry() { return {batch_size_warmup_spec(), make_batch_size_warmup}; }

TEST(BatchSizeWarmupTest, GrowsInALineOfIncrements) {
  BatchSizeWarmupParams params{.initial = 0.25, .duration = {1, Unit::kFraction}, .stages = 0, .increment = 8};
  EXPECT_EQ(warm_batch(params, 128, 0), 32);
  EXPECT_EQ(warm_batch(params, 128, 0.5), 80);
  EXPECT_EQ(warm_batch(params, 128, 0.51), 80);   // 80.96
  EXPECT_EQ(warm_batch(params, 128, 0.999), 120);
  EXPECT_EQ(warm_batch(params, 128, 1), 128);
  EXPECT_EQ(warm_batch(params, 100, 1), 100);     // full even where that is no multiple
}

TEST(BatchSizeWarmupTest, GrowsInStages) {
  BatchSizeWarmupParams params{.initial = 0.25, .duration = {1, Unit::kFraction}, .stages = 3, .increment = 1};
  EXPECT_EQ(warm_batch(params, 64, 0), 16);
  EXPECT_EQ(warm_batch(params, 64, 0.33), 16);
  EXPECT_EQ(warm_batch(params, 64, 0.34), 32);
  EXPECT_EQ(warm_batch(params, 64, 0.67), 48);
  EXPECT_EQ(warm_batch(params, 64, 1), 64);
  // Neither a size nor a stage is lost to rounding: 100 (0.3 + 0.7 / 2) is a little less than 65 in binary.
  params.stages = 2;
  params.initial = 0.3;
  EXPECT_EQ(warm_batch(params, 100, 0.5), 65);
  params.stages = 10;
  params.initial = 0.1;
  EXPECT_EQ(warm_batch(params, 100, 0.1 + 0.1 + 0.1 - 1e-16), 37);
}

TEST(BatchSizeWarmupTest, EpochsThatWaitForTheNextSizeAreCountedBySamples) {
  auto planned = testing::plan_with(
      entry(), {{"name", "batch_size_warmup"}, {"stages", 1}, {"increment", 5}, {"duration", "0.5ep"}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  state.progress.samples = 100;   // half of 200
  state.progress.epochs = 0.475;  // before the last step: the sampler asks for the size first
  int64_t size = 0;
  planned.run.engine.each<SamplerPart>(state, [&](SamplerPart& part) { size = part.batch_size(20, state); });
  EXPECT_EQ(size, 20);
}

TEST(BatchSizeWarmupTest, NeverEmptyNeverLargerThanTheRecipes) {
  BatchSizeWarmupParams params{.initial = 0.01, .duration = {1, Unit::kFraction}, .stages = 0, .increment = 16};
  EXPECT_EQ(warm_batch(params, 64, 0), 16);
  params.increment = 100;
  EXPECT_EQ(warm_batch(params, 64, 0), 64);
}

// Sizes of all batches of a run of 4 epochs of 200 samples, or of another budget.
std::vector<int64_t> sizes_of(const Json& settings, const char* budget_text = "4ep") {
  Json all = {{"name", "batch_size_warmup"}};
  if (!settings.is_null()) all.update(settings);
  Json recipe = testing::method_recipe(all);
  recipe["budget"]["train"] = budget_text;
  auto planned = testing::plan_recipe_with(entry(), recipe);
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  Progress& p = state.progress;
  std::vector<int64_t> sizes;
  int64_t position = 0;
  while (!budget.finished(p) && sizes.size() < 1000) {
    int64_t size = planned.run.plan.run.batch.size;
    planned.run.engine.each<SamplerPart>(state, [&](SamplerPart& part) { size = part.batch_size(size, state); });
    sizes.push_back(size);
    if (position + size > 200) position = 0, p.epochs = std::floor(p.epochs) + 1;
    position += size;
    ++p.step;
    p.samples += size;
    p.epochs = std::floor(p.epochs) + static_cast<double>(position) / 200;
    p.flops += static_cast<double>(size);
    p.train_ns += 1'000'000;
    p.fraction = budget.fraction(p);
  }
  return sizes;
}

TEST(BatchSizeWarmupTest, LastsAsLongAsItSaysInAnyUnit) {
  // Batches of 5 while 100 samples are drawn, then of 20 (a peer's warm-up ended early, or failed on some units).
  for (const char* duration : {"0.5ep", "20step", "100sample", "0.125dur", "100flop", "0.02s"}) {
    std::vector<int64_t> sizes = sizes_of({{"initial", 0.25}, {"stages", 1}, {"increment", 5}, {"duration", duration}});
    EXPECT_EQ(std::count(sizes.begin(), sizes.begin() + 20, 5), 20) << duration;
    EXPECT_EQ(std::count(sizes.begin() + 20, sizes.end(), 20), static_cast<int64_t>(sizes.size()) - 20) << duration;
  }
}

TEST(BatchSizeWarmupTest, ShortRunsHaveShortWarmups) {
  // More stages than steps: a peer divides the steps by the stages first, and then by zero.
  std::vector<int64_t> sizes = sizes_of({{"stages", 64}, {"increment", 1}}, "3step");
  ASSERT_EQ(sizes.size(), 3u);
  EXPECT_EQ(sizes[0], 5);
  EXPECT_EQ(sizes[2], 20);
  EXPECT_TRUE(std::is_sorted(sizes.begin(), sizes.end()));
}

TEST(BatchSizeWarmupTest, CostOfABudgetInStepsIsThatOfTheSamplesDrawn) {
  Json recipe = testing::method_recipe({{"name", "batch_size_warmup"}, {"stages", 1}, {"increment", 5}});
  auto in_epochs = testing::plan_recipe_with(entry(), recipe);
  const PassCost pass = in_epochs.run.plan.model.flops();
  EXPECT_DOUBLE_EQ(in_epochs.run.engine.estimate_cost(in_epochs.run.plan).forward, pass.forward);
  recipe["budget"]["train"] = "40step";  // 20 of 5 and 20 of 20
  auto in_steps = testing::plan_recipe_with(entry(), recipe);
  EXPECT_DOUBLE_EQ(in_steps.run.engine.estimate_cost(in_steps.run.plan).forward, pass.forward * 500 / 800);
}

TEST(BatchSizeWarmupTest, RefusesToDoNothing) {
  for (const auto& [setting, value] :
       {std::pair{"initial", Json(1.0)}, {"increment", Json(20)}, {"initial", Json(0.0)}}) {
    try {
      testing::plan_with(entry(), {{"name", "batch_size_warmup"}, {setting, value}});
      ADD_FAILURE() << setting;
    } catch (const ConfigError& error) {
      EXPECT_EQ(error.where(), std::string("method.batch_size_warmup.") + setting);
    }
  }
}

}  // namespace
}  // namespace hasten
