// infobatch: who is left out, and that the expected sum of gradients stays.
#include "hasten/methods/training_data/infobatch.h"

#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <limits>
#include <numeric>
#include <set>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/dataset.h"
#include "hasten/data/sampler.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
void prune_easy(EpochSamples& samples, const std::vector<float>& losses, double ratio, uint64_t seed);
namespace {

constexpr float kUnseen = std::numeric_limits<float>::infinity();
MethodEntry entry() { return {infobatch_spec(), make_infobatch}; }

EpochSamples all_samples(int64_t epoch, int64_t count) {
  EpochSamples samples{epoch, std::vector<int64_t>(static_cast<size_t>(count)), {}};
  std::iota(samples.ids.begin(), samples.ids.end(), 0);
  return samples;
}

// Even samples are easy (loss 1), odd ones hard (3): the mean is 2.
std::vector<float> half_easy(int64_t count) {
  std::vector<float> losses;
  for (int64_t i = 0; i < count; ++i) losses.push_back(i % 2 == 0 ? 1.0f : 3.0f);
  return losses;
}

TEST(InfoBatchTest, LeavesOutOnlyEasySamplesAndScalesTheRestOfThem) {
  EpochSamples samples = all_samples(2, 1000);
  prune_easy(samples, half_easy(1000), 0.75, 1);
  ASSERT_EQ(samples.weights.size(), samples.ids.size());
  int64_t hard = 0, easy = 0;
  for (size_t i = 0; i < samples.ids.size(); ++i) {
    const bool is_easy = samples.ids[i] % 2 == 0;
    EXPECT_EQ(samples.weights[i], is_easy ? 4.0f : 1.0f);  // 1 / (1 - 0.75)
    ++(is_easy ? easy : hard);
  }
  EXPECT_EQ(hard, 500);
  EXPECT_NEAR(static_cast<double>(easy), 125, 40);  // 4 standard deviations
}

TEST(InfoBatchTest, TheSumOfWeightsIsThatOfAllSamplesInExpectation) {
  const std::vector<float> losses = half_easy(500);
  std::vector<double> weight_of(500, 0);
  constexpr int kEpochs = 400;
  for (int epoch = 0; epoch < kEpochs; ++epoch) {
    EpochSamples samples = all_samples(epoch, 500);
    prune_easy(samples, losses, 0.5, 1);
    for (size_t i = 0; i < samples.ids.size(); ++i) {
      weight_of[static_cast<size_t>(samples.ids[i])] += samples.weights[i] / static_cast<double>(kEpochs);
    }
  }
  EXPECT_NEAR(std::accumulate(weight_of.begin(), weight_of.end(), 0.0), 500, 3);
  for (double weight : weight_of) EXPECT_NEAR(weight, 1, 0.25);  // 5 standard deviations of one sample
}

TEST(InfoBatchTest, UnseenSamplesStay) {
  EpochSamples samples = all_samples(1, 100);
  std::vector<float> losses(100, kUnseen);
  prune_easy(samples, losses, 0.5, 1);
  EXPECT_EQ(samples.ids.size(), 100u);
  losses[0] = 1;
  losses[1] = 5;
  prune_easy(samples, losses, 0.99, 1);
  EXPECT_GE(samples.ids.size(), 99u);
  for (size_t i = 0; i < samples.ids.size(); ++i) {
    EXPECT_EQ(samples.weights[i], samples.ids[i] == 0 ? 1 / (1 - 0.99f) : 1);
  }
}

TEST(InfoBatchTest, OrderAndWeightsOfOthersAreKept) {
  EpochSamples samples{1, {3, 1, 2, 0}, {2.0f, 3.0f, 2.0f, 3.0f}};
  prune_easy(samples, {9, 9, 1, 1}, 0.5, 1);
  std::vector<int64_t> hard;
  for (size_t i = 0; i < samples.ids.size(); ++i) {
    if (samples.ids[i] < 2) hard.push_back(samples.ids[i]);
    EXPECT_EQ(samples.weights[i], samples.ids[i] < 2 ? 3.0f : 4.0f);
  }
  EXPECT_EQ(hard, (std::vector<int64_t>{1, 0}));
}

// The seams of the method over the epochs of a run of 8, without a model: losses are given.
struct Epochs {
  explicit Epochs(const Json& settings) : planned(plan(settings)), splits(load_splits(planned.recipe)) {
    state.train_data = &splits.train;
  }
  static testing::PlannedMethod plan(const Json& settings) {
    Json all = {{"name", "infobatch"}};
    if (!settings.is_null()) all.update(settings);
    return testing::plan_with(entry(), all);
  }
  void see(const std::vector<int64_t>& ids, const std::vector<float>& losses) {
    Batch batch;
    batch.ids = ids;
    state.batch = state.microbatch = &batch;
    state.loss_terms = at::tensor(losses);
    planned.run.engine.fire(Event::kAfterLoss, state);
    state.batch = state.microbatch = nullptr;
  }
  EpochSamples epoch(int64_t number, double fraction) {
    EpochSamples samples = all_samples(number, 200);
    state.progress.fraction = fraction;
    planned.run.engine.each<SamplerPart>(state, [&](SamplerPart& part) { part.epoch(samples, state); });
    return samples;
  }
  testing::PlannedMethod planned;
  Splits splits;
  PlannedModel model{planned.run.plan.model, 1};
  Budget budget{planned.run.plan.run};
  State state{planned.run.plan, budget, 1, {}, model};
};

TEST(InfoBatchTest, FirstAndLastEpochsAreWhole) {
  Epochs run({{"ratio", 0.5}, {"anneal", 0.25}});
  EXPECT_EQ(run.epoch(0, 0).ids.size(), 200u);
  run.see(all_samples(0, 200).ids, half_easy(200));
  EXPECT_NEAR(static_cast<double>(run.epoch(1, 0.25).ids.size()), 150, 29);
  EXPECT_EQ(run.epoch(3, 0.75).ids.size(), 200u);
  EXPECT_TRUE(run.epoch(3, 0.75).weights.empty());
}

TEST(InfoBatchTest, TheLastLossDecides) {
  Epochs run({{"ratio", 0.9}, {"anneal", 0.0}});
  run.see(all_samples(0, 200).ids, half_easy(200));
  // What was easy becomes hard, in two microbatches.
  std::vector<float> turned;
  for (float loss : half_easy(200)) turned.push_back(4 - loss);
  std::vector<int64_t> ids = all_samples(0, 200).ids;
  run.see({ids.begin(), ids.begin() + 120}, {turned.begin(), turned.begin() + 120});
  run.see({ids.begin() + 120, ids.end()}, {turned.begin() + 120, turned.end()});
  std::set<int64_t> kept;
  for (int64_t id : run.epoch(1, 0.25).ids) kept.insert(id);
  for (int64_t id = 0; id < 200; id += 2) EXPECT_TRUE(kept.contains(id)) << id;
  EXPECT_LT(kept.size(), 130u);
}

TEST(InfoBatchTest, ThePlanSaysThatStepsVary) {
  Epochs run({});
  EXPECT_TRUE(run.planned.run.plan.run.steps_vary);
  EXPECT_TRUE(run.planned.run.engine.estimate_cost(run.planned.run.plan).by_chance);
}

TEST(InfoBatchTest, Refuses) {
  EXPECT_THROW(Epochs::plan({{"ratio", 0.0}}), ConfigError);
  EXPECT_THROW(Epochs::plan({{"ratio", 1.0}}), ConfigError);
  EXPECT_THROW(Epochs::plan({{"ratio", 0.95}}), ConfigError) << "ten of 200 samples are no batch of twenty";
  Json recipe = testing::method_recipe({{"name", "infobatch"}});
  recipe["budget"]["train"] = "1ep";  // no losses before the second epoch
  EXPECT_THROW(testing::plan_recipe_with(entry(), recipe), ConfigError);
}

}  // namespace
}  // namespace hasten
