// el2n_pruning: scores, who stays, and what the scoring costs.
#include "hasten/methods/training_data/el2n_pruning.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/core/prelude.h"
#include "hasten/core/state_hashes.h"
#include "hasten/data/dataset.h"
#include "hasten/data/sampler.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
at::Tensor el2n_scores(const at::Tensor& logits, const at::Tensor& labels);
std::vector<size_t> hard_places(const std::vector<int64_t>& ids, const float* scores, double keep, double drop_hardest);
namespace {

MethodEntry entry() { return {el2n_pruning_spec(), make_el2n_pruning}; }

Json method(const Json& settings = Json::object()) {
  Json all = {{"name", "el2n_pruning"}};
  all.update(settings);
  return all;
}

std::string refused_at(const Json& settings) {
  try {
    testing::plan_with(entry(), method(settings));
    return "";
  } catch (const ConfigError& error) {
    return error.where();
  }
}

TEST(El2nPruningTest, ScoresByHand) {
  // p = (1/2, 1/2): the error is (-1/2, 1/2). p = (3/4, 1/4) and label 1: (3/4, -3/4).
  at::Tensor logits = at::tensor({0.0f, 0.0f, std::log(3.0f), 0.0f}).reshape({2, 2});
  at::Tensor scores = el2n_scores(logits, at::tensor({0, 1}, at::kLong));
  EXPECT_NEAR(scores[0].item<double>(), std::sqrt(0.5), 1e-6);
  EXPECT_NEAR(scores[1].item<double>(), 0.75 * std::sqrt(2.0), 1e-6);
  // Sure and right is 0, sure and wrong the square root of 2.
  at::Tensor sure = el2n_scores(at::tensor({50.0f, 0.0f, 50.0f, 0.0f}).reshape({2, 2}), at::tensor({0, 1}, at::kLong));
  EXPECT_TRUE(at::allclose(sure, at::tensor({0.0f, std::sqrt(2.0f)})));
}

TEST(El2nPruningTest, TheHardestStayAndTheVeryHardestMayGo) {
  const std::vector<float> scores{0.1f, 0.9f, 0.5f, 0.7f, 0.3f};
  const std::vector<int64_t> ids{4, 3, 2, 1, 0};
  EXPECT_EQ(hard_places(ids, scores.data(), 0.4, 0), (std::vector<size_t>{1, 3}));    // ids 3 and 1
  EXPECT_EQ(hard_places(ids, scores.data(), 0.4, 0.2), (std::vector<size_t>{1, 2}));  // ids 3 and 2
  EXPECT_EQ(hard_places(ids, scores.data(), 0.8, 0.2), (std::vector<size_t>{0, 1, 2, 4}));
  EXPECT_EQ(hard_places(ids, scores.data(), 0.01, 0), (std::vector<size_t>{3}));      // never nobody
  const std::vector<float> equal(5, 1.0f);
  EXPECT_EQ(hard_places(ids, equal.data(), 0.4, 0), (std::vector<size_t>{3, 4}));     // by id: 0 and 1
}

TEST(El2nPruningTest, ABudgetInEpochsIsOneOfShorterEpochs) {
  auto planned = testing::plan_with(entry(), method({{"keep", 0.5}, {"drop_hardest", 0.1}}));
  EXPECT_EQ(planned.run.plan.run.epoch_samples, 100);
  EXPECT_EQ(Budget(planned.run.plan.run).total_steps(), 20);
}

TEST(El2nPruningTest, TheScoringRecipeIsThisOneWithoutMethods) {
  Json document = testing::method_recipe(method());
  document["schedule"] = {{"lr", "linear"}, {"method.el2n_pruning.keep", 0.5}};
  auto planned = testing::plan_recipe_with(entry(), document);
  Recipe scoring = plain_recipe(planned.recipe, "-el2n", {0.25, Unit::kFraction});
  EXPECT_TRUE(scoring.methods.empty());
  EXPECT_EQ(scoring.budget, (Duration{1, Unit::kEpoch}));  // of 4
  EXPECT_EQ(scoring.schedules.size(), 1u);
  EXPECT_TRUE(scoring.schedules.contains("lr"));
  EXPECT_EQ(plain_recipe(planned.recipe, "-el2n", {7, Unit::kStep}).budget, (Duration{7, Unit::kStep}));
}

TEST(El2nPruningTest, RunsHaveSeedsOfTheirOwn) {
  auto planned = testing::plan_with(entry(), method({{"models", 3}}));
  PlannedModel model(planned.run.plan.model, 1);
  Budget budget(planned.run.plan.run);
  State state{planned.run.plan, budget, 1, {}, model};
  planned.run.engine.each<Prelude>(state, [&](Prelude& part) {
    auto runs = part.runs(planned.recipe, 1), other = part.runs(planned.recipe, 2);
    ASSERT_EQ(runs.size(), 3u);
    EXPECT_NE(runs[0].seed, runs[1].seed);
    EXPECT_NE(runs[1].seed, runs[2].seed);
    EXPECT_NE(runs[0].seed, other[0].seed);
  });
}

// Two models score the training data of the run.
struct Scored {
  explicit Scored(const Json& settings)
      : planned(testing::plan_with(entry(), method(settings))), splits(load_splits(planned.recipe)) {
    for (uint64_t seed : {11, 12}) {
      models.push_back(std::make_unique<PlannedModel>(planned.run.plan.model, seed));
      models.back()->set_training(false);
    }
    for (size_t i = 0; i < models.size(); ++i) {
      State run{planned.run.plan, budget, 0, {}, *models[i]};
      run.train_data = &splits.train;
      planned.run.engine.each<Prelude>(run, [&](Prelude& part) { part.finished(i, run); });
    }
  }
  testing::PlannedMethod planned;
  Splits splits;
  Budget budget{planned.run.plan.run};
  std::vector<std::unique_ptr<PlannedModel>> models;
};

TEST(El2nPruningTest, ChoosesByTheMeanOverModels) {
  Scored run({{"keep", 0.25}, {"models", 2}});
  std::vector<int64_t> ids(200);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<int64_t>(i);
  const Batch all = run.splits.train.gather(ids);
  at::Tensor mean = el2n_scores(run.models[0]->forward(all.inputs), all.labels)
                        .add(el2n_scores(run.models[1]->forward(all.inputs), all.labels))
                        .div(2)
                        .detach()
                        .contiguous();
  State state{run.planned.run.plan, run.budget, 1, {}, *run.models[0]};
  EpochSamples samples{0, ids, {}};
  run.planned.run.engine.each<SamplerPart>(state, [&](SamplerPart& part) { part.epoch(samples, state); });
  EXPECT_EQ(samples.ids.size(), 50u);
  double least = 2, of_others = 0;
  std::vector<char> kept(200, 0);
  for (int64_t id : samples.ids) kept[static_cast<size_t>(id)] = 1;
  for (int64_t id = 0; id < 200; ++id) {
    const double score = mean[id].item<double>();
    if (kept[static_cast<size_t>(id)] != 0) least = std::min(least, score);
    else of_others = std::max(of_others, score);
  }
  EXPECT_GE(least, of_others - 1e-6);
}

TEST(El2nPruningTest, ScoringLeavesNoTraceInTheModel) {
  Scored run({{"keep", 0.5}, {"models", 2}});
  PlannedModel fresh(run.planned.run.plan.model, 11);
  for (size_t i = 0; i < fresh.tensors().size(); ++i) {
    EXPECT_TRUE(at::equal(fresh.tensors()[i].value, run.models[0]->tensors()[i].value)) << fresh.tensors()[i].name;
  }
  for (const NamedTensor& p : run.models[0]->parameters()) EXPECT_FALSE(p.value.grad().defined());
}

TEST(El2nPruningTest, CostIsTheTrainingOfTheModelsAndTheirScoring) {
  auto planned = testing::plan_with(entry(), method({{"models", 3}, {"budget", "1ep"}}));
  const PassCost pass = planned.run.plan.model.flops();
  CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_DOUBLE_EQ(estimate.before, 3 * (200 * (pass.forward + pass.backward) + 200 * pass.forward));
  // An epoch has 10 steps; 0.01 of 4 epochs is less than one, and is one, not none.
  planned = testing::plan_with(entry(), method({{"models", 1}, {"budget", "0.01dur"}}));
  estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_DOUBLE_EQ(estimate.before, 20 * (pass.forward + pass.backward) + 200 * pass.forward);
}

TEST(El2nPruningTest, Refuses) {
  EXPECT_EQ(refused_at({{"keep", 1.0}}), "method.el2n_pruning.keep");
  EXPECT_EQ(refused_at({{"keep", 0.0}}), "method.el2n_pruning.keep");
  EXPECT_EQ(refused_at({{"keep", 0.999}}), "method.el2n_pruning.keep");  // rounds to all of them
  EXPECT_EQ(refused_at({{"keep", 0.05}}), "method.el2n_pruning.keep");   // less than a batch
  EXPECT_EQ(refused_at({{"keep", 0.8}, {"drop_hardest", 0.3}}), "method.el2n_pruning.drop_hardest");
  EXPECT_EQ(refused_at({{"models", 0}}), "method.el2n_pruning.models");
  EXPECT_EQ(refused_at({{"budget", "0dur"}}), "method.el2n_pruning.budget");
  EXPECT_EQ(refused_at({{"budget", "100token"}}), "method.el2n_pruning.budget");
  EXPECT_EQ(refused_at({{"keep", 0.8}, {"drop_hardest", 0.2}}), "");
}

}  // namespace
}  // namespace hasten
