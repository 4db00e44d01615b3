// stochastic_depth: chances over depth, draws, and what a dropped branch leaves.
#include "hasten/methods/architecture/stochastic_depth.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>

#include "hasten/base/error.h"
#include "hasten/core/budget.h"
#include "hasten/core/plan_with.h"
#include "hasten/data/batch.h"
#include "hasten/nn/planned_model.h"

namespace hasten {
double drop_chance(const StochasticDepthParams& params, int64_t branch, int64_t branches);
bool drops_block(uint64_t seed, int64_t step, size_t block, double chance);
namespace {

MethodEntry entry() { return {stochastic_depth_spec(), make_stochastic_depth}; }

Json resnet_with(const Json& settings) {
  Json all = {{"name", "stochastic_depth"}};
  if (!settings.is_null()) all.update(settings);
  Json recipe = testing::method_recipe(all);
  recipe["model"] = {{"family", "resnet"}, {"stages", {3}}, {"width", 4}};
  return recipe;
}

TEST(StochasticDepthTest, ChanceOverDepth) {
  StochasticDepthParams params{.rate = 0.4, .drop = DropWhole::kBlock, .over_depth = DropOverDepth::kLinear};
  EXPECT_DOUBLE_EQ(drop_chance(params, 1, 4), 0.1);
  EXPECT_DOUBLE_EQ(drop_chance(params, 4, 4), 0.4);
  params.over_depth = DropOverDepth::kUniform;
  EXPECT_DOUBLE_EQ(drop_chance(params, 1, 4), 0.4);
}

TEST(StochasticDepthTest, DrawsHaveTheirChanceAndBelongToStepAndBlock) {
  int dropped = 0, differs_by_block = 0, differs_by_step = 0;
  for (int64_t step = 0; step < 4000; ++step) {
    const bool one = drops_block(3, step, 1, 0.3);
    dropped += one ? 1 : 0;
    differs_by_block += one != drops_block(3, step, 2, 0.3) ? 1 : 0;
    differs_by_step += one != drops_block(3, step + 1, 1, 0.3) ? 1 : 0;
    EXPECT_EQ(one, drops_block(3, step, 1, 0.3));
  }
  EXPECT_NEAR(dropped / 4000.0, 0.3, 0.03);  // 4 standard deviations
  EXPECT_NEAR(differs_by_block / 4000.0, 2 * 0.3 * 0.7, 0.04);
  EXPECT_NEAR(differs_by_step / 4000.0, 2 * 0.3 * 0.7, 0.04);
}

// A resnet of three blocks with the method, and the same without.
struct Depths {
  explicit Depths(const Json& settings) : planned(testing::plan_recipe_with(entry(), resnet_with(settings))) {
    model.emplace(planned.run.plan.model, 1, MethodSeams{&planned.run.engine, nullptr});
    plain.emplace(planned.run.plan.model, 1);
    state.emplace(State{planned.run.plan, *(budget = std::make_unique<Budget>(planned.run.plan.run)), 5, {}, *model});
    model.emplace(planned.run.plan.model, 1, MethodSeams{&planned.run.engine, &*state});
    batch.ids = {4, 9, 11, 30};
    batch.inputs = channels_last(at::randn({4, 1, 12, 12}));
    state->batch = state->microbatch = &batch;
  }
  at::Tensor forward(const PassMode& mode) {
    model->set_mode(mode);
    plain->set_mode(mode);
    return model->forward(batch.inputs);
  }
  testing::PlannedMethod planned;
  std::unique_ptr<Budget> budget;
  std::optional<PlannedModel> model, plain;
  std::optional<State> state;
  Batch batch;
};

TEST(StochasticDepthTest, ADroppedBranchHasNoGradientAndAnotherWork) {
  Depths run({{"rate", 0.5}, {"over_depth", "uniform"}});
  const std::string last = "stage1_block3.conv1.weight";
  bool seen_dropped = false, seen_kept = false;
  std::map<bool, uint64_t> works;
  for (int64_t step = 0; step < 20; ++step) {
    run.state->progress.step = step;
    run.model->clear_gradients();
    run.forward({}).sum().backward();
    const bool dropped = drops_block(5, step, 3, 0.5);  // block 0 is the stem
    EXPECT_EQ(run.model->parameter(last).grad().defined(), !dropped) << step;
    (dropped ? seen_dropped : seen_kept) = true;
    works[dropped] = run.planned.run.engine.work(*run.state);
  }
  EXPECT_TRUE(seen_dropped && seen_kept);
  EXPECT_NE(works[true], works[false]);
}

TEST(StochasticDepthTest, EvaluationAndMeasuringRunTheWholeModel) {
  for (const char* drop : {"block", "sample"}) {
    Depths run({{"rate", 0.9}, {"drop", drop}, {"over_depth", "uniform"}});
    at::Tensor trained = run.forward({true, Statistics::kKeep});
    EXPECT_FALSE(at::equal(trained, run.plain->forward(run.batch.inputs))) << drop;
    run.state->microbatch = run.state->batch = nullptr;  // between steps there is none
    at::Tensor measured = run.forward({true, Statistics::kAverage, 0});
    EXPECT_TRUE(at::equal(measured, run.plain->forward(run.batch.inputs))) << drop;
    at::Tensor evaluated = run.forward({false});
    EXPECT_TRUE(at::equal(evaluated, run.plain->forward(run.batch.inputs))) << drop;
  }
}

TEST(StochasticDepthTest, DropsOfSamplesBelongToTheSample) {
  Depths run({{"rate", 0.5}, {"drop", "sample"}, {"over_depth", "uniform"}});
  // Through layers that see one sample at a time, a sample's output is the same in any batch.
  auto inner = [](const at::Tensor& x, const PassMode&) { return x; };
  at::Tensor whole, part;
  auto wrapped = [&](const Batch& batch) {
    at::Tensor out;
    run.state->microbatch = const_cast<Batch*>(&batch);
    run.planned.run.engine.each<BlockWrapper>(
        *run.state, [&](BlockWrapper& w) { out = w.run(1, batch.inputs.abs().add(1), {}, inner, *run.state); });
    return out;
  };
  whole = wrapped(run.batch);
  Batch tail = run.batch.slice(2, 2);
  EXPECT_TRUE(at::equal(whole.slice(0, 2, 4), wrapped(tail)));
  // What survives is divided by its chance, so the mean stays.
  double sum = 0;
  int count = 0;
  for (int64_t step = 0; step < 500; ++step) {
    run.state->progress.step = step;
    at::Tensor factor = wrapped(run.batch).div(run.batch.inputs.abs().add(1)).flatten(1).mean(1);
    sum += factor.sum().item<double>();
    count += 4;
  }
  EXPECT_NEAR(sum / count, 1, 0.1);
}

TEST(StochasticDepthTest, CostIsTheMeanOverDraws) {
  auto planned = testing::plan_recipe_with(entry(), resnet_with({{"rate", 0.6}}));
  const ModelPlan& model = planned.run.plan.model;
  double expected = model.flops().forward;
  for (size_t i = 1; i <= 3; ++i) expected -= model.block_flops(i, true).forward * 0.2 * static_cast<double>(i);
  CostEstimate estimate = planned.run.engine.estimate_cost(planned.run.plan);
  EXPECT_NEAR(estimate.forward / expected, 1, 1e-9);
  EXPECT_TRUE(estimate.by_chance);
  auto samples = testing::plan_recipe_with(entry(), resnet_with({{"rate", 0.6}, {"drop", "sample"}}));
  EXPECT_DOUBLE_EQ(samples.run.engine.estimate_cost(samples.run.plan).forward, model.flops().forward);
}

TEST(StochasticDepthTest, RefusesModelsWithoutBranchesAndARateOfNothing) {
  EXPECT_THROW(testing::plan_with(entry(), {{"name", "stochastic_depth"}}), ConfigError);
  EXPECT_THROW(testing::plan_recipe_with(entry(), resnet_with({{"rate", 0.0}})), ConfigError);
  EXPECT_THROW(testing::plan_recipe_with(entry(), resnet_with({{"rate", 1.0}})), ConfigError);
}

}  // namespace
}  // namespace hasten
