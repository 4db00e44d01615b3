// selective_backprop: which samples, by whose losses, and that scoring leaves no trace.
#include "hasten/methods/derivatives/selective_backprop.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/dataset.h"
#include "hasten/data/transform.h"
#include "hasten/nn/extra_pass.h"
#include "hasten/nn/loss.h"
#include "hasten/nn/planned_model.h"
#include "hasten/spec/explain.h"
#include "hasten/spec/layers/convolution.h"

namespace hasten {
int64_t selected_count(int64_t size, double keep);
std::vector<int64_t> selected_places(const std::vector<float>& losses, const std::vector<int64_t>& ids, double keep,
                                     SampleChoice choice, uint64_t seed, int64_t step);
ModelPlan narrowed(const ModelPlan& full, double width);
namespace {

MethodEntry entry() { return {selective_backprop_spec(), make_selective_backprop}; }

TEST(SelectiveBackpropTest, TopTakesTheLargestLossesInTheOrderOfTheBatch) {
  EXPECT_EQ(selected_places({1, 5, 2, 4}, {9, 8, 7, 6}, 0.5, SampleChoice::kTop, 1, 0), (std::vector<int64_t>{1, 3}));
  EXPECT_EQ(selected_count(33, 0.5), 17);
  EXPECT_EQ(selected_count(4, 0.01), 1);
}

// At keep = 1/2 the weight is the percentile itself: the upper half is chosen more often, the lower not never.
TEST(SelectiveBackpropTest, PercentileChoosesByChanceKeyedBySample) {
  std::vector<float> losses(40);
  std::iota(losses.begin(), losses.end(), 0.0f);
  std::vector<int64_t> ids(40);
  std::iota(ids.begin(), ids.end(), 100);
  std::vector<int> times(40, 0);
  for (int64_t step = 0; step < 400; ++step) {
    auto places = selected_places(losses, ids, 0.5, SampleChoice::kPercentile, 1, step);
    ASSERT_EQ(places.size(), 20u);
    for (int64_t place : places) ++times[static_cast<size_t>(place)];
  }
  EXPECT_GT(times[39], 250);
  EXPECT_LT(times[0], 50);
  EXPECT_GT(std::accumulate(times.begin(), times.begin() + 10, 0), 400);
  // The same samples in another order are the same choice.
  auto places = selected_places(losses, ids, 0.5, SampleChoice::kPercentile, 1, 3);
  std::vector<int64_t> chosen, chosen_reversed;
  for (int64_t place : places) chosen.push_back(ids[static_cast<size_t>(place)]);
  std::reverse(losses.begin(), losses.end());
  std::reverse(ids.begin(), ids.end());
  for (int64_t place : selected_places(losses, ids, 0.5, SampleChoice::kPercentile, 1, 3))
    chosen_reversed.push_back(ids[static_cast<size_t>(place)]);
  std::reverse(chosen_reversed.begin(), chosen_reversed.end());
  EXPECT_EQ(chosen, chosen_reversed);
}

TEST(SelectiveBackpropTest, TheProxyIsTheSameModelWithFewerChannels) {
  auto planned = testing::plan_with(entry(), {{"name", "selective_backprop"}});
  ModelPlan small = narrowed(planned.run.plan.model, 0.25);
  EXPECT_EQ(small.blocks[0].layers[0].kind.as<Conv2d>()->channels, 2);
  EXPECT_EQ(small.blocks[1].layers[0].kind.as<Conv2d>()->channels, 4);
  EXPECT_EQ(small.outputs, 10);
  EXPECT_LT(small.flops().forward, 0.3 * planned.run.plan.model.flops().forward);
  Json recipe = testing::method_recipe({{"name", "selective_backprop"}, {"proxy_width", 0.3}});
  recipe["model"] = {{"family", "resnet"}, {"stages", {1, 1}}, {"width", 8}, {"bottleneck", true}};
  EXPECT_NO_THROW(testing::plan_recipe_with(entry(), recipe));  // sums still fit
}

// A run of 10 steps of 20 samples an epoch, four epochs, without training between.
class SelectiveBackpropRun : public ::testing::Test {
 protected:
  void start(Json settings) {
    settings["name"] = "selective_backprop";
    Json recipe = testing::method_recipe(settings);
    recipe["model"]["dropout"] = 0.2;
    planned_.emplace(testing::plan_recipe_with(entry(), recipe));
    splits_.emplace(load_splits(planned_->recipe));
    const Plan& plan = planned_->run.plan;
    model_.emplace(plan.model, 1);
    budget_.emplace(plan.run);
    state_.emplace(State{plan, *budget_, 1, {}, *model_, nullptr, &splits_->train});
  }
  Batch batch_at(int64_t step) {
    state_->progress.step = step;
    state_->progress.epoch = step / 10;
    state_->progress.fraction = budget_->fraction(state_->progress);
    std::vector<int64_t> ids(20);
    std::iota(ids.begin(), ids.end(), step % 10 * 20);
    Batch batch = splits_->train.gather(ids);
    batch.epoch = step / 10;
    batch.step = step;
    return batch;
  }
  Batch transformed(int64_t step) {
    Batch batch = batch_at(step);
    planned_->run.engine.each<BatchTransform>(*state_, [&](BatchTransform& part) { part.apply(batch, *state_); });
    return batch;
  }
  // What training would tell of the batch.
  void train(Batch batch, const at::Tensor& losses) {
    state_->batch = state_->microbatch = &batch;
    planned_->run.engine.fire(Event::kBatchReady, *state_);
    state_->loss_terms = losses;
    planned_->run.engine.fire(Event::kAfterLoss, *state_);
  }
  std::optional<testing::PlannedMethod> planned_;
  std::optional<Splits> splits_;
  std::optional<PlannedModel> model_;
  std::optional<Budget> budget_;
  std::optional<State> state_;
};

TEST_F(SelectiveBackpropRun, ScoringByTheNetworkItselfLeavesNoTrace) {
  start({{"scorer", "self"}});
  std::vector<at::Tensor> before;
  for (const NamedTensor& buffer : model_->buffers()) before.push_back(buffer.value.clone());
  at::Tensor random = random_state();
  Batch chosen = transformed(0);
  EXPECT_EQ(chosen.size(), 10);
  for (size_t i = 0; i < before.size(); ++i) EXPECT_TRUE(at::equal(before[i], model_->buffers()[i].value));
  EXPECT_TRUE(at::equal(random, random_state()));
  EXPECT_TRUE(model_->mode().training && model_->mode().statistics == Statistics::kUpdate);
  for (const NamedTensor& p : model_->parameters()) EXPECT_FALSE(p.value.grad().defined());
  // They are the samples of largest loss at evaluation.
  model_->set_training(false);
  Batch whole = batch_at(0);
  at::Tensor losses = cross_entropy(model_->forward(whole.inputs), whole.labels, {});
  at::Tensor kept = cross_entropy(model_->forward(chosen.inputs), chosen.labels, {});
  EXPECT_NEAR(kept.min().item<double>(), std::get<0>(losses.sort(0, true))[9].item<double>(), 1e-4);
  EXPECT_TRUE(at::equal(chosen.inputs, splits_->train.gather(chosen.ids).inputs));
}

TEST_F(SelectiveBackpropRun, IntervalOneIsEveryBatchAndTwoEverySecond) {
  for (int64_t interval : {1, 2, 3}) {
    start({{"scorer", "self"}, {"interval", interval}, {"start", 0.5}, {"end", 0.8}});
    for (int64_t step : {19, 20, 21, 22, 24, 31, 32, 33}) {
      const bool cut = step >= 20 && step < 32 && step % interval == 0;
      EXPECT_EQ(transformed(step).size(), cut ? 10 : 20) << step;
    }
  }
}

TEST_F(SelectiveBackpropRun, StaleLossesAreThoseOfTheEpochBefore) {
  start({{"scorer", "stale"}, {"keep", 0.25}});
  for (int64_t step = 0; step < 10; ++step) {
    Batch batch = transformed(step);
    ASSERT_EQ(batch.size(), 20);  // nothing is known yet
    at::Tensor losses = at::full({20}, 0.5f);
    losses[7] = losses[3] = losses[11] = losses[19] = losses[0] = 2.0f;
    train(batch, losses);
  }
  Batch batch = transformed(10);
  EXPECT_EQ(batch.ids, (std::vector<int64_t>{0, 3, 7, 11, 19}));
  train(batch, at::full({5}, 0.1f));  // now known, but not before the next epoch
  EXPECT_EQ(transformed(10).ids, batch.ids);
  EXPECT_EQ(transformed(20).ids, (std::vector<int64_t>{1, 2, 4, 5, 6}));
}

TEST_F(SelectiveBackpropRun, TheProxyLearnsEverySoManySteps) {
  start({{"proxy_interval", 2}, {"proxy_lr", 0.05}});
  auto chosen = [&] { return transformed(10).ids; };
  const std::vector<int64_t> at_first = chosen();
  Batch batch = batch_at(1);
  train(batch, at::full({20}, 1.0f));
  EXPECT_EQ(chosen(), at_first);
  for (int64_t step = 0; step < 10; step += 2) train(batch_at(step), at::full({20}, 1.0f));
  EXPECT_NE(chosen(), at_first);
  for (const NamedTensor& p : model_->parameters()) EXPECT_FALSE(p.value.grad().defined());
}

// An extra forward pass of a third of a step eats most of the gain; explain must say so before anybody trains.
TEST_F(SelectiveBackpropRun, CeilingsAreSmallForTheNetworkItselfAndLargerForAProxy) {
  auto ceiling = [&](Json settings) {
    start(std::move(settings));
    Explanation explanation;
    const Plan& plan = planned_->run.plan;
    add_ceiling(explanation, "selective_backprop", plan, {plan, planned_->run.engine.estimate_cost(plan)});
    return explanation.ceilings[0].speedup;
  };
  // A first convolution has no input gradient, so that a step is less than three forward passes.
  start({{"scorer", "self"}});
  const PassCost pass = planned_->run.plan.model.flops();
  const double forward = pass.forward / (pass.forward + pass.backward);
  EXPECT_NEAR(ceiling({{"scorer", "self"}, {"start", 0.5}, {"end", 0.9}, {"interval", 2}}),
              1 / (1 - 0.4 * 0.5 * (1 - (forward + 0.5))), 1e-9);
  EXPECT_LT(ceiling({{"scorer", "self"}, {"start", 0.5}, {"end", 0.9}, {"interval", 2}}), 1.035);
  EXPECT_NEAR(ceiling({{"scorer", "stale"}, {"end", 1}}), 1 / (0.25 + 0.75 * 0.5), 1e-9);  // first epoch of four: whole
  EXPECT_GT(ceiling({{"scorer", "proxy"}, {"end", 1}}), 1.3);
}

// What starting operators takes goes by passes, however small they are.
TEST_F(SelectiveBackpropRun, PassesOfAStepAreCounted) {
  auto passes = [&](Json settings) {
    start(std::move(settings));
    const CostEstimate estimate = planned_->run.engine.estimate_cost(planned_->run.plan);
    return std::pair(estimate.forward_passes, estimate.backward_passes);
  };
  auto expect = [&](Json settings, double forward, double backward) {
    const auto [forwards, backwards] = passes(std::move(settings));
    EXPECT_NEAR(forwards, forward, 1e-12);
    EXPECT_NEAR(backwards, backward, 1e-12);
  };
  expect({{"scorer", "self"}, {"start", 0.5}, {"end", 0.9}, {"interval", 2}}, 1 + 8 / 40.0, 1);
  expect({{"scorer", "stale"}, {"end", 1}}, 1, 1);  // it knows the losses
  expect({{"scorer", "proxy"}, {"end", 0.9}, {"proxy_interval", 4}}, 1 + 36 / 40.0 + 9 / 40.0, 1 + 9 / 40.0);
}

TEST_F(SelectiveBackpropRun, RefusesWhatWouldDoNothing) {
  EXPECT_THROW(start({{"keep", 1}}), ConfigError);
  EXPECT_THROW(start({{"keep", 0.99}}), ConfigError);  // rounds to the whole batch of 20
  EXPECT_THROW(start({{"start", 0.5}, {"end", 0.5}}), ConfigError);
  EXPECT_THROW(start({{"interval", 0}}), ConfigError);
  EXPECT_THROW(start({{"start", 0.5}, {"end", 0.6}, {"interval", 30}}), ConfigError);  // no step of that number there
  EXPECT_THROW(start({{"scorer", "stale"}, {"end", 0.2}}), ConfigError);  // over before anything is known
}

}  // namespace
}  // namespace hasten
