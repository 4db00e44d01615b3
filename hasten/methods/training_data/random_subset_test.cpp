// random_subset: how many samples stay, which, and what an epoch is then.
#include "hasten/methods/training_data/random_subset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/dataset.h"
#include "hasten/data/sampler.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
int64_t subset_size(int64_t count, double keep);
void keep_random(EpochSamples& samples, double keep, uint64_t seed, uint64_t draw);
namespace {

MethodEntry entry() { return {random_subset_spec(), make_random_subset}; }

EpochSamples in_order(int64_t count) {
  EpochSamples samples{0, std::vector<int64_t>(static_cast<size_t>(count)), {}};
  std::iota(samples.ids.begin(), samples.ids.end(), 0);
  return samples;
}

TEST(RandomSubsetTest, SizeIsRoundedAndNeverNothing) {
  EXPECT_EQ(subset_size(200, 0.5), 100);
  EXPECT_EQ(subset_size(10, 0.26), 3);
  EXPECT_EQ(subset_size(3, 0.1), 1);
  EXPECT_EQ(subset_size(10, 0.3), 3);  // 0.3 has no exact double
}

TEST(RandomSubsetTest, EverySampleHasTheSameChance) {
  std::vector<int> seen(100);
  for (uint64_t draw = 0; draw < 400; ++draw) {
    EpochSamples samples = in_order(100);
    keep_random(samples, 0.3, 1, draw);
    ASSERT_EQ(samples.ids.size(), 30u);
    for (int64_t id : samples.ids) ++seen[static_cast<size_t>(id)];
  }
  for (int count : seen) EXPECT_NEAR(count / 400.0, 0.3, 0.1);  // 4.4 standard deviations
}

TEST(RandomSubsetTest, TheChoiceIsThatOfTheSampleAndTheOrderStays) {
  EpochSamples forward = in_order(50), backward = in_order(50);
  std::reverse(backward.ids.begin(), backward.ids.end());
  for (int64_t id : backward.ids) backward.weights.push_back(static_cast<float>(id));
  keep_random(forward, 0.4, 7, 0);
  keep_random(backward, 0.4, 7, 0);
  ASSERT_EQ(backward.weights.size(), 20u);
  for (size_t i = 0; i < 20; ++i) {
    EXPECT_EQ(backward.ids[i], forward.ids[19 - i]);
    EXPECT_EQ(backward.weights[i], static_cast<float>(backward.ids[i]));
  }
}

std::vector<std::vector<int64_t>> epochs_of(const char* draw) {
  auto planned = testing::plan_with(entry(), {{"name", "random_subset"}, {"keep", 0.5}, {"draw", draw}});
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  Sampler sampler(200, 1, &planned.run.engine);
  std::vector<std::vector<int64_t>> epochs;
  for (int epoch = 0; epoch < 2; ++epoch) {
    auto& ids = epochs.emplace_back();
    for (int64_t step = 0; step < planned.run.plan.run.steps_per_epoch(); ++step) {
      const Sampler::Draw draw_of_step = sampler.next(20, &state);
      EXPECT_EQ(sampler.epoch(), epoch);
      ids.insert(ids.end(), draw_of_step.ids.begin(), draw_of_step.ids.end());
    }
  }
  return epochs;
}

TEST(RandomSubsetTest, FixedOrRedrawn) {
  auto fixed = epochs_of("fixed"), redrawn = epochs_of("redraw");
  EXPECT_NE(fixed[0], fixed[1]);  // another order
  for (auto* epochs : {&fixed, &redrawn}) {
    for (auto& ids : *epochs) {
      EXPECT_EQ(ids.size(), 100u);
      std::sort(ids.begin(), ids.end());
      EXPECT_EQ(std::adjacent_find(ids.begin(), ids.end()), ids.end());
    }
  }
  EXPECT_EQ(fixed[0], fixed[1]);
  EXPECT_NE(redrawn[0], redrawn[1]);
}

TEST(RandomSubsetTest, ABudgetInEpochsIsOneOfShorterEpochs) {
  auto planned = testing::plan_with(entry(), {{"name", "random_subset"}, {"keep", 0.5}});
  EXPECT_EQ(planned.run.plan.run.epoch_samples, 100);
  EXPECT_EQ(Budget(planned.run.plan.run).total_steps(), 20);  // 4 epochs of 5 batches
  EXPECT_EQ(Budget(planned.run.baseline.run).total_steps(), 40);
}

TEST(RandomSubsetTest, Refuses) {
  auto refused = [](const Json& keep) {
    try {
      testing::plan_with(entry(), {{"name", "random_subset"}, {"keep", keep}});
      return std::string();
    } catch (const ConfigError& error) {
      return error.where();
    }
  };
  for (const Json& keep : {Json(0.0), Json(1.0), Json(1.5), Json(0.999), Json(0.05)}) {
    EXPECT_EQ(refused(keep), "method.random_subset.keep") << keep;  // 0.999 is all 200, 0.05 less than a batch
  }
  EXPECT_EQ(refused(0.1), "");
  Json recipe = testing::method_recipe({{"name", "random_subset"}});
  recipe["budget"]["train"] = "5step";  // half an epoch sees no sample twice, with or without
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
